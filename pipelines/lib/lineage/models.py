"""What dbt's manifest knows of a model: its words, its SQL, its columns and what it reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True)
class Model:
    """A model by the name of its relation, `marts.fct_orders`; `depends_on` are names of relations too."""

    name: str
    path: str
    description: str
    sql: str
    columns: list[dict[str, str | None]]
    depends_on: list[str]


def read_models(manifest: Path) -> list[Model]:
    """Every model of the project, by name."""
    document = orjson.loads(manifest.read_bytes())
    names = {key: _relation(node) for key, node in _relations(document)}
    models = [
        Model(
            names[key],
            node["original_file_path"],
            node["description"],
            node["raw_code"],
            [_column(column) for column in node["columns"].values()],
            sorted({names[above] for above in node["depends_on"]["nodes"] if above in names}),
        )
        for key, node in document["nodes"].items()
        if node["resource_type"] == "model"
    ]
    return sorted(models, key=lambda model: model.name)


def _relations(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from document["sources"].items()
    for key, node in document["nodes"].items():
        if node["resource_type"] == "model":
            yield key, node


def _relation(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node.get('identifier') or node.get('alias') or node['name']}"


def _column(column: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: column[name] for name in ("name", "data_type", "description")}

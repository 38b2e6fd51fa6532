"""A blend as a folder of plain arrays: opened as memory maps, so that processes share them and a swap costs nothing."""

import json
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from ml.recommendations.serving.blend import Blend, Items
from ml.recommendations.serving.neighbours import Neighbours
from ml.recommendations.serving.scorer import Scorer
from ml.recommendations.serving.trees import Trees

FACTS = "blend.json"


def save(blend: Blend, folder: Path) -> Path:
    """Writes `folder`, which must not exist yet: whole, or not at all. Nothing in it is ever executed (no pickle)."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    np.save(made / "product_ids.npy", blend.product_ids)
    np.save(made / "weights.npy", blend.weights)
    np.save(made / "popular.npy", blend.popular)
    facts: dict[str, Any] = {
        "names": blend.names,
        "depth": blend.depth,
        "loudest": blend.loudest,
        "items": _keep(blend.items, made, "items"),
        "sources": [],
        "trees": {task: _keep(trees, made, f"trees_{task}") for task, trees in blend.trees.items()},
    }
    for place, source in enumerate(blend.sources):
        numbers = _keep(source, made, f"source_{place}")
        if source.neighbours is not None:
            _keep(source.neighbours, made, f"source_{place}_neighbours")
        facts["sources"].append(numbers)
    (made / FACTS).write_text(json.dumps(facts))
    made.replace(folder)
    return folder


def load(folder: Path) -> Blend:
    """The blend of a folder that `save` wrote, its arrays mapped, read-only. Raises OSError where it is not whole."""
    facts = json.loads((folder / FACTS).read_text())
    product_ids = _array(folder, "product_ids")
    return Blend(
        product_ids,
        tuple(facts["names"]),
        tuple(_source(folder, place, numbers, product_ids) for place, numbers in enumerate(facts["sources"])),
        _array(folder, "weights"),
        Items(**_open(folder, "items", Items), **facts["items"]),
        _array(folder, "popular"),
        {task: Trees(**_open(folder, f"trees_{task}", Trees), **numbers) for task, numbers in facts["trees"].items()},
        facts["depth"],
        facts["loudest"],
    )


def _keep(part: Any, folder: Path, prefix: str) -> dict[str, Any]:
    """Writes the arrays of a dataclass; what is left are its numbers. Product ids are the blend's own."""
    numbers = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, np.ndarray):
            if field.name != "product_ids":
                np.save(folder / f"{prefix}_{field.name}.npy", value)
        elif isinstance(value, int | float | str):
            numbers[field.name] = value
    return numbers


def _open(folder: Path, prefix: str, kind: type) -> dict[str, Any]:
    names = [field.name for field in fields(kind) if (folder / f"{prefix}_{field.name}.npy").exists()]
    return {name: _array(folder, f"{prefix}_{name}") for name in names}


def _array(folder: Path, name: str) -> Any:
    return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))


def _source(folder: Path, place: int, numbers: dict[str, Any], product_ids: Any) -> Scorer:
    arrays = _open(folder, f"source_{place}", Scorer)
    rows = _open(folder, f"source_{place}_neighbours", Neighbours)
    return Scorer(product_ids=product_ids, neighbours=Neighbours(**rows) if rows else None, **(arrays | numbers))

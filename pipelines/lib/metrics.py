"""`python -m pipelines.lib.metrics`: the metrics of the dbt project as a file that the API reads.

What a figure means is written once, as a semantic model. The API does not know dbt: it reads this file, which is kept
in the tree, and a test compares both.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from pipelines.lib.prepare import prepare

FILE = Path(__file__).resolve().parents[2] / "api" / "domains" / "analytics" / "domain" / "metrics.json"
_AGGREGATES = {
    "sum": "sum({})",
    "count": "count({})",
    "count_distinct": "count(distinct {})",
    "average": "avg({})",
    "min": "min({})",
    "max": "max({})",
}


def read_metrics(manifest: Path) -> list[dict[str, str]]:
    """Every metric with its words, its unit, the relation that holds it, and the SQL that takes it from there.

    Sorted by name. Raises ValueError for a kind of metric, or an aggregation, that has no SQL here, and for one
    whose parts lie in different relations.
    """
    document = orjson.loads(manifest.read_bytes())
    measures = {
        measure["name"]: (_relation(model), _aggregate(measure))
        for model in document["semantic_models"].values()
        for measure in model["measures"]
    }
    by_name = {metric["name"]: metric for metric in document["metrics"].values()}
    return [_metric(by_name[name], by_name, measures) for name in sorted(by_name)]


def _metric(
    metric: Mapping[str, Any], by_name: Mapping[str, Mapping[str, Any]], measures: Mapping[str, tuple[str, str]]
) -> dict[str, str]:
    model, expression = _taken(metric, by_name, measures)
    return {
        "key": metric["name"],
        "title": metric["label"],
        "meaning": metric["description"],
        "unit": metric["config"]["meta"]["unit"],
        "model": model,
        "expression": expression,
    }


def _taken(
    metric: Mapping[str, Any], by_name: Mapping[str, Mapping[str, Any]], measures: Mapping[str, tuple[str, str]]
) -> tuple[str, str]:
    parameters = metric["type_params"]
    if metric["type"] == "simple":
        return measures[parameters["measure"]["name"]]
    if metric["type"] == "ratio":
        inputs = [("above", parameters["numerator"]["name"]), ("below", parameters["denominator"]["name"])]
        formula = "above::numeric / nullif(below, 0)"
    elif metric["type"] == "derived":
        inputs = [(each["alias"] or each["name"], each["name"]) for each in parameters["metrics"]]
        formula = parameters["expr"]
    else:
        raise ValueError(f"{metric['name']}: no SQL for a metric of type {metric['type']}")
    parts = {alias: _taken(by_name[name], by_name, measures) for alias, name in inputs}
    models = {model for model, _ in parts.values()}
    if len(models) != 1:
        raise ValueError(f"{metric['name']}: is made of figures of {', '.join(sorted(models))}")
    names = "|".join(map(re.escape, parts))
    return models.pop(), re.sub(rf"\b({names})\b", lambda found: parts[found[1]][1], formula)


def _aggregate(measure: Mapping[str, Any]) -> str:
    template = _AGGREGATES.get(measure["agg"])
    if template is None:
        raise ValueError(f"{measure['name']}: no SQL for {measure['agg']}")
    return template.format(measure["expr"] or measure["name"])


def _relation(model: Mapping[str, Any]) -> str:
    relation = model["node_relation"]
    return f"{relation['schema_name']}.{relation['alias']}"


def write_metrics(manifest: Path) -> bool:
    """Bring the file up to the manifest; returns whether it had to change."""
    document = orjson.dumps(read_metrics(manifest), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    is_changed = not FILE.exists() or FILE.read_bytes() != document
    FILE.write_bytes(document)
    return is_changed


if __name__ == "__main__":
    write_metrics(prepare())

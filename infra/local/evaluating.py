"""What `agora evaluate` does."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from infra.local.environment import enter
from infra.local.settings import LocalError
from ml.recommendations import offline, tuning
from ml.recommendations.competitors import BLENDS, SETTINGS, SOURCES
from ml.recommendations.offline import Options, Report
from ml.recommendations.reading import Interactions, UnreadableFile, read, read_items
from ml.recommendations.splits import KINDS
from ml.registry import Registry
from pipelines.lib.settings import load_settings

COLUMNS = ("ndcg", "recall", "map", "mrr", "coverage", "novelty", "popularity_bias")

WIDTH = 150  # of the tables, where no terminal gives one


@dataclass(frozen=True)
class Source:
    """The files and their columns."""

    interactions: Path
    user: str | None
    item: str | None
    time: str | None
    weight: str | None
    at_least: float | None
    least_per_person: int
    items: Path | None
    trait: str | None


def options(
    split: str,
    held_out: float,
    k: int,
    models: str,
    sources: str,
    changes: list[str],
    half_life: float | None,
    people: int | None,
    seed: int,
    folds: int,
) -> Options:
    """What was asked for. Raises LocalError for a split, model or setting that does not exist."""
    kind = next((kind for kind in KINDS if kind == split), None)
    if kind is None:
        raise LocalError(f"no such split: {split}; there are {', '.join(KINDS)}")
    every = (*SETTINGS, *BLENDS)
    return Options(
        split=kind,
        k=k,
        models=_names(models, every) or every,
        seed=seed,
        held_out=timedelta(days=held_out),
        folds=folds,
        people=people or offline.EVERYONE,
        half_life=timedelta(days=half_life) if half_life else None,
        changed=changed(changes),
        sources=_names(sources, tuple(SETTINGS)) or SOURCES,
    )


def _names(said: str, known: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in said.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise LocalError(f"no such model: {name}; there are {', '.join(known)}")
    return names


def changed(changes: list[str]) -> dict[str, dict[str, Any]]:
    """`model.setting=value` as a mapping. Raises LocalError in one line."""
    found: dict[str, dict[str, Any]] = {}
    for change in changes:
        left, _, value = change.partition("=")
        model, _, setting = left.partition(".")
        if model not in SETTINGS or setting not in SETTINGS[model]:
            raise LocalError(f"no such setting: {left}; write MODEL.SETTING=VALUE, such as ease.regularization=200")
        usual = SETTINGS[model][setting]
        try:
            found.setdefault(model, {})[setting] = type(usual)(value)
        except ValueError as error:
            raise LocalError(f"{left} is a number, not {value}") from error
    return found


def recommendations(source: Source, asked: Options, tune: int, out: Path | None, *, track: bool) -> None:
    """Read, split, fit, ask, show. Raises LocalError in one line where the file or the split cannot be used."""
    console = Console(stderr=True)
    try:
        held = read(
            source.interactions,
            source.user,
            source.item,
            source.time,
            source.weight,
            source.at_least,
            source.least_per_person,
        )
        products = pl.DataFrame({"product_id": range(len(held.names))}, schema={"product_id": pl.Int64})
        if source.items is not None:
            products = read_items(source.items, source.item, held.names, source.trait)
        if not held.is_timed and asked.split == "time":
            raise LocalError("a split by time needs a column of times: say --time, or --split random")
        said = _said(held)
        console.print(said, highlight=False)
        with console.status("fitting") as status:

            def tell(line: str) -> None:
                console.print(line, highlight=False)
                status.update(f"after {line.split(':', maxsplit=1)[0]}")

            if tune:
                keep = _tracker(asked) if track else lambda _search: None
                asked = replace(asked, changed=tuning.tune_all(held.lines, products, asked, tune, tell, keep))
            report = offline.evaluate(held.lines, products, asked, tell)
    except (UnreadableFile, ValueError) as error:
        raise LocalError(str(error)) from error
    show(report)
    if out is not None:
        facts = {"file": source.interactions.name, "rows": held.rows, "bad_rows": held.bad}
        settings = {name: dict(settings) for name, settings in asked.changed.items()}
        out.write_text(json.dumps(facts | {"changed": settings} | offline.as_json(report), indent=1) + "\n")


def _tracker(asked: Options) -> Callable[[tuning.Search], object]:
    enter()
    url = load_settings().mlflow_url
    if url is None:
        raise LocalError("AGORA_MLFLOW_URL is not set: is the stack up?")
    mlflow = Registry(url)
    return lambda search: tuning.track(mlflow, search, asked)


def _said(held: Interactions) -> str:
    bad = "; ".join(f"{count:,} left out: {reason}" for reason, count in held.bad.items()) or "no bad rows"
    return f"{held.rows:,} rows read, {held.lines.height:,} used; {bad}"


def show(report: Report) -> None:
    """A table per task, best first, and what it says in words."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    k, found = report.options.k, offline.as_json(report)
    for task in report.tasks:
        table = Table(title=f"{task} (@{k})", title_justify="left", box=None, pad_edge=False)
        for heading in ("model", *COLUMNS, "cold ndcg", "fit s", "ask s", "MB"):
            table.add_column(heading, justify="left" if heading == "model" else "right")
        models = found["tasks"][task]["models"]
        for name in sorted(models, key=lambda name: -models[name][report.metric]):
            row, cost = models[name], found["costs"][name]
            cells = [f"{row[f'{column}_at_{k}']:.4f}" for column in COLUMNS]
            cells[0] += f" [{row[f'{report.metric}_low']:.4f}, {row[f'{report.metric}_high']:.4f}]"
            costs = [f"{cost['fit_seconds']:.1f}", f"{cost['score_seconds']:.1f}", f"{cost['memory_mb']:.0f}"]
            cold = row.get(f"cold_{report.metric}")
            table.add_row(name, *cells, "" if cold is None else f"{cold:.4f}", *costs)
        console.print(table)
    for line in offline.verdicts(report):
        console.print(line, highlight=False)

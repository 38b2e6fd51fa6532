"""A training as the registry keeps it: one run for all, one below it for each model, the champion registered."""

from collections.abc import Mapping
from dataclasses import dataclass

from ml.recommendations import artifact
from ml.recommendations.card import card
from ml.recommendations.serving import Scorer
from ml.recommendations.train import METRIC, Trained, Training
from ml.registry import Packaged, Record, Registry

EXPERIMENT = "recommendations"
MODEL = "recommendations"
REQUIREMENTS = ("numpy", "pandas", "polars", "pyarrow", "scipy")


@dataclass(frozen=True)
class Registered:
    """Where a training went: its run, a run and its page per model, and the version that `champion` points at."""

    run_id: str
    runs: dict[str, str]
    links: dict[str, str]
    version: int


def register(registry: Registry, training: Training, snapshots: Mapping[str, int]) -> Registered:
    """Log every model with what it was fitted on, register the best and point `champion` at it.

    A champion is compared with the one before it on this training's weeks, by that one's kind of model; figures of
    other weeks would compare the weeks. Raises WorseChallengerError where it is worse.
    """
    tags = {f"lake.{name}": str(snapshot) for name, snapshot in snapshots.items()}
    facts = dict(training.facts) | {"lines": float(training.lines), "seconds": training.seconds}
    parameters = {"cut": training.cut.isoformat(), "until": training.purchases.until.isoformat()}
    described = card(training, snapshots)
    whole = Record("training", parameters, facts, tags, {"model_card.md": described})
    run_id = registry.log(EXPERIMENT, whole)
    runs = {}
    for name, trained in training.trained.items():
        scorer = training.scorer if name == training.champion else trained.scorer
        runs[name] = registry.log(EXPERIMENT, record(trained, scorer, tags), run_id)
    before = champion_figure(registry, training)
    version = registry.register(MODEL, runs[training.champion], described)
    registry.promote(MODEL, version, METRIC, before)
    return Registered(run_id, runs, {name: registry.link(run) for name, run in runs.items()}, version)


def record(trained: Trained, scorer: Scorer, tags: Mapping[str, str]) -> Record:
    """One model's run, with the scorer that is kept."""
    packaged = Packaged(
        save=lambda path: artifact.save(scorer, path),
        load=artifact.load,
        predict=artifact.predict,
        example=artifact.example(scorer),
        requirements=REQUIREMENTS,
    )
    metrics = {name: float(figure) for name, figure in trained.evaluation.figures.items()}
    return Record(trained.name, trained.parameters, metrics, {"model": trained.name, **tags}, model=packaged)


def champion_figure(registry: Registry, training: Training) -> float | None:
    """What the champion's kind of model reaches on this training's weeks; None where that is not known."""
    current = registry.champion(MODEL)
    if current is None:
        return None
    trained = training.trained.get(registry.tags(MODEL, current).get("model", ""))
    return None if trained is None else trained.evaluation.figures[METRIC]

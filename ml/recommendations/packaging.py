"""A training as the registry keeps it: one run for all, one below it for each model, the champion registered."""

import hashlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ml.recommendations import artifact
from ml.recommendations.card import card
from ml.recommendations.plots import plots
from ml.recommendations.serving import Blend, Scorer
from ml.recommendations.train import METRIC, Trained, Training, challenge
from ml.registry import PEOPLE, PER_PERSON, GuardrailError, Packaged, Record, Registry

EXPERIMENT = "recommendations"
MODEL = "recommendations"
LEAST_COVERAGE = 0.5  # of the champion's: popularity shows a handful of products, and must not slip in by a hair
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
    other weeks would compare the weeks. Raises WorseChallengerError where it is worse, GuardrailError where it is
    better there and surely worse in what must not suffer.
    """
    tags = {f"lake.{name}": str(snapshot) for name, snapshot in snapshots.items()}
    tags |= {"code": version_of_code()}
    facts = dict(training.facts) | {"lines": float(training.lines), "seconds": training.seconds}
    parameters = {"cut": training.cut.isoformat(), "until": training.purchases.until.isoformat()}
    described = card(training, snapshots)
    whole = Record("training", parameters, facts, tags, {"model_card.md": described} | plots(training))
    run_id = registry.log(EXPERIMENT, whole)
    runs, people = {}, people_of(training)
    for name, trained in training.trained.items():
        model = training.final.get(name, trained.model)
        runs[name] = registry.log(EXPERIMENT, record(trained, model, tags, people), run_id)
    before = champion_figure(registry, training)
    guard(training, kind_of_champion(registry))
    number = registry.register(MODEL, runs[training.champion], described)
    registry.promote(MODEL, number, METRIC, before)
    return Registered(run_id, runs, {name: registry.link(run) for name, run in runs.items()}, number)


def record(trained: Trained, model: Scorer | Blend, tags: Mapping[str, str], people: str) -> Record:
    """One model's run, with the model that is kept."""
    packaged = Packaged(
        save=lambda path: artifact.keep(model, path),
        load=artifact.fetch,
        predict=artifact.predict,
        example=artifact.example(model),
        requirements=REQUIREMENTS,
    )
    metrics = {name: float(figure) for name, figure in trained.evaluation.figures.items()}
    values = {PER_PERSON: json.dumps(trained.evaluation.per_person)}
    named = {"model": trained.name, PEOPLE: people, **tags}
    return Record(trained.name, trained.parameters, metrics, named, values, packaged)


def version_of_code() -> str:
    """The installed version, and the revision of the checkout where there is one."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return "+".join(part for part in (version("agora"), found.stdout.strip()) if part)


def people_of(training: Training) -> str:
    """What tells whether two runs asked the same people: two of the same are compared person by person."""
    facts = (training.cut.isoformat(), training.lines, *sorted(training.facts.items()))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def champion_figure(registry: Registry, training: Training) -> float | None:
    """What the champion's kind of model reaches on this training's weeks; None where that is not known."""
    trained = training.trained.get(kind_of_champion(registry) or "")
    return None if trained is None else trained.evaluation.figures[METRIC]


def kind_of_champion(registry: Registry) -> str | None:
    """The name of the model that the champion is of; None before the first promotion."""
    current = registry.champion(MODEL)
    return None if current is None else registry.tags(MODEL, current).get("model")


def guard(training: Training, kind: str | None) -> None:
    """Raises GuardrailError where the new champion shows far fewer products than `kind` did, or surely finds less that
    is new to people."""
    champion = training.trained[training.champion]
    before = training.trained.get(kind or "")
    if before is None or before is champion:
        return
    shown, was = (each.evaluation.figures["coverage_at_10"] for each in (champion, before))
    if shown < was * LEAST_COVERAGE:
        raise GuardrailError(f"coverage@10 would fall from {was:.4f} to {shown:.4f}")
    new = challenge(champion, before, "new_ndcg_at_10")
    if new.high < 0:
        raise GuardrailError(f"what is new to people would be found worse: {new.difference:+.4f} NDCG@10")

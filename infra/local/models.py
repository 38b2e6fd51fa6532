"""What `agora models` does. The registry takes seconds to open: what is urgent is done before."""

import time
from typing import TYPE_CHECKING

import polars as pl
from psycopg import OperationalError

from infra.local.ask import show
from infra.local.environment import enter
from infra.local.settings import LocalError
from pipelines.lib import serving, versions
from pipelines.lib.settings import Settings, load_settings

if TYPE_CHECKING:
    from ml.registry import Listed, Registry

MODEL = serving.NAME
FIGURES = ("ndcg_at_10", "new_ndcg_at_10", "recall_at_20", "map_at_10", "coverage_at_10", "fit_seconds")


def list_models(form: str) -> None:
    """Print the registered versions, newest first."""
    settings = _settings()
    served = {each.registered: each for each in _kept(settings)}
    rows = []
    for each in _registry(settings).versions(MODEL):
        here = served.get(each.version)
        rows.append(
            {
                "version": each.version,
                "model": each.model,
                "champion": each.is_champion,
                "served_as": None if here is None else here.version,
                "answers": here is not None and here.is_active,
                "trained_at": f"{each.created_at:%Y-%m-%d %H:%M}",
                **{name: each.metrics.get(name) for name in FIGURES},
            }
        )
    if not rows:
        raise LocalError("no model is registered yet; the pipeline `models` trains the first")
    show(pl.DataFrame(rows, infer_schema_length=None), form, len(rows))


def compare(one: int, other: int, form: str) -> None:
    """Print each figure of both, and the paired difference with its 95 % interval where the people are the same."""
    from ml.recommendations.comparison import paired  # noqa: PLC0415

    mlflow = _registry(_settings())
    found = {each.version: each for each in mlflow.versions(MODEL)}
    first, second = _of(found, one), _of(found, other)
    same = first.people is not None and first.people == second.people
    values = [mlflow.per_person(each.run_id) if same else {} for each in (first, second)]
    rows = []
    for name in FIGURES:
        row: dict[str, object] = {
            "figure": name,
            f"{one} {first.model}": first.metrics.get(name),
            f"{other} {second.model}": second.metrics.get(name),
            "difference": None,
            "low": None,
            "high": None,
        }
        if name in values[0] and name in values[1]:
            ours, theirs = (pl.Series(each[name], dtype=pl.Float64).to_numpy() for each in values)
            pair = paired(ours, theirs)
            row |= {"difference": pair.difference, "low": pair.low, "high": pair.high}
        rows.append(row)
    show(pl.DataFrame(rows, infer_schema_length=None), form, len(rows))
    if not same and form == "table":
        print("they were tested on different people or weeks: the figures compare those as well")


def promote(version: int, *, even_if_worse: bool) -> None:
    """Point the champion at a version and activate it. Raises LocalError where it is refused or no longer kept."""
    from ml.registry import WorseChallengerError  # noqa: PLC0415

    settings = _settings()
    here = next((each for each in _kept(settings) if each.registered == version), None)
    if here is None:
        raise LocalError(f"version {version} is not among the {serving.KEPT} that are kept to answer: train again")
    try:
        _registry(settings).promote(
            MODEL, version, "ndcg_at_10", champion_figure=float("-inf") if even_if_worse else None
        )
    except WorseChallengerError as error:
        raise LocalError(f"{error}; --even-if-worse promotes it nevertheless") from error
    serving.activate(settings, here.version)
    print(f"version {version} ({here.model}) is champion and answers as {here.version}")


def rollback() -> None:
    """Activate the version before, tell how long it took, then move the champion. Raises LocalError without one."""
    began, settings = time.monotonic(), _settings()
    _kept(settings)
    before = versions.before_active(settings)
    if before is None:
        raise LocalError("there is no version before the one that answers")
    serving.activate(settings, before.version)
    print(
        f"version {before.version} ({before.model}) answers again, after {time.monotonic() - began:.1f} s", flush=True
    )
    if before.registered is not None:
        _registry(settings).point(MODEL, before.registered)
        print(f"champion is version {before.registered} again")


def _of(found: "dict[int, Listed]", version: int) -> "Listed":
    if version not in found:
        raise LocalError(f"no such version: {version}; there are {', '.join(map(str, sorted(found))) or 'none'}")
    return found[version]


def _kept(settings: Settings) -> list[versions.Kept]:
    try:
        return versions.kept(settings)
    except OperationalError as error:
        raise LocalError("Postgres does not answer: is the stack up?") from error


def _registry(settings: Settings) -> "Registry":
    from ml.registry import Registry  # noqa: PLC0415

    if settings.mlflow_url is None:
        raise LocalError("AGORA_MLFLOW_URL is not set: is the stack up?")
    return Registry(settings.mlflow_url)


def _settings() -> Settings:
    enter()
    return load_settings()

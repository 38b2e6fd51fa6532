"""Where figures come from and whether they can be believed: lineage, proof, health of the data."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.errors import NotFound
from api.domains.analytics.domain.metrics import METRICS, Metric
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.repository import ops, overview

Rows = list[dict[str, Any]]
T = TypeVar("T")
SHOWN_PROOFS = 48
SHOWN_CHECKS, SHOWN_ALERTS = 20, 20


@dataclass(frozen=True, slots=True)
class Lineage:
    """A metric, the models from its own upwards, and the loads at the end.

    A model's `columns` are those that its documentation names and those that its SQL has beside them, each with the
    columns that it is `made_of`.
    """

    metric: Metric
    as_of: datetime | None
    models: Rows
    loads: Rows


@dataclass(frozen=True, slots=True)
class Health:
    """Alerts, what is loaded, what failed, checks, the last build and the last proof; no time where there is none."""

    as_of: datetime | None
    built_at: datetime | None
    loads: Rows
    failed: Rows
    checks: Rows
    alerts: Rows
    runs: Rows
    proof: dict[str, Any] | None


async def lineage(warehouse: AsyncConnection, key: str) -> Lineage:
    """The way from a figure to its events. Raises NotFound, and ReportNotReady where nothing was noted yet."""
    metric = METRICS.get(key)
    if metric is None:
        raise NotFound("There is no such figure.")
    found = await _noted(lambda: ops.above(warehouse, metric.model))
    models = [row for row in found if row["sql"] is not None]
    ends = [row["name"] for row in found if row["sql"] is None]
    loads = await _noted(lambda: ops.loads_of(warehouse, ends))
    if not models and not loads:
        raise ReportNotReady
    made_of: dict[str, dict[str, list[str]]] = {}
    for row in await _noted(lambda: ops.columns_of(warehouse, [model["name"] for model in models])):
        made_of.setdefault(row["name"], {})[row["column"]] = row["made_of"]
    models = [model | {"columns": _with_origins(model["columns"], made_of.get(model["name"], {}))} for model in models]
    return Lineage(metric, (await _as_of(warehouse))[0], models, loads)


def _with_origins(documented: Rows, made_of: dict[str, list[str]]) -> Rows:
    names = {column["name"] for column in documented}
    bare = [{"name": name, "data_type": None, "description": ""} for name in sorted(made_of.keys() - names)]
    return [column | {"made_of": made_of.get(column["name"], [])} for column in (*documented, *bare)]


async def proofs(warehouse: AsyncConnection, proof_id: int | None) -> tuple[Rows, dict[str, Any]]:
    """The last proofs, and one of them whole: the newest, or the one asked for. Raises NotFound, ReportNotReady."""
    runs = await _noted(lambda: ops.list_proofs(warehouse, SHOWN_PROOFS))
    if not runs:
        raise ReportNotReady
    chosen = runs[0] if proof_id is None else await ops.find_proof(warehouse, proof_id)
    if chosen is None:
        raise NotFound("There is no such proof; the oldest ones are forgotten.")
    return runs, chosen


async def health(warehouse: AsyncConnection) -> Health:
    """The state of the data as the pipelines left it. Raises ReportNotReady where they never ran."""
    as_of, built_at = await _as_of(warehouse)
    runs = await _noted(lambda: ops.list_proofs(warehouse, 1))
    return Health(
        as_of,
        built_at,
        await ops.list_loads(warehouse),
        await ops.list_failed(warehouse),
        await ops.list_checks(warehouse, SHOWN_CHECKS),
        await ops.list_alerts(warehouse, SHOWN_ALERTS),
        await ops.list_runs(warehouse),
        runs[0] if runs else None,
    )


async def _noted(ask: Callable[[], Awaitable[T]]) -> T:
    try:
        return await ask()
    except ProgrammingError as error:  # the pipelines have not made the tables yet
        raise ReportNotReady from error


async def _as_of(warehouse: AsyncConnection) -> tuple[datetime | None, datetime | None]:
    """As-of time and time of the build; a mart that failed its checks is no reason to hide the state of the data."""
    try:
        row = await overview.get_as_of(warehouse)
    except ProgrammingError:
        return None, None
    return (row["as_of"], row["built_at"]) if row else (None, None)

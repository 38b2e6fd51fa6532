"""How the data plane is: the proof, its checks, what failed and what is wrong now."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.errors import NotFound
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.repository import health as repository
from api.domains.analytics.repository import overview
from api.domains.analytics.schemas import Health, ProofReport

PROOFS, CHECKS, FAULTS, ALERTS = 48, 20, 50, 20


async def health(warehouse: AsyncConnection) -> Health:
    """Everything at once. Raises ReportNotReady before the pipelines ran for the first time."""
    async with _ready():
        proofs = await repository.get_proofs(warehouse, PROOFS)
        checks = await repository.get_checks(warehouse, CHECKS)
        states = await repository.get_states(warehouse)
        waiting = await repository.get_waiting(warehouse, FAULTS)
        alerts = await repository.get_alerts(warehouse, ALERTS)
    try:
        as_of = await overview.get_as_of(warehouse)
    except ProgrammingError:  # checks and alerts may be there before the first mart
        as_of = None
    return Health.model_validate(
        {
            "as_of": as_of["as_of"] if as_of else None,
            "built_at": as_of["built_at"] if as_of else None,
            "proofs": proofs,
            "checks": checks,
            "failed_events": states,
            "waiting": waiting,
            "alerts": alerts,
        }
    )


async def proof(warehouse: AsyncConnection, at: datetime | None = None) -> ProofReport:
    """The proof of a time, or the newest. Raises NotFound for another time, ReportNotReady where there is none."""
    async with _ready():
        found = await repository.get_proof(warehouse, at)
    if found is None:
        raise ReportNotReady if at is None else NotFound
    return ProofReport.model_validate(dict(found))


@asynccontextmanager
async def _ready() -> AsyncIterator[None]:
    try:
        yield
    except ProgrammingError as error:  # the tables are not there yet
        raise ReportNotReady from error

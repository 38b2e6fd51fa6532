"""The schema `ops` of the warehouse: proofs, checks, failed events and alerts, written by the pipelines."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

_PROOFS = text("SELECT proved_at, seconds, difference FROM ops.proofs ORDER BY proved_at DESC LIMIT :limit")
_PROOF = text(
    "SELECT proved_at, seconds, difference, rows FROM ops.proofs"
    " WHERE CAST(:at AS timestamptz) IS NULL OR proved_at = CAST(:at AS timestamptz)"
    " ORDER BY proved_at DESC LIMIT 1"
)
_CHECKS = text(
    "SELECT suite, checked_at, passed, rows, failures, warnings FROM ops.checks ORDER BY checked_at DESC LIMIT :limit"
)
_WAITING = text(
    "SELECT topic, event_type, stage, split_part(reason, ';', 1) AS reason, count(*) AS events,"
    " min(failed_at) AS first_at, max(failed_at) AS last_at FROM ops.failed_events"
    " WHERE state IN ('open', 'repaired') GROUP BY 1, 2, 3, 4 ORDER BY events DESC, last_at DESC LIMIT :limit"
)
_STATES = text("SELECT state, count(*) AS events FROM ops.failed_events GROUP BY state")
_ALERTS = text(
    "SELECT source, message, raised_at, seen_at, times, ended_at FROM ops.alerts"
    " ORDER BY ended_at IS NOT NULL, raised_at DESC LIMIT :limit"
)


async def get_proofs(connection: AsyncConnection, limit: int) -> list[dict[str, Any]]:
    """The newest proofs without their rows."""
    return await _rows(connection, _PROOFS, limit=limit)


async def get_proof(connection: AsyncConnection, at: datetime | None) -> RowMapping | None:
    """The proof of exactly this time, or the newest; None when there is none."""
    return (await connection.execute(_PROOF, {"at": at})).mappings().one_or_none()


async def get_checks(connection: AsyncConnection, limit: int) -> list[dict[str, Any]]:
    """The newest verdicts of all suites."""
    return await _rows(connection, _CHECKS, limit=limit)


async def get_waiting(connection: AsyncConnection, limit: int) -> list[dict[str, Any]]:
    """Failed events that wait, grouped by what is wrong with them."""
    return await _rows(connection, _WAITING, limit=limit)


async def get_states(connection: AsyncConnection) -> dict[str, int]:
    """State → failed events in it."""
    return {row["state"]: row["events"] for row in await _rows(connection, _STATES)}


async def get_alerts(connection: AsyncConnection, limit: int) -> list[dict[str, Any]]:
    """Alerts that stand, then those that ended, each the newest first."""
    return await _rows(connection, _ALERTS, limit=limit)


async def _rows(connection: AsyncConnection, statement: Any, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(statement, values)).mappings()]

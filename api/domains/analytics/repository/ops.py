"""What the pipelines noted of their own work in the schema `ops`."""

from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

_PROOFS = text(
    "SELECT proof_id, as_of, seconds, difference, CASE WHEN proof_id = max(proof_id) OVER () THEN rows END AS rows"
    " FROM ops.proof_runs ORDER BY proof_id DESC LIMIT :limit"
)
_PROOF = text("SELECT proof_id, as_of, seconds, difference, rows FROM ops.proof_runs WHERE proof_id = :proof_id")
_LOADS = text("SELECT * FROM ops.lineage_loads ORDER BY table_name")
_FAILED = text(
    "SELECT coalesce(event_type, topic) AS type, split_part(reason, ';', 1) AS reason, stage,"
    " count(*) FILTER (WHERE state IN ('open', 'repaired')) AS waiting,"
    " count(*) FILTER (WHERE state = 'replayed') AS replayed,"
    " count(*) FILTER (WHERE state = 'dismissed') AS dismissed, max(failed_at) AS newest_at"
    " FROM ops.failed_events GROUP BY 1, 2, 3 ORDER BY waiting DESC, newest_at DESC, 1, 2 LIMIT 200"
)
_ALERTS = text(
    "SELECT source, message, raised_at, seen_at, times, ended_at FROM ops.alerts"
    " ORDER BY ended_at IS NOT NULL, raised_at DESC LIMIT :limit"
)
_CHECKS = text(
    "SELECT suite, checked_at, passed, rows, failures, warnings FROM ops.checks ORDER BY checked_at DESC LIMIT :limit"
)
_RUNS = text("SELECT name, invocation_id, status, seconds, rows, finished_at FROM ops.model_runs ORDER BY name")
# The model and everything above it; the order of the steps is that of the distance.
_ABOVE = text("""
    WITH RECURSIVE above AS (
        SELECT CAST(:model AS text) AS name, 0 AS steps
        UNION
        SELECT parent, above.steps + 1
        FROM above JOIN ops.lineage_models AS model USING (name), unnest(model.depends_on) AS parent
        WHERE above.steps < 20
    )
    SELECT above.name, max(above.steps) AS steps, model.path, model.description, model.sql, model.columns,
        model.depends_on, run.invocation_id, run.status, run.seconds, run.rows, run.finished_at
    FROM above LEFT JOIN ops.lineage_models AS model USING (name) LEFT JOIN ops.model_runs AS run USING (name)
    GROUP BY above.name, model.name, run.name ORDER BY steps, above.name
""")
_LOADS_OF = text("SELECT * FROM ops.lineage_loads WHERE table_name = ANY(:names) ORDER BY table_name")
_COLUMNS_OF = text(
    "SELECT name, \"column\", array_agg(source || '.' || source_column ORDER BY source, source_column) AS made_of"
    " FROM ops.lineage_columns WHERE name = ANY(:names) GROUP BY 1, 2 ORDER BY 1, 2"
)


async def list_proofs(connection: AsyncConnection, limit: int) -> list[dict[str, Any]]:
    """The last proofs, the newest first; only the newest has its `rows`."""
    return await _rows(connection, _PROOFS, limit=limit)


async def find_proof(connection: AsyncConnection, proof_id: int) -> dict[str, Any] | None:
    """One proof with its rows."""
    rows = await _rows(connection, _PROOF, proof_id=proof_id)
    return rows[0] if rows else None


async def list_loads(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Every table that is loaded from the lake."""
    return await _rows(connection, _LOADS)


async def list_failed(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Failed events by what they claim to be and what is wrong with them, those that wait first."""
    return await _rows(connection, _FAILED)


async def list_alerts(connection: AsyncConnection, limit: int) -> list[dict[str, Any]]:
    """Alerts that stand, then those that ended, each the newest first."""
    return await _rows(connection, _ALERTS, limit=limit)


async def list_checks(connection: AsyncConnection, limit: int) -> list[dict[str, Any]]:
    """The newest verdicts of all suites."""
    return await _rows(connection, _CHECKS, limit=limit)


async def list_runs(connection: AsyncConnection) -> list[dict[str, Any]]:
    """The last run of each model."""
    return await _rows(connection, _RUNS)


async def above(connection: AsyncConnection, model: str) -> list[dict[str, Any]]:
    """A model and all that it is built from, with `steps` away from it; a source has no `sql`."""
    return await _rows(connection, _ABOVE, model=model)


async def columns_of(connection: AsyncConnection, names: list[str]) -> list[dict[str, Any]]:
    """The columns of these models, each with the columns that it is `made_of`: `marts.fct_orders.total_minor`."""
    return await _rows(connection, _COLUMNS_OF, names=names)


async def loads_of(connection: AsyncConnection, names: list[str]) -> list[dict[str, Any]]:
    """The loads of these tables."""
    return await _rows(connection, _LOADS_OF, names=names)


async def _rows(connection: AsyncConnection, statement: TextClause, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(statement, values)).mappings()]

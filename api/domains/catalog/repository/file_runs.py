"""SQL of imports and exports as files."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog.contracts import FileRun, ImportCounts
from api.domains.catalog.repository.products import Reader

_NAMES = (
    "run_id", "kind", "format", "file_name", "size_bytes", "is_dry_run", "status", "fraction", "rows_read", "rows_new",
    "rows_changed", "rows_same", "rows_bad", "problem", "has_file", "created_at", "finished_at",
)  # fmt: skip
_COLUMNS = ", ".join(_NAMES)
ADD = text("""
    INSERT INTO catalog.file_runs (run_id, kind, format, file_name, size_bytes, is_dry_run, requested_by)
    VALUES (:run_id, :kind, :format, :file_name, :size_bytes, :is_dry_run, :requested_by)
""")
ONE = text(f"SELECT {_COLUMNS} FROM catalog.file_runs WHERE run_id = :run_id")  # noqa: S608
FIRST = text(f"SELECT {_COLUMNS} FROM catalog.file_runs ORDER BY created_at DESC, run_id DESC LIMIT :limit")  # noqa: S608
NEXT = text(f"""
    SELECT {_COLUMNS} FROM catalog.file_runs WHERE (created_at, run_id) < (:created_at, :run_id)
    ORDER BY created_at DESC, run_id DESC LIMIT :limit
""")  # noqa: S608
BEGIN = text("""
    UPDATE catalog.file_runs SET status = 'running', updated_at = clock_timestamp()
    WHERE run_id = :run_id AND status IN ('queued', 'running') RETURNING run_id
""")
PROGRESS = text("""
    UPDATE catalog.file_runs SET fraction = :fraction, rows_read = :read, rows_new = :new, rows_changed = :changed,
        rows_same = :same, rows_bad = :bad, updated_at = clock_timestamp()
    WHERE run_id = :run_id AND status = 'running'
""")
END = text("""
    UPDATE catalog.file_runs SET status = :status, problem = :problem, has_file = :has_file,
        fraction = CASE WHEN :status = 'done' THEN 1 ELSE fraction END, updated_at = clock_timestamp(),
        finished_at = clock_timestamp()
    WHERE run_id = :run_id AND status = 'running'
""")
GIVE_UP = text("""
    UPDATE catalog.file_runs SET status = 'failed', problem = :problem, updated_at = clock_timestamp(),
        finished_at = clock_timestamp()
    WHERE status IN ('queued', 'running') AND updated_at < clock_timestamp() - make_interval(mins => :minutes)
""")
FORGET = text("""
    UPDATE catalog.file_runs SET has_file = false WHERE run_id IN (
        SELECT run_id FROM catalog.file_runs
        WHERE has_file AND finished_at < clock_timestamp() - make_interval(days => :days) LIMIT :limit)
    RETURNING run_id
""")


def _run(row: RowMapping) -> FileRun:
    return FileRun(**row)


async def add(session: AsyncSession, **values: Any) -> None:
    """A new run, queued."""
    await session.execute(ADD, values)


async def find(reader: Reader, run_id: UUID) -> FileRun | None:
    """One run, or None."""
    row = (await reader.execute(ONE, {"run_id": run_id})).mappings().one_or_none()
    return None if row is None else _run(row)


async def page(reader: Reader, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[FileRun]:
    """Newest first."""
    if after is None:
        rows = await reader.execute(FIRST, {"limit": limit})
    else:
        rows = await reader.execute(NEXT, {"created_at": after[0], "run_id": after[1], "limit": limit})
    return [_run(row) for row in rows.mappings()]


async def begin(session: AsyncSession, run_id: UUID) -> bool:
    """False when it is over already."""
    return (await session.execute(BEGIN, {"run_id": run_id})).first() is not None


async def progress(session: AsyncSession, run_id: UUID, counts: ImportCounts, fraction: float) -> None:
    """How far it has come."""
    values = {name: getattr(counts, name) for name in ("read", "new", "changed", "same", "bad")}
    await session.execute(PROGRESS, values | {"run_id": run_id, "fraction": min(max(fraction, 0.0), 1.0)})


async def end(session: AsyncSession, run_id: UUID, problem: str | None, has_file: bool) -> None:
    """Done, or failed with a sentence."""
    status = "failed" if problem else "done"
    await session.execute(
        END, {"run_id": run_id, "status": status, "problem": problem, "has_file": has_file}
    )  # fmt: skip


async def give_up(session: AsyncSession, minutes: int, problem: str) -> int:
    """End those that have not moved for so long; returns how many."""
    found = await session.execute(GIVE_UP, {"minutes": minutes, "problem": problem})
    return found.rowcount  # type: ignore[no-any-return, attr-defined]


async def forget(session: AsyncSession, days: int, limit: int) -> list[UUID]:
    """Runs that ended longer ago have no file from now on; returns whose file is to be removed."""
    return list((await session.execute(FORGET, {"days": days, "limit": limit})).scalars())

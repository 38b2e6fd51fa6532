"""Imports and exports that an operator asks for: queued with their file, done by the worker, followed on a page."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path, PurePath
from typing import IO
from uuid import UUID

from api.core import storage
from api.core.audit import record_act
from api.core.db import transaction
from api.core.errors import Invalid
from api.core.jobs import enqueue
from api.core.paging import Page, decode_cursor, encode_cursor
from api.domains.catalog.contracts import FileRun, ImportCounts
from api.domains.catalog.errors import NothingToFetch, RunNotFound, UnreadableFile
from api.domains.catalog.repository import file_runs
from api.domains.catalog.repository.products import Reader
from api.domains.catalog.service.bulk.exporting import export_file
from api.domains.catalog.service.bulk.importing import import_file
from api.domains.catalog.service.bulk.reading import FORMATS
from ingestion.contracts import new_event_id

TASK = "catalog.run_file"
LARGEST_FILE = 200 * 1024**2
LONGEST_NAME = 200
STALE_MINUTES = 30
TELL_SECONDS = 1.0
KEPT_DAYS = 30
FORGOTTEN_AT_ONCE = 20

Tell = Callable[[ImportCounts, float], Awaitable[None]]


def check_format(file_name: str, given: str | None) -> str:
    """The format asked for, else by the name's ending. Raises Invalid."""
    found = (given or PurePath(file_name).suffix.removeprefix(".")).lower()
    if found not in FORMATS:
        raise Invalid("format", f"must be one of {', '.join(FORMATS)}")
    return found


async def ask_import(
    actor_id: UUID, file: IO[bytes], file_name: str, size: int, kind: str, is_dry_run: bool = False
) -> FileRun:
    """Keep the file and queue its import. Raises Invalid for an empty one."""
    if size == 0:
        raise Invalid("file", "is empty")
    run_id = new_event_id()
    await storage.put(_upload(run_id), file)
    name = PurePath(file_name.replace("\\", "/")).name[-LONGEST_NAME:] or f"products.{kind}"
    return await _queue(actor_id, run_id, "import", kind, name, size, is_dry_run)


async def ask_export(actor_id: UUID, kind: str) -> FileRun:
    """Queue a file of the whole catalogue."""
    return await _queue(actor_id, new_event_id(), "export", kind, f"products.{kind}", None, False)


async def _queue(
    actor_id: UUID, run_id: UUID, what: str, kind: str, name: str, size: int | None, is_dry_run: bool
) -> FileRun:
    async with transaction() as session:
        await file_runs.add(
            session, run_id=run_id, kind=what, format=kind, file_name=name, size_bytes=size, is_dry_run=is_dry_run,
            requested_by=actor_id,
        )  # fmt: skip
        await record_act(
            session, actor_id, f"catalog.{what}_products", f"file_run:{run_id}", file_name=name, is_dry_run=is_dry_run
        )
        await enqueue(session, TASK, lock=TASK, run_id=str(run_id))
        return await get_run(session, run_id)


async def get_run(reader: Reader, run_id: UUID) -> FileRun:
    """Raises RunNotFound."""
    run = await file_runs.find(reader, run_id)
    if run is None:
        raise RunNotFound
    return run


async def list_runs(reader: Reader, cursor: str | None, limit: int) -> Page[FileRun]:
    """Newest first. Raises Invalid for a cursor of another list."""
    after = None
    if cursor:
        at, run_id = decode_cursor(cursor, str, str)
        try:
            after = (datetime.fromisoformat(at), UUID(run_id))
        except ValueError:
            raise Invalid("cursor", "is not a cursor of this list") from None
        if after[0].tzinfo is None:
            raise Invalid("cursor", "is not a cursor of this list")
    rows = list(await file_runs.page(reader, after, limit + 1))
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(shown, encode_cursor(shown[-1].created_at.isoformat(), str(shown[-1].run_id)) if more else None)


async def fetch(reader: Reader, run_id: UUID) -> tuple[str, str, AsyncIterator[bytes]]:
    """(name, media type, content) of what a run left: bad rows or the export.

    Raises RunNotFound, NothingToFetch and FileMissing.
    """
    run = await get_run(reader, run_id)
    if not run.has_file:
        raise NothingToFetch
    if run.kind == "import":
        return f"{PurePath(run.file_name).stem}-bad-rows.csv", "text/csv", await storage.stream(_result(run_id))
    media_type = "text/csv" if run.format == "csv" else "application/vnd.apache.parquet"
    return run.file_name, media_type, await storage.stream(_result(run_id))


async def run_file(run_id: str) -> None:
    """The task: do what was asked; after a crash once more, which changes nothing that was done."""
    number = UUID(run_id)
    async with transaction() as session:
        if not await file_runs.begin(session, number):
            return
        run = await get_run(session, number)
    problem, has_file = None, False
    with tempfile.TemporaryDirectory(prefix="agora-") as folder:
        try:
            has_file = await (_import if run.kind == "import" else _export)(run, Path(folder))
        except UnreadableFile as error:
            problem = error.detail
            has_file = run.kind == "import" and await _keep_report(run, Path(folder) / "bad.csv")
    async with transaction() as session:
        await file_runs.end(session, number, problem, has_file)
    if run.kind == "import":
        await storage.remove(_upload(number))


async def _import(run: FileRun, folder: Path) -> bool:
    path, report = folder / "upload", folder / "bad.csv"
    await storage.fetch(_upload(run.run_id), path)
    counts = await import_file(
        path, kind=run.format, report=report, is_dry_run=run.is_dry_run, progress=_teller(run.run_id)
    )
    async with transaction() as session:
        await file_runs.progress(session, run.run_id, counts, 1.0)
    return counts.bad > 0 and await _keep_report(run, report)


async def _keep_report(run: FileRun, path: Path) -> bool:
    """False where there is none but the line of names."""
    if not await asyncio.to_thread(_has_rows, path):
        return False
    with await asyncio.to_thread(path.open, "rb") as file:
        await storage.put(_result(run.run_id), file)
    return True


def _has_rows(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        return bool(file.readline() and file.readline())


async def _export(run: FileRun, folder: Path) -> bool:
    path, tell = folder / "products", _teller(run.run_id)

    async def progress(count: int, fraction: float) -> None:
        await tell(ImportCounts(read=count), fraction)

    count = await export_file(path, kind=run.format, progress=progress)
    with await asyncio.to_thread(path.open, "rb") as file:
        await storage.put(_result(run.run_id), file)
    async with transaction() as session:
        await file_runs.progress(session, run.run_id, ImportCounts(read=count), 1.0)
    return True


def _teller(run_id: UUID) -> Tell:
    """Writes the progress down, at most once a second."""
    told = 0.0

    async def tell(counts: ImportCounts, fraction: float) -> None:
        nonlocal told
        if time.monotonic() - told < TELL_SECONDS:
            return
        told = time.monotonic()
        async with transaction() as session:
            await file_runs.progress(session, run_id, counts, fraction)

    return tell


async def end_stale_runs() -> int:
    """A run that has not moved for half an hour is over: its job failed too often, or its worker is gone."""
    async with transaction() as session:
        return await file_runs.give_up(session, STALE_MINUTES, "stopped half-way; what was done stays, send it again")


async def forget_old_files() -> int:
    """Bad rows and exports are kept for a month. One whose removal fails here is reached by nobody any more."""
    async with transaction() as session:
        forgotten = await file_runs.forget(session, KEPT_DAYS, FORGOTTEN_AT_ONCE)
    for run_id in forgotten:
        await storage.remove(_result(run_id))
    return len(forgotten)


def _upload(run_id: UUID) -> str:
    return f"product-files/{run_id}/upload"


def _result(run_id: UUID) -> str:
    return f"product-files/{run_id}/result"

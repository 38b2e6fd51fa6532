"""Rows taken out of an unpartitioned table for good: the files that held them are written anew without them."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import ManifestEntry

from ingestion.lake.catalog import LakeCatalog
from ingestion.lake.files import DataFileWriter
from ingestion.lake.swap import data_entries, newest_of, read_files, swap

ATTEMPTS = 8
Chooses = Callable[[pa.Table], pa.BooleanArray]


@dataclass(frozen=True)
class Rewritten:
    """Rows that are gone, and the files that held them."""

    rows: int = 0
    files: tuple[str, ...] = ()


def take_out(catalog: LakeCatalog, name: str, chooses: Chooses) -> Rewritten:
    """Rewrite every file that holds rows which `chooses` marks, one commit for each, beside a lander that goes on.

    A reader that had seen a file has seen what is left of it: it does not read that again.
    """
    rows = 0
    files: list[str] = []
    for entry in list(data_entries(catalog.load_table(name))):
        content = read_files(catalog.load_table(name), [entry.data_file])
        marked = chooses(content)
        if gone := int(pc.sum(marked).as_py() or 0):
            _replace(catalog, name, entry, content.filter(pc.invert(marked)))
            rows += gone
            files.append(entry.data_file.file_path)
    return Rewritten(rows, tuple(files))


def _replace(catalog: LakeCatalog, name: str, entry: ManifestEntry, kept: pa.Table) -> None:
    table = catalog.load_table(name)
    through = newest_of(table, [entry])
    after = []
    if kept.num_rows:
        writer = DataFileWriter(table.schema())
        writer.write(kept)
        after = [writer.finish(table, f"{table.location()}/data/rewritten-{uuid4().hex}.parquet")]
    try:
        until_committed(lambda: swap(catalog, name, [entry.data_file], after, through))
    except BaseException:
        for file in after:
            with suppress(OSError):
                table.io.delete(file.file_path)
        raise


def until_committed(change: Callable[[], None]) -> None:
    """Try again where another writer was faster. Raises CommitFailedException after as many tries as are fair."""
    for attempt in range(ATTEMPTS):
        try:
            change()
        except CommitFailedException:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return

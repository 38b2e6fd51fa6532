"""Product files, row by row: CSV by the standard library, Parquet by batches. Neither is ever whole in memory."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from api.domains.catalog.errors import UnreadableFile
from api.domains.catalog.service.bulk.columns import check_needed, recognised

FORMATS = ("csv", "parquet")
DELIMITERS = (",", ";", "\t", "|")
LONGEST_LINE = 256 * 1024
LONGEST_FIELD = 128 * 1024
PARQUET_ROWS = 2_000
LARGEST_ROW_GROUP = 512 * 1024**2
OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of a file: its values by column, or why it could not be read. Lines count from 1, as editors do."""

    line: int
    values: Mapping[str, Any] | None
    problem: str = ""


class Source:
    """Rows of one file; `fraction` tells how much of it has been read."""

    def __init__(self, rows: Iterator[RawRow], fraction: Callable[[], float]) -> None:
        self.rows = rows
        self.fraction = fraction


def format_of(path: Path, given: str | None = None) -> str:
    """The format asked for, else by the name's ending. Raises UnreadableFile for another one."""
    found = (given or path.suffix.removeprefix(".")).lower()
    if found not in FORMATS:
        raise UnreadableFile(f"the format must be one of {', '.join(FORMATS)}, not {found or 'unnamed'}")
    return found


def open_source(path: Path, kind: str, mapping: Mapping[str, str] | None = None) -> Source:
    """Begin to read. Raises UnreadableFile when the file as a whole cannot be used."""
    if path.stat().st_size == 0:
        raise UnreadableFile("the file is empty")
    return _open_csv(path, mapping) if kind == "csv" else _open_parquet(path, mapping)


class _LineTooLong(Exception):
    """A line over LONGEST_LINE; it has been skipped."""


class _Lines:
    """Physical lines for the CSV reader: bounded, counted, and going on after one that is too long."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            while (more := self._file.readline(LONGEST_LINE)) and not more.endswith(b"\n"):
                pass
            raise _LineTooLong
        # What is no UTF-8 stays recognisable, so that its row alone is refused.
        return line.decode("utf-8", "surrogateescape")


def _open_csv(path: Path, mapping: Mapping[str, str] | None) -> Source:
    file = path.open("rb")
    try:
        start = file.read(3)
        if start[:2] in OTHER_ENCODINGS:
            raise UnreadableFile("the file is UTF-16: save it as UTF-8")
        file.seek(3 if start == b"\xef\xbb\xbf" else 0)
        lines = _Lines(file)
        headers, delimiter = _header(lines, mapping)
        found = recognised(headers, mapping)
        check_needed(found, headers)
    except BaseException:
        file.close()
        raise
    size = max(path.stat().st_size, 1)
    position = 0

    def rows() -> Iterator[RawRow]:
        nonlocal position
        with file:
            for row in _csv_rows(lines, delimiter, len(headers), found):
                position = file.tell()
                yield row

    return Source(rows(), lambda: position / size)


def _header(lines: _Lines, mapping: Mapping[str, str] | None) -> tuple[list[str], str]:
    """Names of the first line that is not blank, by the delimiter under which the most columns are recognised."""
    try:
        first = next(line for line in lines if line.strip())
    except (StopIteration, _LineTooLong):
        raise UnreadableFile("the file has no line of column names") from None
    best: tuple[int, list[str], str] = (-1, [first.strip()], ",")
    for delimiter in DELIMITERS:
        try:
            names = next(csv.reader([first], delimiter=delimiter))
        except csv.Error:
            continue
        known = 0
        with suppress(UnreadableFile):
            known = len(recognised(names, mapping))
        if known > best[0]:
            best = (known, names, delimiter)
    return best[1], best[2]


def _csv_rows(lines: _Lines, delimiter: str, width: int, found: Mapping[str, int]) -> Iterator[RawRow]:
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = lines.number + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except _LineTooLong:
            yield RawRow(line, None, f"is a line of more than {LONGEST_LINE:,} bytes")
            continue
        except csv.Error as error:
            yield RawRow(line, None, _in_words(error, line, lines.number))
            continue
        if not any(values):
            continue
        yield _csv_row(line, values, width, found)


def _in_words(error: csv.Error, first: int, last: int) -> str:
    lines = "" if last <= first else f"; lines {first} to {last} are lost"
    if "unexpected end" in str(error):
        return f"has a quotation mark that is never closed{lines}"
    if "field limit" in str(error):
        return f"has a field of more than {LONGEST_FIELD:,} characters, perhaps a mark that is never closed{lines}"
    return f"is no CSV: {error}{lines}"


def _csv_row(line: int, values: Sequence[str], width: int, found: Mapping[str, int]) -> RawRow:
    if len(values) != width:
        return RawRow(line, None, f"has {len(values)} fields where the first line has {width}")
    row = {name: values[position] for name, position in found.items()}
    for name, value in row.items():
        if not value.isascii() and any("\udc80" <= letter <= "\udcff" for letter in value):
            return RawRow(line, None, f"is not UTF-8 in the column {name}")
    return RawRow(line, row)


def _open_parquet(path: Path, mapping: Mapping[str, str] | None) -> Source:
    import pyarrow as pa  # noqa: PLC0415 - half a second that only who reads Parquet pays
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        file = pq.ParquetFile(path)
        headers = list(file.schema_arrow.names)
        groups = [file.metadata.row_group(each).total_byte_size for each in range(file.num_row_groups)]
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(f"the file is no Parquet, or not all of it: {_first_line(error)}") from error
    if max(groups, default=0) > LARGEST_ROW_GROUP:
        raise UnreadableFile(f"a row group is larger than {LARGEST_ROW_GROUP >> 20} MiB: write smaller ones")
    found = recognised(headers, mapping)
    check_needed(found, headers)
    total = max(file.metadata.num_rows, 1)
    read = 0

    def rows() -> Iterator[RawRow]:
        nonlocal read
        names = {headers[position]: name for name, position in found.items()}
        with file:
            try:
                for batch in file.iter_batches(PARQUET_ROWS, columns=list(names)):
                    for row in batch.to_pylist():
                        read += 1
                        yield RawRow(read, {name: row[header] for header, name in names.items()})
            except (pa.ArrowException, OSError) as error:
                raise UnreadableFile(f"cannot be read after row {read}: {_first_line(error)}") from error

    return Source(rows(), lambda: read / total)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]

"""Looking for identifiers in what is stored, byte by byte: every file of the lake, every row of the warehouse."""

import io
import zlib
from collections.abc import Iterable, Iterator

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql
from pyarrow.fs import FileSelector, FileSystem, FileType
from pyiceberg.catalog import Catalog

from pipelines.lib.settings import Settings

_TABLES = """
select schema.nspname, relation.relname from pg_class as relation join pg_namespace as schema
on schema.oid = relation.relnamespace where relation.relkind in ('r', 'm', 'p')
and schema.nspname !~ '^(pg_|information_schema)' order by 1, 2
"""
_HOLDS = "exists (select from unnest(%s::text[]) as given (word) where position(given.word in each::text) > 0)"


def files_with(catalog: Catalog, location: str, identifiers: Iterable[str]) -> tuple[int, list[str]]:
    """How many files lie under a table's folder, known or not, and those that hold an identifier."""
    words = [word.encode() for word in identifiers]
    scheme, _, folder = location.partition("://")
    client: FileSystem = catalog._load_file_io(location=location).fs_by_scheme(scheme, None)  # type: ignore[attr-defined]
    there = client.get_file_info(FileSelector(folder, recursive=True, allow_not_found=True))
    files = [each.path for each in there if each.type == FileType.File]
    found = []
    for path in files:
        with client.open_input_stream(path) as stream:
            content = stream.read()
        if any(_has(piece, words) for piece in _pieces(path, content)):
            found.append(f"{scheme}://{path}")
    return len(files), found


def _has(piece: bytes, words: list[bytes]) -> bool:
    lower = piece.lower()
    return any(word in lower for word in words)


def _pieces(path: str, content: bytes) -> Iterator[bytes]:
    """The bytes as they lie there, and those that were compressed as they were before."""
    yield content
    if path.endswith(".parquet"):
        yield from _columns(content)
    elif path.endswith(".avro"):
        yield from _blocks(content)


def _columns(content: bytes) -> Iterator[bytes]:
    """The values of every column: uncompressed they lie one behind the other in Arrow's buffers."""
    file = pq.ParquetFile(io.BytesIO(content))
    for group in range(file.num_row_groups):
        for column in file.read_row_group(group).columns:
            for chunk in column.chunks:
                yield from _buffers(chunk)


def _buffers(array: pa.Array) -> Iterator[bytes]:
    for buffer in array.buffers():
        if buffer is not None:
            yield buffer.to_pybytes()


def _blocks(content: bytes) -> Iterator[bytes]:
    """The blocks of an Avro container file (Avro 1.12, object container files), inflated where its codec says so."""
    stream = io.BytesIO(content[4:])
    codec = b"null"
    while count := _long(stream):
        if count < 0:
            _long(stream)
        for _ in range(abs(count)):
            key = stream.read(_long(stream))
            value = stream.read(_long(stream))
            codec = value if key == b"avro.codec" else codec
    stream.read(16)
    while stream.tell() < len(content) - 4:
        _long(stream)
        block = stream.read(_long(stream))
        yield zlib.decompress(block, -15) if codec == b"deflate" else block
        stream.read(16)


def _long(stream: io.BytesIO) -> int:
    """A variable-length zig-zag number; 0 at the end."""
    shift = result = 0
    while byte := stream.read(1):
        result |= (byte[0] & 0x7F) << shift
        if not byte[0] & 0x80:
            break
        shift += 7
    return (result >> 1) ^ -(result & 1)


def rows_with(settings: Settings, identifiers: Iterable[str], *, delete: bool = False) -> dict[str, int]:
    """Table of the warehouse → rows that hold an identifier in any column; deleted where that is asked for."""
    words, found = list(identifiers), {}
    verb = "delete from {} as each where " if delete else "select from {} as each where "
    with psycopg.connect(settings.warehouse_url) as connection:
        for schema, name in connection.execute(_TABLES).fetchall():
            statement = sql.SQL(verb + _HOLDS).format(sql.Identifier(schema, name))
            if rows := connection.execute(statement, (words,)).rowcount:
                found[f"{schema}.{name}"] = rows
    return found

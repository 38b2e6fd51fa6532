"""What was added since a snapshot."""

from collections.abc import Iterator
from contextlib import closing

import pyarrow as pa
import pytest
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

from ingestion.lake.catalog import LakeCatalog
from ingestion.lake.reader import read_added, scan
from tests.ingestion.plane import Plane

SCHEMA = pa.schema([("number", pa.int64()), ("word", pa.string())])


@pytest.fixture
def catalog(plane: Plane) -> Iterator[LakeCatalog]:
    with closing(plane.catalog()) as catalog:
        yield catalog


@pytest.fixture
def table(plane: Plane, catalog: LakeCatalog) -> Table:
    catalog.create_namespace_if_not_exists(plane.settings.table("raw"))
    merging = {"commit.manifest-merge.enabled": "true", "commit.manifest.min-count-to-merge": "2"}
    return catalog.create_table(plane.settings.table("raw.numbers"), schema=SCHEMA, properties=merging)


def append(table: Table, *numbers: int) -> int:
    """Append rows; the new snapshot's id."""
    table.append(pa.table({"number": list(numbers), "word": ["a"] * len(numbers)}, schema=SCHEMA))
    snapshot = table.current_snapshot()
    assert snapshot is not None
    return snapshot.snapshot_id


def test_an_empty_table_has_no_snapshot(plane: Plane, catalog: LakeCatalog, table: Table) -> None:
    added = read_added(catalog, plane.settings.table("raw.numbers"), None)
    assert (added.rows.num_rows, added.snapshot_id, added.is_full) == (0, None, True)


def test_only_later_rows_are_read_also_from_merged_manifests(plane: Plane, catalog: LakeCatalog, table: Table) -> None:
    name = plane.settings.table("raw.numbers")
    first = append(table, 1, 2)
    for number in range(3, 9):
        last = append(table, number)
    assert len(table.current_snapshot().manifests(table.io)) < 7  # type: ignore[union-attr]
    added = read_added(catalog, name, first)
    assert sorted(added.rows["number"].to_pylist()) == [3, 4, 5, 6, 7, 8]
    assert (added.snapshot_id, added.is_full) == (last, False)
    nothing = read_added(catalog, name, last)
    assert (nothing.rows.num_rows, nothing.snapshot_id, nothing.is_full) == (0, last, False)
    assert nothing.rows.column_names == ["number", "word"]


def test_everything_is_read_where_the_snapshot_is_gone(plane: Plane, catalog: LakeCatalog, table: Table) -> None:
    append(table, 1)
    last = append(table, 2)
    for after in (None, 12345):
        added = read_added(catalog, plane.settings.table("raw.numbers"), after)
        assert sorted(added.rows["number"].to_pylist()) == [1, 2]
        assert (added.snapshot_id, added.is_full) == (last, True)


def test_columns_and_filters(plane: Plane, catalog: LakeCatalog, table: Table) -> None:
    name = plane.settings.table("raw.numbers")
    first = append(table, 1)
    append(table, 2)
    assert read_added(catalog, name, first, ("number",)).rows.column_names == ["number"]
    assert read_added(catalog, name, None, ("number",)).rows.column_names == ["number"]
    assert scan(catalog, name, ("number",), "number > 1").to_pylist() == [{"number": 2}]


def test_a_table_that_does_not_exist_is_an_error(catalog: LakeCatalog) -> None:
    with pytest.raises(NoSuchTableError):
        read_added(catalog, "nothing.here", None)

"""Compaction, expiry and removal of lost files: no row is lost, repeated or read twice, whoever writes beside it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pytest
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table

from ingestion.lake import compaction, expiry
from ingestion.lake.catalog import LakeCatalog
from ingestion.lake.compaction import compact
from ingestion.lake.expiry import expire, remove_orphans
from ingestion.lake.reader import read_added
from ingestion.lake.swap import rewrite_manifests
from ingestion.lander.positions import read_snapshot
from ingestion.proof import Prover
from pipelines.lib import care, typed
from pipelines.lib.care import CareIsBusy, Limits
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.ingestion.plane import Plane, wait_for
from tests.ingestion.test_commit import data_files

NUMBERS = "raw.numbers"
SCHEMA = pa.schema([("number", pa.int64()), ("word", pa.string())])
PATIENCE = 90.0  # a long transaction in any database of the server holds the relay up
# But for lost files: what a lander has written and not committed yet looks like one.
AT_ONCE = Limits(closed_after=timedelta(seconds=-60), expire_after=timedelta(seconds=-60))


@pytest.fixture
def lake_catalog(plane: Plane) -> Iterator[LakeCatalog]:
    with closing(plane.catalog()) as catalog:
        yield catalog


@pytest.fixture
def numbers(plane: Plane, lake_catalog: LakeCatalog) -> str:
    """A table of twelve commits, one number in each, the last one first."""
    name = plane.settings.table(NUMBERS)
    lake_catalog.create_namespace_if_not_exists(plane.settings.table("raw"))
    lake_catalog.create_table(name, schema=SCHEMA, properties={"commit.retry.num-retries": "0"})
    for number in range(12, 0, -1):
        append(lake_catalog, name, number)
    return name


def append(catalog: LakeCatalog, name: str, *values: int, **summary: str) -> int:
    table = catalog.load_table(name)
    rows = pa.table({"number": list(values), "word": ["a"] * len(values)}, schema=SCHEMA)
    table.append(rows, snapshot_properties=summary)
    return snapshot_of(table)


def snapshot_of(table: Table) -> int:
    current = table.current_snapshot()
    assert current is not None
    return current.snapshot_id


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=60)


def read(catalog: LakeCatalog, name: str) -> list[int]:
    return sorted(catalog.load_table(name).scan().to_arrow()["number"].to_pylist())


def files_of(catalog: LakeCatalog, name: str) -> list[Any]:
    return list(catalog.load_table(name).scan().plan_files())


def test_small_files_become_one_sorted_file_and_what_the_writer_noted_stays(
    lake_catalog: LakeCatalog, numbers: str
) -> None:
    append(lake_catalog, numbers, 13, **{"agora.positions": "here", "other": "gone"})
    done = compact(lake_catalog, numbers, ["number"], soon(), None)
    assert (done.files_before, done.files_after, done.rows) == (13, 1, 13)
    table = lake_catalog.load_table(numbers)
    assert table.scan().to_arrow()["number"].to_pylist() == list(range(1, 14))
    summary = table.current_snapshot().summary  # type: ignore[union-attr]
    assert summary is not None
    assert (summary["agora.positions"], summary["other"], summary["total-records"]) == ("here", None, "13")
    assert compact(lake_catalog, numbers, ["number"], soon(), None).files_before == 0


def test_what_is_young_or_was_not_seen_yet_is_left_alone(lake_catalog: LakeCatalog, numbers: str) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert compact(lake_catalog, numbers, ["number"], yesterday, None).files_before == 0
    assert compact(lake_catalog, numbers, ["number"], soon(), 4711).files_before == 0
    seen = snapshot_of(lake_catalog.load_table(numbers))
    append(lake_catalog, numbers, 13)
    assert compact(lake_catalog, numbers, ["number"], soon(), seen).files_before == 12
    assert len(files_of(lake_catalog, numbers)) == 2


def test_a_reader_goes_on_after_a_compaction_and_reads_nothing_again(lake_catalog: LakeCatalog, numbers: str) -> None:
    seen = snapshot_of(lake_catalog.load_table(numbers))
    append(lake_catalog, numbers, 13)
    compact(lake_catalog, numbers, ["number"], soon(), seen)
    append(lake_catalog, numbers, 14)
    added = read_added(lake_catalog, numbers, seen)
    assert (sorted(added.rows["number"].to_pylist()), added.is_full) == ([13, 14], False)
    again = read_added(lake_catalog, numbers, added.snapshot_id)
    assert again.rows.num_rows == 0


def test_a_reader_that_was_behind_a_compaction_reads_everything_once(lake_catalog: LakeCatalog, numbers: str) -> None:
    behind = snapshot_of(lake_catalog.load_table(numbers))
    append(lake_catalog, numbers, 13)
    compact(lake_catalog, numbers, ["number"], soon(), None)
    added = read_added(lake_catalog, numbers, behind)
    assert (sorted(added.rows["number"].to_pylist()), added.is_full) == (list(range(1, 14)), True)
    for number in range(14, 18):
        append(lake_catalog, numbers, number)
    compact(lake_catalog, numbers, ["number"], soon(), None)
    assert read_added(lake_catalog, numbers, behind).rows.num_rows == 17


def test_a_writer_that_is_faster_only_delays(lake_catalog: LakeCatalog, numbers: str) -> None:
    really, tries = compaction._commit, []

    def slow(*arguments: Any) -> None:
        tries.append(1)
        if len(tries) < 3:
            load = lake_catalog.load_table(numbers)
            append(lake_catalog, numbers, 100 + len(tries))
            with patch.object(lake_catalog, "load_table", lambda _: load):
                really(*arguments)
        really(*arguments)

    with patch.object(compaction, "_commit", slow):
        assert compact(lake_catalog, numbers, ["number"], soon(), None).files_before == 12
    assert len(tries) == 3
    assert read(lake_catalog, numbers) == [*range(1, 13), 101, 102]


def test_one_that_never_gets_its_turn_leaves_nothing_behind(
    plane: Plane, lake_catalog: LakeCatalog, numbers: str
) -> None:
    def refuse(*_: Any) -> None:
        raise CommitFailedException("another writer was faster")

    with patch.object(compaction, "_commit", refuse), pytest.raises(CommitFailedException):
        compact(lake_catalog, numbers, ["number"], soon(), None)
    assert len(data_files(plane, NUMBERS)) == 12
    assert read(lake_catalog, numbers) == list(range(1, 13))


def test_old_snapshots_go_with_their_files_and_the_newest_and_needed_ones_stay(
    plane: Plane, lake_catalog: LakeCatalog, numbers: str
) -> None:
    compact(lake_catalog, numbers, ["number"], soon(), None)
    for number in range(13, 25):
        last = append(lake_catalog, numbers, number)
    needed = lake_catalog.load_table(numbers).metadata.snapshots[5].snapshot_id
    assert expire(lake_catalog, numbers, soon(), [needed]).snapshots == 5
    assert len(data_files(plane, NUMBERS)) == 25
    done = expire(lake_catalog, numbers, soon())
    assert done.snapshots == 10
    assert read(lake_catalog, numbers) == list(range(1, 25))
    assert len(data_files(plane, NUMBERS)) == 13
    assert read_added(lake_catalog, numbers, last).rows.num_rows == 0
    assert read_added(lake_catalog, numbers, needed).is_full
    assert expire(lake_catalog, numbers, soon()).snapshots == 0


def test_the_last_snapshot_of_a_closed_month_is_kept_by_name(lake_catalog: LakeCatalog, numbers: str) -> None:
    with patch.object(expiry, "datetime") as clock:
        clock.now.return_value = datetime.now(UTC) + timedelta(days=40)
        clock.fromtimestamp = datetime.fromtimestamp
        month = f"{datetime.now(UTC):%Y-%m}"
        done = expire(lake_catalog, numbers, soon())
        assert done.tagged == (f"month-{month}",)
        assert expire(lake_catalog, numbers, soon()).tagged == ()
    table = lake_catalog.load_table(numbers)
    assert table.refs()[f"month-{month}"].snapshot_id == snapshot_of(table)
    for number in range(13, 26):
        append(lake_catalog, numbers, number)
    expire(lake_catalog, numbers, soon())
    tagged = lake_catalog.load_table(numbers).scan().use_ref(f"month-{month}").to_arrow()
    assert sorted(tagged["number"].to_pylist()) == list(range(1, 13))


def test_within_past_hours_the_last_snapshot_stays_and_can_be_travelled_to(
    lake_catalog: LakeCatalog, numbers: str
) -> None:
    """Six commits an hour: the hours are those of snapshots that were made a moment ago, so an hour is made short."""
    for number in range(13, 37):
        append(lake_catalog, numbers, number)
    times = [each.timestamp_ms for each in lake_catalog.load_table(numbers).metadata.snapshots]
    span = times[-1] - times[0]
    with patch.object(expiry, "HOUR_MS", max(1, span // 6)):
        hours = {time // expiry.HOUR_MS: time for time in times}
        done = expire(lake_catalog, numbers, datetime.fromtimestamp(0, UTC), (), soon())
        assert expire(lake_catalog, numbers, datetime.fromtimestamp(0, UTC), (), soon()).snapshots == 0
    table = lake_catalog.load_table(numbers)
    kept = table.metadata.snapshots
    assert {each.timestamp_ms for each in kept} == {*hours.values(), *times[-10:]}
    assert done.snapshots == 36 - len(kept) > 0
    landed = [*range(12, 0, -1), *range(13, 37)]
    for each in kept:
        rows = table.scan(snapshot_id=each.snapshot_id).to_arrow()["number"].to_pylist()
        assert sorted(rows) == sorted(landed[: times.index(each.timestamp_ms) + 1])


def test_snapshots_that_a_build_has_not_read_yet_are_not_thinned(lake_catalog: LakeCatalog, numbers: str) -> None:
    seen = snapshot_of(lake_catalog.load_table(numbers))
    for number in range(13, 37):
        append(lake_catalog, numbers, number)
    expire(lake_catalog, numbers, datetime.fromtimestamp(0, UTC), [seen], soon())
    added = read_added(lake_catalog, numbers, seen)
    assert (sorted(added.rows["number"].to_pylist()), added.is_full) == (list(range(13, 37)), False)


def test_files_that_nothing_knows_are_removed_once_they_are_old(
    plane: Plane, lake_catalog: LakeCatalog, numbers: str
) -> None:
    table = lake_catalog.load_table(numbers)
    for folder in ("data", "metadata"):
        with table.io.new_output(f"{table.location()}/{folder}/lost.bin").create() as stream:
            stream.write(b"1234")
    assert remove_orphans(lake_catalog, numbers, datetime.now(UTC) - timedelta(hours=1)).files == 0
    done = remove_orphans(lake_catalog, numbers, soon())
    assert (done.files, done.bytes) == (2, 8)
    assert read(lake_catalog, numbers) == list(range(1, 13))
    assert remove_orphans(lake_catalog, numbers, soon()).files == 0
    append(lake_catalog, numbers, 13)


def manifests_of(catalog: LakeCatalog, name: str) -> int:
    table = catalog.load_table(name)
    current = table.current_snapshot()
    assert current is not None
    return len(current.manifests(table.io))


def test_many_manifests_become_one_and_readers_and_writers_go_on(lake_catalog: LakeCatalog, numbers: str) -> None:
    append(lake_catalog, numbers, 13, **{"agora.positions": "here"})
    seen = snapshot_of(lake_catalog.load_table(numbers))
    append(lake_catalog, numbers, 14, **{"agora.positions": "there"})
    assert manifests_of(lake_catalog, numbers) == 14
    rewrite_manifests(lake_catalog, numbers)
    assert manifests_of(lake_catalog, numbers) == 1
    summary = lake_catalog.load_table(numbers).current_snapshot().summary  # type: ignore[union-attr]
    assert summary is not None
    assert (summary["agora.positions"], summary["total-records"]) == ("there", "14")
    assert read(lake_catalog, numbers) == list(range(1, 15))
    added = read_added(lake_catalog, numbers, seen)
    assert (added.rows["number"].to_pylist(), added.is_full) == ([14], False)
    append(lake_catalog, numbers, 15)
    again = read_added(lake_catalog, numbers, added.snapshot_id)
    assert (again.rows["number"].to_pylist(), again.is_full) == ([15], False)
    assert compact(lake_catalog, numbers, ["number"], soon(), None).files_before == 15
    assert expire(lake_catalog, numbers, soon()).snapshots > 0
    assert read(lake_catalog, numbers) == list(range(1, 16))


def test_what_a_lander_has_written_and_not_committed_is_no_lost_file(plane: Plane) -> None:
    """The file lies there before its commit; whoever looks for lost files in between leaves it alone."""
    plane.produce_events(20)
    really, removed = LakeCatalog.commit_with, []

    def watched(catalog: LakeCatalog, *arguments: Any) -> None:
        name = plane.settings.table("raw.analytics")
        there = data_files(plane, "raw.analytics")
        removed.append((len(there), remove_orphans(catalog, name, datetime.now(UTC) - Limits().orphan_after).files))
        really(catalog, *arguments)

    with patch.object(LakeCatalog, "commit_with", watched):
        plane.land(20)
    assert removed[0] == (1, 0)
    assert len(set(plane.landed())) == 20


def has_landed(plane: Plane, rows: int) -> bool:
    return len(plane.landed()) == rows


def test_a_whole_plane_is_cared_for_while_its_lander_runs_and_the_proof_holds(plane: Plane) -> None:
    settings = plane.pipelines()
    with plane.relay(), plane.lander():
        for rows in range(20, 121, 20):
            plane.accept(20)
            wait_for(partial(has_landed, plane, rows), "a round has landed", PATIENCE)
        plane.produce([b"{"])
        refresh_typed_and_warehouse(settings)
        cared = {each.table: each for each in care.care(settings, AT_ONCE)}
        plane.accept(20)
        wait_for(partial(has_landed, plane, 140), "the lander goes on", PATIENCE)
    raw = cared["raw.analytics"]
    assert raw.before.files >= 6
    assert raw.after.files < raw.before.files
    assert raw.after.rows >= raw.before.rows == raw.compacted.rows == 120
    assert raw.expired.snapshots + raw.after.snapshots >= raw.before.snapshots
    with closing(plane.catalog()) as catalog:
        assert read_snapshot(catalog.load_table(plane.settings.table("raw.analytics"))) is not None
    report = next(each for each in typed.build(settings) if each.read)
    assert (report.read, report.added) == (20, 20)
    care.thin(settings, Limits(thin_after=timedelta(seconds=-60)))
    refresh_typed_and_warehouse(settings)
    assert Prover(plane.settings).prove().difference == 0


def test_only_one_cares_at_a_time(plane: Plane) -> None:
    with care.alone(plane.pipelines()), pytest.raises(CareIsBusy):
        list(care.care(plane.pipelines()))

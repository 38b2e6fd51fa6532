"""Files of the lake that are broken: noticed, named, and made again from where their rows came."""

from contextlib import closing
from typing import Any
from uuid import UUID

import pytest
from pyarrow.fs import FileSystem

from ingestion.recovery.mend import mend_raw
from ingestion.recovery.resume import NoWayBack
from pipelines.lib import typed
from pipelines.lib.care import Limits, care
from pipelines.lib.mend import NotMendable, mend
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.ingestion.plane import Plane
from tests.ingestion.test_care import AT_ONCE
from tests.ingestion.test_lander import RAW, _lose_records

TYPED = "typed.analytics_product_viewed"


def files(plane: Plane, table: str) -> list[str]:
    with closing(plane.catalog()) as catalog:
        tasks = catalog.load_table(plane.settings.table(table)).scan().plan_files()
        return sorted(task.file.file_path for task in tasks)


def damage(plane: Plane, path: str, content: bytes | None) -> None:
    """Cut a file to a few bytes, or delete it."""
    with closing(plane.catalog()) as catalog:
        client: FileSystem = catalog.load_table(plane.settings.table(RAW)).io.fs_by_scheme("s3", None)  # type: ignore[attr-defined]
        key = path.removeprefix("s3://")
        if content is None:
            client.delete_file(key)
            return
        with client.open_output_stream(key) as stream:
            stream.write(content)


@pytest.fixture
def whole(plane: Plane) -> list[UUID]:
    """Three commits, with a record that is no event among them, in typed tables and warehouse."""
    ids: list[UUID] = []
    for _ in range(3):
        ids += plane.produce_events(10, partition=0)
        plane.produce([b"{"], partition=0)
        plane.land(len(ids))
    refresh_typed_and_warehouse(plane.pipelines())
    return ids


@pytest.mark.parametrize("content", [None, b"PAR1 but no more"])
def test_rows_of_a_broken_raw_file_come_back_from_kafka(plane: Plane, whole: list[UUID], content: bytes | None) -> None:
    settings = plane.pipelines()
    broken = files(plane, RAW)[1]
    damage(plane, broken, content)
    with pytest.raises((OSError, ValueError)):
        typed.build(settings, rebuild=True)
    assert mend(settings, RAW, dry_run=True).files == (broken,)
    done = mend(settings, RAW)
    assert (done.files, done.rows) == ((broken,), 10)
    assert sorted(plane.landed()) == sorted(whole)
    places = [(row["kafka_partition"], row["kafka_offset"]) for row in plane.rows()]
    assert len(set(places)) == len(places)
    assert sum(report.read for report in typed.build(settings)) == 0
    assert sum(report.added for report in typed.build(settings, rebuild=True)) == 0
    plane.produce_events(5)
    plane.land(35)
    assert mend(settings, RAW).files == ()


def test_a_compacted_file_comes_back_as_well(plane: Plane, whole: list[UUID]) -> None:
    plane.produce_events(3)
    plane.land(33)
    refresh_typed_and_warehouse(plane.pipelines())
    list(care(plane.pipelines(), Limits(AT_ONCE.closed_after, AT_ONCE.expire_after)))
    [only] = files(plane, RAW)
    damage(plane, only, b"")
    assert mend(plane.pipelines(), RAW).rows == 33
    assert len(set(plane.landed())) == 33


def test_what_kafka_has_not_got_any_more_is_told_and_nothing_is_changed(plane: Plane, whole: list[UUID]) -> None:
    before = files(plane, RAW)
    damage(plane, before[0], None)
    _lose_records(plane)
    with pytest.raises(NoWayBack, match="no longer in Kafka"):
        mend_raw(plane.settings, "analytics")
    assert files(plane, RAW) == before


def test_a_broken_typed_file_comes_back_from_raw(plane: Plane, whole: list[UUID]) -> None:
    settings = plane.pipelines()
    before = sorted(map(_plain, plane.rows(TYPED)))
    for path in files(plane, TYPED):
        damage(plane, path, b"")
    done = mend(settings, TYPED)
    assert done.rows == 30
    assert sorted(map(_plain, plane.rows(TYPED))) == before
    with pytest.raises(NotMendable, match="no second source"):
        mend(settings, "raw.failed_events")


def _plain(row: dict[str, Any]) -> str:
    return str(sorted((name, str(value)) for name, value in row.items()))

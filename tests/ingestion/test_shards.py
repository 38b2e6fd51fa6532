"""Several landers share the partitions: each record once, whoever comes, goes, dies, or counts the shards otherwise."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from uuid import UUID

import psycopg
import pytest
from confluent_kafka.cimpl import NewPartitions

from ingestion.lake.tables import FAILED_TABLE
from ingestion.lander import session
from ingestion.lander.positions import Mismatch, Positions, advance, read_cursor, read_snapshot
from ingestion.lander.shards import Shard, shards
from ingestion.topics import admin_client
from tests.ingestion.plane import Plane, new_plane, wait_for

RAW = "raw.analytics"
PARTITIONS = 4
PATIENCE = 90.0  # three processes that start on a busy machine


@pytest.fixture
def wide(stack_env: dict[str, str], outbox_template: str) -> Iterator[Plane]:
    """A plane with four partitions that two landers share."""
    more = {"AGORA_KAFKA_PARTITIONS": str(PARTITIONS), "AGORA_LANDER_SHARDS": "2"}
    with new_plane(stack_env, outbox_template, **more) as plane:
        yield plane


def with_shards(plane: Plane, count: int) -> Plane:
    """The same plane as landers see it that share it otherwise."""
    settings = plane.settings.model_copy(update={"lander_shards": count})
    return Plane(plane.env | {"AGORA_LANDER_SHARDS": str(count)}, settings, plane.processes)


def spread(plane: Plane, count: int, partitions: int = PARTITIONS) -> list[UUID]:
    """Events in every partition."""
    return [each for partition in range(partitions) for each in plane.produce_events(count, partition=partition)]


@contextmanager
def landers(*planes: Plane) -> Iterator[None]:
    """One lander for each."""
    with ExitStack() as running:
        for plane in planes:
            running.enter_context(plane.lander())
        yield


def held(plane: Plane) -> dict[str, str]:
    """Shards that somebody holds: lease and holder."""
    if plane.lake_sql("select to_regclass('ingest_lease')") == [(None,)]:
        return {}
    like = f"lander/{plane.settings.lake_namespace_prefix}%".replace("_", r"\_")
    query = "select name, holder from ingest_lease where name like %s and leased_until > now()"
    return dict(plane.lake_sql(query, like))


def has_landed(plane: Plane, count: int) -> Callable[[], bool]:
    return lambda: len(plane.landed()) >= count


def assert_each_once(plane: Plane, ids: list[UUID]) -> None:
    """Every event is one row; cursor and newest snapshot tell the same, of all partitions."""
    assert sorted(plane.landed()) == sorted(ids)
    name = plane.settings.table(RAW)
    with (
        closing(plane.catalog()) as catalog,
        psycopg.connect(plane.settings.lake_catalog_url, autocommit=True) as connection,
    ):
        cursor, snapshot = read_cursor(connection, name), read_snapshot(catalog.load_table(name))
    assert cursor == snapshot
    assert cursor is not None
    assert sum(cursor.offsets.values()) == len(ids)


def test_two_landers_share_the_partitions(wide: Plane) -> None:
    ids = spread(wide, 100)
    wide.produce([b"garbage"], domain="catalog", partition=0)
    wide.produce([b"garbage"], domain="catalog", partition=1)
    with landers(wide, wide):
        wait_for(lambda: len(held(wide)) == 2, "each has a shard")
        for _ in range(5):  # while both commit to the same table
            ids += spread(wide, 20)
        wait_for(has_landed(wide, len(ids)), "everything lands")
        wait_for(lambda: len(wide.rows(FAILED_TABLE)) == 2, "so does what cannot be read")
    assert_each_once(wide, ids)


def test_one_lander_alone_leaves_the_other_shard_and_says_so(
    wide: Plane, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "REFRESH_SECONDS", 0.2)
    spread(wide, 10)
    said = ""

    def is_said() -> bool:
        nonlocal said
        captured = capsys.readouterr()
        said += captured.out + captured.err
        return "shard_is_free" in said

    with landers(wide):
        wait_for(has_landed(wide, 20), "its own partitions land")
        wait_for(is_said, "the missing lander is named")
    assert len(wide.landed()) == 20


def test_a_stand_by_takes_the_shard_of_a_killed_lander(wide: Plane) -> None:
    ids = spread(wide, 20)
    pids = {str(wide.start("ingestion.lander").pid): wide.processes[-1] for _ in range(3)}
    wait_for(has_landed(wide, len(ids)), "both shards land", PATIENCE)
    before = held(wide)
    assert len(before) == 2
    name, holder = next(iter(before.items()))
    victim = pids[holder.split("/")[1]]
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    ids += spread(wide, 20)
    wait_for(has_landed(wide, len(ids)), "the one that stood by lands them", PATIENCE)
    assert_each_once(wide, ids)
    assert {key for key, value in held(wide).items() if value != before[key]} == {name}


def test_partitions_are_added_while_two_landers_run(wide: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "REFRESH_SECONDS", 0.2)
    ids = spread(wide, 10)
    with landers(wide, wide):
        wait_for(has_landed(wide, len(ids)), "both land")
        admin = admin_client(wide.settings)
        for future in admin.create_partitions([NewPartitions(wide.topic(), 7)]).values():
            future.result(10)
        for partition in range(7):
            ids += wide.produce_events(10, partition=partition)
        wait_for(has_landed(wide, len(ids)), "the new partitions land")
    assert_each_once(wide, ids)


def test_the_number_of_shards_changes_between_runs(wide: Plane) -> None:
    ids: list[UUID] = []
    for count in (1, 3, 2, 5, 1):
        ids += spread(wide, 10)
        with landers(*[with_shards(wide, count)] * count):
            wait_for(has_landed(wide, len(ids)), f"{count} land")
    assert_each_once(wide, ids)


def test_landers_that_count_the_shards_otherwise_land_nothing_twice(wide: Plane) -> None:
    """A roll-out: the old ones are still at work when the new ones begin."""
    ids = spread(wide, 50)
    with landers(with_shards(wide, 1), wide, wide, with_shards(wide, 3)):
        wait_for(lambda: len(held(wide)) == 4, "all are at work")
        for _ in range(10):
            ids += spread(wide, 20)
            wait_for(has_landed(wide, len(ids)), "everything lands")
    with landers(wide, wide):
        ids += spread(wide, 5)
        wait_for(has_landed(wide, len(ids)), "the new ones go on")
    assert_each_once(wide, ids)


def test_every_partition_belongs_to_one_shard() -> None:
    for count in (1, 2, 3, 5):
        owned = [partition for shard in shards(count) for partition in shard.owned(range(12))]
        assert sorted(owned) == list(range(12))
    names = {shard.lease_name("x_") for count in (1, 2, 3) for shard in shards(count)}
    assert len(names) == 6


def test_positions_advance_by_shard_and_only_from_where_the_table_is() -> None:
    start, end = Positions("c", "t", {0: 5}), Positions("c", "t", {0: 7, 2: 3})
    assert advance(Positions("c", "t", {0: 5, 1: 9}), start, end) == Positions("c", "t", {0: 7, 1: 9, 2: 3})
    assert advance(None, Positions("c", "t"), end) == end
    for there in (None, Positions("c", "t", {0: 6}), Positions("c", "t", {0: 5, 2: 1}), Positions("c", "u", {0: 5})):
        with pytest.raises(Mismatch):
            advance(there, start, end)


def test_one_shard_keeps_the_lease_that_it_always_had() -> None:
    assert Shard().lease_name("x_") == "lander/x_"

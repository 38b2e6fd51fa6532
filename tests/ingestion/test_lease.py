"""One holder at a time, and nobody writes with an old epoch."""

from contextlib import closing

import psycopg
import pytest
from psycopg import sql

from ingestion.lease import Fenced, Lease
from tests.ingestion.plane import Plane, wait_for


@pytest.fixture
def urls(plane: Plane) -> str:
    return plane.settings.postgres_ingestion_url


def lease(connection: psycopg.Connection, seconds: float = 30.0) -> Lease:
    return Lease(connection, sql.Identifier("core", "relay_cursor"), "shard", 0, seconds)


def connect(url: str) -> closing[psycopg.Connection]:
    return closing(psycopg.connect(url, autocommit=True))


def test_a_second_holder_waits_until_the_first_is_done(urls: str) -> None:
    with connect(urls) as one, connect(urls) as two:
        first, second = lease(one), lease(two)
        assert first.try_take()
        assert not second.try_take()
        first.release()
        assert second.try_take()
        assert second.epoch == first.epoch + 1


def test_a_lease_runs_out_and_its_old_holder_is_fenced(urls: str) -> None:
    with connect(urls) as one, connect(urls) as two:
        first, second = lease(one, seconds=0.1), lease(two)
        assert first.try_take()
        wait_for(second.try_take, "the lease runs out")
        with pytest.raises(Fenced):
            first.renew()
        first.release()  # no effect on the new holder
        second.renew()


def test_the_lease_of_a_lost_connection_is_free_at_once(urls: str) -> None:
    with connect(urls) as two:
        one = psycopg.connect(urls, autocommit=True)
        assert lease(one).try_take()
        one.close()
        wait_for(lease(two).try_take, "the connection is gone", seconds=5)

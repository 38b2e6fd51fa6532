"""Clocks that are years off: nothing is landed, expired or counted by them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from ingestion import clock
from ingestion.clock import ClockIsOff, agreed_time
from ingestion.contracts import encode, new_event_id
from ingestion.contracts.analytics import ProductViewed
from ingestion.lake.tables import FAILED_TABLE
from pipelines.lib import care, typed
from tests.ingestion.plane import Plane, wait_for

LATER = timedelta(days=3 * 365)


@contextmanager
def set_wrong() -> Iterator[None]:
    """This machine's clock, as far as anything asks before it acts."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + LATER

    with patch.object(clock, "datetime", Wrong):
        yield


def test_nothing_lands_by_a_wrong_clock(plane: Plane, capsys: pytest.CaptureFixture[str]) -> None:
    plane.produce_events(5)
    with set_wrong(), plane.lander():
        said = []

        def waits() -> bool:
            captured = capsys.readouterr()
            said.append(captured.out + captured.err)
            return "ClockIsOff" in said[-1]

        wait_for(waits, "it says so")
    assert "set the clock that is wrong" in "".join(said)
    assert plane.landed() == []
    plane.land(5)


def test_nothing_is_expired_or_deleted_by_a_wrong_clock(plane: Plane) -> None:
    plane.produce_events(5)
    plane.land(5)
    with set_wrong(), pytest.raises(ClockIsOff, match="this machine says 20"):
        list(care.care(plane.pipelines()))
    assert abs(agreed_time(plane.settings) - datetime.now(UTC)) < timedelta(minutes=5)


def test_an_event_from_the_future_waits_among_the_failed_and_a_late_one_does_not(plane: Plane) -> None:
    now, event = datetime.now(UTC), ProductViewed(anonymous_id=new_event_id(), product_id=1)
    ids = [new_event_id() for _ in range(3)]
    times = [now + LATER, now - LATER, now + timedelta(hours=20)]
    plane.produce([encode(event, event_id, at) for event_id, at in zip(ids, times, strict=True)])
    plane.land(3)
    report = next(each for each in typed.build(plane.pipelines()) if each.read)
    assert (report.added, report.refused) == (2, 1)
    [failed] = plane.rows(FAILED_TABLE)
    assert failed["event_id"] == str(ids[0])
    assert failed["reason"].startswith("time: ")
    assert "a clock is off" in failed["reason"]

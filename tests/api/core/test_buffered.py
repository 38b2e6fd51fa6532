"""Impressions: each is recorded once, whatever fails on the way, and nobody waits for it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from api.core import buffered
from api.core.buffered import CaptureBuffer
from ingestion.contracts.recommendations import RecommendationServed


def served() -> RecommendationServed:
    return RecommendationServed(recommendation_id=uuid4(), surface="home", model="m", model_version=1, items=())


class Accepting:
    """Takes batches, and refuses as often as it is told to."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.batches: list[list[UUID]] = []
        self.tried: list[UUID] = []

    async def __call__(self, events: Sequence[Any], _traces: Sequence[str | None]) -> None:
        self.tried += [event_id for _, event_id, _ in events]
        if self.refusals:
            self.refusals -= 1
            raise OSError("neither Kafka nor Postgres")
        self.batches.append([event_id for _, event_id, _ in events])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(buffered, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(buffered, "RETRY_SECONDS", 0.01)
    return monkeypatch


async def test_what_could_not_be_sent_is_sent_later_once_and_in_order(quick: pytest.MonkeyPatch) -> None:
    accepting = Accepting(refusals=2)
    quick.setattr(buffered, "capture", accepting)
    subject = CaptureBuffer()
    for _ in range(buffered.BATCH + 10):
        subject.add(served())
    assert accepting.tried == []
    with capture_logs() as logs:
        assert subject._task is not None
        await subject._task
    sent = [event_id for batch in accepting.batches for event_id in batch]
    assert [len(batch) for batch in accepting.batches] == [buffered.BATCH, 10]
    assert len(set(sent)) == buffered.BATCH + 10
    assert accepting.tried[: buffered.BATCH] == sent[: buffered.BATCH]
    assert [each["event"] for each in logs] == ["events_waiting"] * 2


async def test_a_process_that_ends_sends_the_rest(quick: pytest.MonkeyPatch) -> None:
    accepting = Accepting()
    quick.setattr(buffered, "capture", accepting)
    quick.setattr(buffered, "WAIT_SECONDS", 3600.0)
    subject = CaptureBuffer()
    subject.add(served())
    await subject.close()
    assert [len(batch) for batch in accepting.batches] == [1]


async def test_a_process_that_ends_while_nothing_is_there_says_what_it_loses(quick: pytest.MonkeyPatch) -> None:
    quick.setattr(buffered, "capture", Accepting(refusals=9))
    quick.setattr(buffered, "MOST_QUEUED", 3)
    subject = CaptureBuffer()
    for _ in range(5):
        subject.add(served())
    with capture_logs() as logs:
        await subject.close()
    assert [(each["event"], each["lost"]) for each in logs if each["event"] == "events_lost"] == [("events_lost", 5)]

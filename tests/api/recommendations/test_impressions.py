"""Impressions: each is recorded once, whatever fails on the way, and nobody waits for it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from api.domains.recommendations.service import impressions
from api.domains.recommendations.service.impressions import Impressions
from ingestion.contracts.recommendations import RecommendationServed


def served() -> RecommendationServed:
    return RecommendationServed(recommendation_id=uuid4(), surface="home", model="m", model_version=1, items=())


class Accepting:
    """Takes batches, and refuses as often as it is told to."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.batches: list[list[UUID]] = []
        self.tried: list[UUID] = []

    async def __call__(self, events: Sequence[Any]) -> None:
        self.tried += [event_id for _, event_id, _ in events]
        if self.refusals:
            self.refusals -= 1
            raise OSError("neither Kafka nor Postgres")
        self.batches.append([event_id for _, event_id, _ in events])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(impressions, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(impressions, "RETRY_SECONDS", 0.01)
    return monkeypatch


async def test_what_could_not_be_sent_is_sent_later_once_and_in_order(quick: pytest.MonkeyPatch) -> None:
    accepting = Accepting(refusals=2)
    quick.setattr(impressions, "capture", accepting)
    subject = Impressions()
    for _ in range(impressions.BATCH + 10):
        subject.add(served())
    assert accepting.tried == []
    with capture_logs() as logs:
        assert subject._task is not None
        await subject._task
    sent = [event_id for batch in accepting.batches for event_id in batch]
    assert [len(batch) for batch in accepting.batches] == [impressions.BATCH, 10]
    assert len(set(sent)) == impressions.BATCH + 10
    assert accepting.tried[: impressions.BATCH] == sent[: impressions.BATCH]
    assert [each["event"] for each in logs] == ["impressions_waiting"] * 2


async def test_a_process_that_ends_sends_the_rest(quick: pytest.MonkeyPatch) -> None:
    accepting = Accepting()
    quick.setattr(impressions, "capture", accepting)
    quick.setattr(impressions, "WAIT_SECONDS", 3600.0)
    subject = Impressions()
    subject.add(served())
    await subject.close()
    assert [len(batch) for batch in accepting.batches] == [1]


async def test_a_process_that_ends_while_nothing_is_there_says_what_it_loses(quick: pytest.MonkeyPatch) -> None:
    quick.setattr(impressions, "capture", Accepting(refusals=9))
    quick.setattr(impressions, "MOST_QUEUED", 3)
    subject = Impressions()
    for _ in range(5):
        subject.add(served())
    with capture_logs() as logs:
        await subject.close()
    assert [(each["event"], each["lost"]) for each in logs if each["event"] == "impressions_lost"] == [
        ("impressions_lost", 5)
    ]

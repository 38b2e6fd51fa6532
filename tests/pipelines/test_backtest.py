"""What a rule would have done with the texts that the lake knows of."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from pipelines.lib import backtest, typed
from pipelines.lib.settings import Settings
from tests.pipelines.lake_writer import DAY, Lake
from tests.pipelines.serving_database import serving_database

FACTS: dict[str, Any] = {
    "length": 20, "words": 4, "links": 0, "mentions": 0, "capitals": 0.0, "longest_run": 2, "has_blocked_word": False,
    "age_days": 400.0, "may_link": False, "toxicity_threshold": 2.0, "toxicity": 0.1, "kind": "post",
}  # fmt: skip
NOW = DAY + timedelta(days=30)


@pytest.fixture(scope="module")
def urls(stack_env: dict[str, str]) -> Iterator[dict[str, str]]:
    with serving_database(stack_env) as urls:
        yield urls


@pytest.fixture
def settings(lake: Lake, urls: dict[str, str]) -> Settings:
    return lake.settings.model_copy(update={"postgres_pipelines_url": urls["AGORA_POSTGRES_PIPELINES_URL"]})


def judged(lake: Lake, days: int, person: UUID, *spoke: str, subject: UUID | None = None, **facts: Any) -> Any:
    """A text, so many days after the first, of which these rules spoke."""
    told = [{"rule": rule, "rule_version": 1, "is_shadow": False} for rule in spoke]
    ids = {"customer_id": str(person), "subject_id": str(subject or uuid4())}
    at = DAY + timedelta(days=days, hours=9)
    return lake.event("moderation.text_judged", at, outcome="allow", spoke=told, **FACTS | ids | facts)


def decided(lake: Lake, subject: UUID, effect: str, days: int = 5, decision: UUID | None = None) -> Any:
    """What a moderator made of it."""
    ids = {"case_id": str(uuid4()), "decision_id": str(decision or uuid4()), "subject_id": str(subject)}
    return lake.event(
        "moderation.case_decided", DAY + timedelta(days=days), origin="hold", kind="post", act="remove", effect=effect,
        is_done=False, policy="Be civil", policy_version=1, strike=0, restrict_days=0, reports=0, waited_seconds=60,
        **ids,
    )  # fmt: skip


def fill(lake: Lake) -> None:
    """Ada advertises three times and Bob once; one of hers is removed, one of his is let stand, one is undone."""
    ada, bob = uuid4(), uuid4()
    subjects = [uuid4() for _ in range(3)]
    undone = uuid4()
    lake.land(
        judged(lake, 1, ada, "link", subject=subjects[0], links=2),
        judged(lake, 2, ada, "link", "toxic", subject=subjects[2], links=3),
        judged(lake, 9, ada, links=2),
        judged(lake, 3, bob, subject=subjects[1], links=2),
        judged(lake, 3, bob, links=0),
        judged(lake, 4, bob, links=2, length=None),  # of before facts were told
        decided(lake, subjects[0], "stand", days=4),
        decided(lake, subjects[0], "fall", days=5),
        decided(lake, subjects[1], "stand"),
        decided(lake, subjects[2], "fall", decision=undone),
        lake.event(
            "moderation.decision_undone", DAY + timedelta(days=6), case_id=str(uuid4()), decision_id=str(undone),
            kind="post", subject_id=str(subjects[2]), act="remove", effect="stand", is_done=False,
        ),
    )  # fmt: skip
    typed.build(lake.settings)


def test_hits_precision_overlap_and_people(settings: Settings, lake: Lake) -> None:
    fill(lake)
    found = backtest.look_back(settings, "text.links > 1 && !place.may_link", 90, NOW)
    assert (found.texts, found.hits, found.people, found.most_by_one) == (5, 4, 2, 3)
    assert (found.removed, found.stood, found.precision) == (1, 1, 0.5)
    assert (found.unseen, found.failed) == (1, 0)
    assert (found.alone, dict(found.overlap)) == (2, {"link": 2, "toxic": 1})
    assert [count for _, count in found.by_week] == [3, 1]
    assert backtest.look_back(settings, "text.links > 1", 22, NOW).hits == 1
    nothing = backtest.look_back(settings, "1 / text.mentions > 0", 90, NOW)
    assert (nothing.texts, nothing.hits, nothing.precision, nothing.failed) == (5, 0, None, 5)
    with pytest.raises(backtest.WordsNeeded, match="shadow"):
        backtest.look_back(settings, "text.body.contains('buy')", 90, NOW)


def test_what_was_asked_for_is_answered_once_and_read_by_the_shop(
    settings: Settings, lake: Lake, urls: dict[str, str]
) -> None:
    typed.build(lake.settings)
    assert not backtest.waiting(settings)
    with psycopg.connect(urls["AGORA_POSTGRES_URL"], autocommit=True) as shop:
        ask = (
            "insert into serving.backtests (rule, rule_version, expression, days)"
            " select name, version, expression, 90 from moderation.rules where name = 'link'"
        )
        shop.execute(ask)
        assert backtest.waiting(settings)
        assert backtest.run_waiting(settings) == 1
        assert backtest.run_waiting(settings) == 0
        assert backtest.run(settings, "toxic", 7).texts == 0
        rows = shop.execute("select rule, days, finished_at is not null from serving.backtests order by 1").fetchall()
    assert rows == [("link", 90, True), ("toxic", 7, True)]
    with pytest.raises(backtest.NoSuchRule):
        backtest.run(settings, "none-such")

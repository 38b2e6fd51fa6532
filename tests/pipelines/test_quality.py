"""Both suites on good and on broken rows."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from pipelines.lib.quality import judge_marts, judge_raw

pytestmark = pytest.mark.filterwarnings("default")  # of Great Expectations' own imports
AT = datetime(2026, 3, 1, tzinfo=UTC)


def raw(offset: int, **changes: Any) -> dict[str, Any]:
    return {
        "event_id": f"event-{offset}",
        "event_type": "analytics.page_viewed",
        "occurred_at": pd.Timestamp(AT),
        "landed_at": pd.Timestamp(AT),
        "kafka_topic": "agora.analytics",
        "kafka_partition": 0,
        "kafka_offset": offset,
    } | changes


def test_whole_raw_rows_pass() -> None:
    verdict = judge_raw(pd.DataFrame([raw(0), raw(1), raw(1, kafka_partition=1), raw(1, kafka_topic="agora.ordering")]))
    assert verdict.passed
    assert verdict.rows == 4
    assert verdict.failures == verdict.warnings == []


@pytest.mark.parametrize("broken", [raw(0), raw(1, event_id=None), raw(1, occurred_at=pd.NaT)])
def test_a_lander_that_doubles_or_loses_identity_is_critical(broken: dict[str, Any]) -> None:
    verdict = judge_raw(pd.DataFrame([raw(0), broken]))
    assert not verdict.passed
    assert verdict.failures


@pytest.mark.parametrize(
    "strange",
    [
        raw(1, event_type="analytics.mind_changed"),
        raw(1, occurred_at=pd.Timestamp("1970-01-01", tz="UTC")),
        raw(1, occurred_at=pd.Timestamp("2026-03-03", tz="UTC")),
    ],
)
def test_one_strange_sender_is_told_and_stops_nothing(strange: dict[str, Any]) -> None:
    verdict = judge_raw(pd.DataFrame([raw(0), strange]))
    assert verdict.passed
    assert len(verdict.warnings) == 1


def mart(**changes: Any) -> dict[str, Any]:
    return {
        "day": AT.date(),
        "currency": "USD",
        "orders": 2,
        "units": 3,
        "revenue_minor": 500,
        "goods_minor": 450,
        "customers": 2,
        "new_customers": 1,
        "orders_in_facts": 2,
        "units_in_orders": 3,
        "revenue_in_orders": 500,
        "units_in_lines": 3,
        "goods_in_orders": 450,
        "goods_in_lines": 450,
    } | changes


def test_marts_that_equal_their_facts_pass() -> None:
    assert judge_marts(pd.DataFrame([mart(), mart(currency="EUR")])).passed


@pytest.mark.parametrize(
    "broken",
    [
        mart(revenue_minor=499),
        mart(goods_in_lines=451),
        mart(orders_in_facts=3),
        mart(revenue_minor=-500, revenue_in_orders=-500),
        mart(currency=None),
        mart(orders=None, units=None, revenue_minor=None, customers=None, new_customers=None),
    ],
)
def test_marts_that_lose_or_invent_money_fail(broken: dict[str, Any]) -> None:
    verdict = judge_marts(pd.DataFrame([mart(), broken]))
    assert not verdict.passed


def test_an_empty_shop_is_fine() -> None:
    assert judge_marts(pd.DataFrame(columns=list(mart()))).passed

"""Strikes that fade, what may be decided by whom, and what changed between two versions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domains.moderation.contracts.cases import ORIGINS, Act, CaseView, Origin
from api.domains.moderation.domain.cases import DECISIONS, WITHIN, due, effect, fitted, may_decide, raised
from api.domains.moderation.domain.differences import differences
from api.domains.moderation.domain.sanctions import FADES_IN, SUSPENDED, Sanction, points, standing

NOW = datetime(2026, 12, 1, tzinfo=UTC)
given_before = st.timedeltas(timedelta(0), timedelta(days=200)).map(lambda ago: NOW - ago)
NONE = dict.fromkeys(CaseView.__dataclass_fields__)
CASE = CaseView(**NONE | {"origin": "hold", "kind": "post", "people": []})
SANCTIONS = st.lists(st.builds(Sanction, st.integers(0, 3), given_before), max_size=8)


def test_a_strike_fades_evenly_and_is_gone() -> None:
    strike = [Sanction(2, NOW)]
    assert [points(strike, NOW + FADES_IN * part) for part in (0, 0.5, 1, 2)] == [2, 1, 0, 0]


def test_what_follows_from_points() -> None:
    for strikes, is_watched, is_suspended in (([1], False, False), ([2], True, False), ([1, 2], True, True)):
        found = standing([Sanction(each, NOW) for each in strikes], NOW)
        assert (found.is_watched, found.suspended_until is not None) == (is_watched, is_suspended)
    restricted = Sanction(0, NOW - timedelta(days=1), NOW + timedelta(hours=1))
    assert standing([restricted], NOW).suspended_until == NOW + timedelta(hours=1)
    assert standing([restricted], NOW + timedelta(hours=2)).suspended_until is None


@given(SANCTIONS)
def test_a_suspension_ends_when_it_says(sanctions: list[Sanction]) -> None:
    now = standing(sanctions, NOW)
    assert (now.suspended_until is not None) == (points(sanctions, NOW) > SUSPENDED)
    if now.suspended_until is not None:
        assert points(sanctions, now.suspended_until) == pytest.approx(SUSPENDED)
        assert standing(sanctions, now.suspended_until + timedelta(seconds=1)).suspended_until is None


@given(SANCTIONS, st.timedeltas(timedelta(0), timedelta(days=100)))
def test_points_only_fall_by_themselves(sanctions: list[Sanction], later: timedelta) -> None:
    assert points(sanctions, NOW + later) <= points(sanctions, NOW) + 1e-9


def test_what_is_graver_is_due_sooner_and_what_waits_comes_to_its_turn() -> None:
    assert [due(each, NOW) for each in sorted(WITHIN)] == sorted((due(each, NOW) for each in WITHIN), reverse=True)
    assert due(0, NOW - timedelta(days=3)) < due(3, NOW)
    assert [raised(severity, 5) for severity in (0, 1, 2, 3)] == [1, 2, 2, 3]
    assert raised(0, 4) == 0


@pytest.mark.parametrize("origin", ORIGINS)
def test_to_let_stand_means_the_same_everywhere(origin: Origin) -> None:
    said: tuple[Act, ...] = ("approve", "dismiss")
    assert {effect(fitted(each, origin)) for each in said} == {"stand"}
    assert {effect(each) for each in DECISIONS.get(origin, ())} <= {"stand", "fall", "none"}


def test_what_changed_is_shown_line_by_line() -> None:
    before, after = "Be kind.\n\nNo adverts.", "Be kind.\n\nNo adverts at all.\n\nHave fun."
    assert differences(before, after) == [
        ("same", "Be kind."), ("gone", "No adverts."), ("new", "No adverts at all."), ("new", "Have fun."),
    ]  # fmt: skip


@given(st.text(max_size=200), st.text(max_size=200))
def test_both_versions_can_be_read_from_the_difference(before: str, after: str) -> None:
    found = differences(before, after)
    for kinds, whole in ((("same", "gone"), before), (("same", "new"), after)):
        assert [line for kind, line in found if kind in kinds] == [line for line in whole.splitlines() if line.strip()]


def test_an_appeal_is_for_neither_the_first_decider_nor_the_author_nor_their_aliases() -> None:
    first, author, alias, third = (UUID(int=n) for n in range(1, 5))
    appeal = replace(CASE, origin="appeal", author_id=author, first_decider_id=first)
    refused = [(first, ()), (author, ()), (alias, (first,)), (alias, (author,))]
    assert all(may_decide(appeal, decider, linked) for decider, linked in refused)
    assert may_decide(appeal, third, [alias]) is None
    assert may_decide(replace(CASE, first_decider_id=first), first, []) is None
    assert may_decide(replace(CASE, people=[first, author]), alias, [first])

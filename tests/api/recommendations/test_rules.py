"""The rules of a shelf, without any server."""

import random
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from api.domains.recommendations.domain.candidates import (
    Candidate,
    New,
    contributions,
    explained,
    for_cart,
    for_home,
    for_new,
    reason,
    reranked,
)
from api.domains.recommendations.domain.opinion import (
    RECENT_HALF_LIFE,
    Model,
    Person,
    Recent,
    opinion_of,
    recent_history,
)
from api.domains.recommendations.domain.policy import USUAL, Policy
from api.domains.recommendations.domain.shelf import Placed, Traits, pick, place
from ml.recommendations.serving import History
from tests.api.recommendations.conftest import model

NOW = 1_000_000_000.0


def traits(types: Mapping[int, str]) -> dict[int, Traits]:
    """Products whose category is that of their type."""
    return {product_id: Traits.of(kind, kind, "National") for product_id, kind in types.items()}


def home(subject: Model, person: Person, limit: int) -> list[Candidate]:
    opinion = opinion_of(subject, person, NOW)
    return explained(subject, person, opinion, for_home(subject, person, limit, opinion))


def viewed(product_id: int, ago: float = 0.0) -> Recent:
    return Recent(product_id, "viewed", NOW - ago)


def test_what_was_done_fades_by_half_in_three_days_and_adds_up() -> None:
    found = recent_history([viewed(1), viewed(1, RECENT_HALF_LIFE), Recent(2, "ordered", NOW + 60)], NOW)
    assert dict(zip(found.product_ids.tolist(), found.weights.tolist(), strict=True)) == {1: 0.75, 2: 1.0}
    assert recent_history([Recent(1, "searched", NOW)], NOW).product_ids.tolist() == []


def test_repeats_looks_and_discoveries_take_turns() -> None:
    subject = model([1, 2, 3, 4, 5, 6], {1: [2, 3], 4: [5, 6]})
    found = home(subject, Person(History.of({1: 3.0}), [viewed(4)]), 6)
    assert [(each.product_id, each.kind) for each in found[:3]] == [(1, "often"), (5, "looked"), (2, "bought")]
    assert found[2].source == 1


def test_what_was_ordered_a_moment_ago_is_not_offered_again() -> None:
    subject = model([1, 2, 3], {1: [2, 3]})
    found = home(subject, Person(History.of({1: 3.0}), [Recent(1, "ordered", NOW)]), 6)
    assert found
    assert 1 not in {each.product_id for each in found}


def test_of_many_purchases_only_the_frequent_are_repeats() -> None:
    ids = range(1, 31)
    bought = History.of({product_id: 3.0 if product_id == 7 else 1.0 for product_id in ids})
    found = home(model(list(ids), {1: [2]}), Person(bought), 6)
    assert [each.product_id for each in found if each.kind in {"often", "again"}] == [7]


def test_a_product_too_new_for_the_scores_still_leads_somewhere() -> None:
    subject = model([1, 2], {1: [2]}, similar={99: [1]})
    found = home(subject, Person(recent=[viewed(99)]), 4)
    assert [(each.product_id, each.kind) for each in found] == [(1, "looked"), (2, "popular")]


def test_a_cart_adds_up_what_speaks_for_a_product() -> None:
    found = for_cart(model([1], {1: [3, 4], 2: [4, 5]}), [1, 2], 6)
    assert [(each.product_id, each.source) for each in found] == [(4, 2), (3, 1), (5, 2)]
    assert [each.score for each in found] == [1.5, 1.0, 0.5]


def test_a_reason_without_a_name_says_less() -> None:
    assert reason(Candidate(1, 1.0, "looked", 5), {5: "Tea"}) == "Because you looked at Tea"
    assert reason(Candidate(1, 1.0, "looked", 5), {}) == "Fits what you buy"
    assert reason(Candidate(1, 1.0, "popular"), {}) == "Popular this month"


def test_scores_that_are_no_numbers_are_left_out() -> None:
    found = pick([Candidate(1, float("nan"), "taste"), Candidate(2, 1.0, "taste")], traits({1: "a", 2: "b"}), 5, USUAL)
    assert [each.product_id for each in found] == [2]


@given(
    ids=some.lists(some.integers(1, 30), max_size=60),
    types=some.dictionaries(some.integers(1, 30), some.sampled_from(["a", "b", "c"])),
    limit=some.integers(1, 20),
)
def test_a_shelf_is_full_of_different_things_that_can_be_bought(
    ids: list[int], types: dict[int, str], limit: int
) -> None:
    ranked = pick([Candidate(each, 1.0, "taste") for each in ids], traits(types), limit, USUAL)
    assert len({each.product_id for each in ranked}) == len(ranked) == len(set(ids) & types.keys())
    chosen = [each.product_id for each in ranked[:limit]]
    possible = set(ids) & types.keys()
    assert len(chosen) == len(set(chosen)) == min(limit, len(possible))
    assert set(chosen) <= possible
    counts = np.unique([types[each] for each in chosen], return_counts=True)[1]
    held_back = min(limit, sum(min(USUAL.most_of_a_type, list(map(types.get, possible)).count(kind)) for kind in "abc"))
    assert held_back < limit or all(count <= USUAL.most_of_a_type for count in counts)


def test_the_second_of_a_kind_comes_after_something_else() -> None:
    milks_and_bread = [Candidate(each, 1.0, "taste") for each in (1, 2, 3)]
    kinds = traits({1: "milk", 2: "milk", 3: "bread"})
    found = [
        [each.product_id for each in pick(milks_and_bread, kinds, 3, Policy(relevance=relevance))]
        for relevance in (1.0, 0.5)
    ]
    assert found == [[1, 2, 3], [1, 3, 2]]


def test_what_only_fills_a_place_comes_last_however_different_it_is() -> None:
    found = pick(
        [Candidate(1, 1.0, "new", is_filler=True), Candidate(2, 1.0, "taste"), Candidate(3, 1.0, "taste")],
        traits({1: "tea", 2: "milk", 3: "milk"}),
        3,
        Policy(relevance=0.5),
    )
    assert [each.product_id for each in found] == [2, 3, 1]


@pytest.mark.parametrize("policy", [Policy(), Policy(slot_every=3, pool=5), Policy(slot_every=4, pool=8)])
def test_a_propensity_is_how_often_a_product_stands_at_its_place(policy: Policy) -> None:
    ranked = [Candidate(each, 1.0, "taste") for each in range(40)]
    lot, times = random.Random(5), 20_000
    seen: Counter[tuple[int, int]] = Counter()
    said: dict[tuple[int, int], float] = {}
    for _ in range(times):
        for position, placed in enumerate(place(ranked, 12, policy, lot), start=1):
            at = (position, placed.candidate.product_id)
            seen[at] += 1
            assert said.setdefault(at, placed.propensity) == placed.propensity
    for at, propensity in said.items():
        # Five standard deviations of a share, for some hundred of them.
        bound = 5 * (propensity * (1 - propensity) / times) ** 0.5
        assert abs(seen[at] / times - propensity) <= bound, at
    by_position: dict[int, float] = {}
    for (position, _), propensity in said.items():
        by_position[position] = by_position.get(position, 0.0) + propensity
    assert by_position == pytest.approx(dict.fromkeys(range(1, 13), 1.0))


def test_drawn_places_are_few_and_say_from_what_they_were_drawn() -> None:
    placed = place([Candidate(each, 1.0, "taste") for each in range(60)], 12, USUAL, random.Random(1))
    drawn = {position: each for position, each in enumerate(placed, start=1) if each.propensity < 1}
    assert list(drawn) == [6, 12]
    for each in drawn.values():
        assert each.pool_size == 40
        assert each.pool_rank == each.candidate.product_id - 10 + 1
    assert [each.candidate.product_id for each in placed if each.propensity == 1] == list(range(10))


@pytest.mark.parametrize(("count", "limit"), [(0, 12), (1, 12), (12, 12), (13, 12), (5, 5), (60, 5)])
def test_with_too_few_to_draw_from_nothing_is_drawn(count: int, limit: int) -> None:
    ranked = [Candidate(each, 1.0, "taste") for each in range(count)]
    assert place(ranked, limit, USUAL, random.Random(1)) == [Placed(each) for each in ranked[:limit]]


def test_what_nobody_buys_twice_is_no_repeat() -> None:
    subject = model([1, 2, 3], {1: [3]}, scopes={"repeats": [2]})
    found = home(subject, Person(History.of({1: 3.0, 2: 3.0})), 6)
    assert [each.product_id for each in found if each.kind in {"often", "again"}] == [2]
    assert 1 not in {each.product_id for each in found}


def test_a_stranger_begins_with_what_people_alike_buy_there() -> None:
    subject = model([1, 2, 3], {1: [2]}, scopes={"segment:household_size=2": [7, 8], "department:Tea": [9]})
    person = Person(scopes=["department:Tea", "segment:household_size=2", "segment:age_band=nobody"])
    found = home(subject, person, 6)
    assert [(each.product_id, each.kind) for each in found[:5]] == [
        *((9, "here"), (7, "segment"), (1, "popular"), (8, "segment"), (2, "popular"))
    ]


def test_new_products_are_ordered_by_what_is_like_them() -> None:
    subject = model([1, 2, 3], {1: [2]}, similar={50: [3], 51: [2], 52: []})
    new = New.of(subject, [50, 51, 52, 53])
    found = for_new(subject, new, opinion_of(subject, Person(History.of({1: 1.0})), NOW))
    assert found[0].product_id == 51
    assert all(each.is_filler for each in found)


def test_a_reason_stands_on_what_was_done() -> None:
    person = Person(History.of({1: 3.0, 4: 1.0}), [viewed(4, 5.0), Recent(4, "carted", NOW - 9), viewed(5)])
    assert list(contributions(Candidate(9, 1.0, "bought", 4), person)) == [
        *((4, "viewed", NOW - 5), (4, "carted", NOW - 9), (4, "bought", None))
    ]
    assert list(contributions(Candidate(1, 1.0, "often"), person)) == [(1, "bought", None)]
    assert list(contributions(Candidate(9, 1.0, "popular"), person)) == []
    assert list(contributions(Candidate(9, 1.0, "together", 5), person)) == []


def test_a_search_puts_forward_what_fits_but_not_from_the_end_to_the_start() -> None:
    subject = model([1, 2, 3], {1: [30, 31]})
    found = [*range(10, 20), 30]
    assert reranked(subject, Person(), found, NOW) == list(range(11))
    order = reranked(subject, Person(History.of({1: 1.0})), found, NOW)
    assert order.index(10) == 7
    assert [each for each in order if each != 10] == list(range(10))
    removed = Person(History.of({99: 1.0}))
    assert reranked(subject, removed, found, NOW) == list(range(11))

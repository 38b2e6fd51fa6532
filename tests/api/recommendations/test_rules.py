"""The rules of a shelf, without any server."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from api.domains.recommendations.domain import (
    MOST_OF_A_TYPE,
    RECENT_HALF_LIFE,
    Candidate,
    Recent,
    for_cart,
    for_home,
    pick,
    reason,
    recent_history,
)
from ml.recommendations.serving import EMPTY, History
from tests.api.recommendations.conftest import model

NOW = 1_000_000_000.0


def viewed(product_id: int, ago: float = 0.0) -> Recent:
    return Recent(product_id, "viewed", NOW - ago)


def test_what_was_done_fades_by_half_in_three_days_and_adds_up() -> None:
    found = recent_history([viewed(1), viewed(1, RECENT_HALF_LIFE), Recent(2, "ordered", NOW + 60)], NOW)
    assert dict(zip(found.product_ids.tolist(), found.weights.tolist(), strict=True)) == {1: 0.75, 2: 1.0}
    assert recent_history([Recent(1, "searched", NOW)], NOW).product_ids.tolist() == []


def test_repeats_looks_and_discoveries_take_turns() -> None:
    subject = model([1, 2, 3, 4, 5, 6], {1: [2, 3], 4: [5, 6]})
    found = for_home(subject, History.of({1: 3.0}), [viewed(4)], NOW, 6)
    assert [(each.product_id, each.kind) for each in found[:3]] == [(1, "often"), (5, "looked"), (2, "bought")]
    assert found[2].source == 1


def test_what_was_ordered_a_moment_ago_is_not_offered_again() -> None:
    subject = model([1, 2, 3], {1: [2, 3]})
    found = for_home(subject, History.of({1: 3.0}), [Recent(1, "ordered", NOW)], NOW, 6)
    assert found
    assert 1 not in {each.product_id for each in found}


def test_of_many_purchases_only_the_frequent_are_repeats() -> None:
    ids = range(1, 31)
    bought = History.of({product_id: 3.0 if product_id == 7 else 1.0 for product_id in ids})
    found = for_home(model(list(ids), {1: [2]}), bought, [], NOW, 6)
    assert [each.product_id for each in found if each.kind in {"often", "again"}] == [7]


def test_a_product_too_new_for_the_scores_still_leads_somewhere() -> None:
    subject = model([1, 2], {1: [2]}, similar={99: [1]})
    found = for_home(subject, EMPTY, [viewed(99)], NOW, 4)
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
    found = pick([Candidate(1, float("nan"), "taste"), Candidate(2, 1.0, "taste")], {1: "a", 2: "b"}, 5)
    assert [each.product_id for each in found] == [2]


@given(
    ids=some.lists(some.integers(1, 30), max_size=60),
    types=some.dictionaries(some.integers(1, 30), some.sampled_from(["a", "b", "c"])),
    limit=some.integers(1, 20),
)
def test_a_shelf_is_full_of_different_things_that_can_be_bought(
    ids: list[int], types: dict[int, str], limit: int
) -> None:
    chosen = [each.product_id for each in pick([Candidate(each, 1.0, "taste") for each in ids], types, limit)]
    possible = set(ids) & types.keys()
    assert len(chosen) == len(set(chosen)) == min(limit, len(possible))
    assert set(chosen) <= possible
    counts = np.unique([types[each] for each in chosen], return_counts=True)[1]
    held_back = min(limit, sum(min(MOST_OF_A_TYPE, list(map(types.get, possible)).count(kind)) for kind in "abc"))
    assert held_back < limit or all(count <= MOST_OF_A_TYPE for count in counts)

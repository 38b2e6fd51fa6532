"""Lists of a learned blend, without any server: whom it knows, what it does without, what it gives as reasons."""

from pathlib import Path

import numpy as np
import pytest

from api.domains.recommendations.domain.candidates import Candidate, explained, for_home, reranked
from api.domains.recommendations.domain.opinion import DAY, STRANGER, Model, Person, Recent, opinion_of
from api.domains.recommendations.repository.files import open_mapped, store
from ml.recommendations.serving import History
from tests.api.recommendations.conftest import TODAY, blended, model

NOW = TODAY * DAY
POPULAR = list(range(1, 31))
TOGETHER = {1: [11, 12, 13], 2: [14, 15], 3: [16]}


@pytest.fixture(scope="module")
def subject() -> Model:
    return blended(POPULAR, TOGETHER)


def home(subject: Model, person: Person, limit: int = 6) -> list[Candidate]:
    opinion = opinion_of(subject, person, NOW)
    return explained(subject, person, opinion, for_home(subject, person, limit, opinion))


def bought(*days_ago: float, weight: float = 2.0) -> Person:
    """Products 1, 2, …, each that long ago."""
    ids = np.arange(1, len(days_ago) + 1)
    days = np.array([TODAY - ago for ago in days_ago], np.float32)
    return Person(History(ids, np.full(len(ids), weight, np.float32)), days=days)


def test_a_stranger_gets_what_is_popular(subject: Model) -> None:
    assert [each.product_id for each in home(subject, STRANGER)[:3]] == POPULAR[:3]
    assert {each.kind for each in home(subject, STRANGER)} == {"popular"}


def test_one_event_of_this_very_moment_leads_the_list(subject: Model) -> None:
    found = home(subject, Person(recent=[Recent(2, "viewed", NOW)]))
    assert [(each.product_id, each.kind, each.source) for each in found[:2]] == [(14, "looked", 2), (15, "looked", 2)]
    assert all(each.product_id != 2 for each in found)


def test_ten_thousand_events_are_as_good_as_their_products(subject: Model) -> None:
    dice = np.random.default_rng(3)
    many = History(dice.integers(1, 4, 10_000), np.ones(10_000, np.float32))
    person = Person(many, days=dice.uniform(TODAY - 90, TODAY, 10_000).astype(np.float32))
    found = home(subject, person)
    assert {each.product_id for each in found if each.kind == "often"} == {1, 2, 3}
    assert all(np.isfinite(each.score) for each in found)


def test_what_is_due_stands_before_what_was_bought_yesterday(subject: Model) -> None:
    often = [each.product_id for each in home(subject, bought(1, 30, 2)) if each.kind == "often"]
    assert often == [2, 1, 3]


def test_discoveries_name_what_speaks_loudest_for_them(subject: Model) -> None:
    sources = {each.product_id: each.source for each in home(subject, bought(3, 3)) if each.kind == "bought"}
    assert sources[11] == 1
    assert sources[14] == 2


def test_what_vanished_since_and_what_the_model_never_knew_change_nothing(subject: Model) -> None:
    known = bought(3, 3)
    assert known.days is not None
    history = History(np.append(known.bought.product_ids, 999), np.append(known.bought.weights, np.float32(9)))
    more = Person(history, days=np.append(known.days, np.float32(TODAY)))
    assert home(subject, more) == home(subject, known)
    gone = Person(History.of({999: 1.0}), days=np.array([TODAY], np.float32))
    assert [each.kind for each in home(subject, gone)] == ["popular"] * len(home(subject, gone))


def test_a_history_without_days_is_answered_by_the_single_model(subject: Model) -> None:
    person = Person(History.of({1: 2.0}))
    single = model(POPULAR, TOGETHER)
    assert [each.product_id for each in home(subject, person)] == [each.product_id for each in home(single, person)]


def test_a_search_is_put_in_order_by_the_blend(subject: Model) -> None:
    assert reranked(subject, bought(3), [20, 21, 22, 11], NOW) == [0, 1, 3, 2]
    assert reranked(subject, STRANGER, [20, 21, 22, 11], NOW) == [0, 1, 2, 3]


def test_files_give_back_the_same_blend_with_shared_arrays_once(subject: Model, tmp_path: Path) -> None:
    store(tmp_path / "7", subject)
    again = open_mapped(tmp_path / "7")
    assert home(again, bought(1, 30, 2)) == home(subject, bought(1, 30, 2))
    assert again.blend is not None
    with pytest.raises(ValueError, match="read-only"):
        again.blend.items.recent[0] = 1

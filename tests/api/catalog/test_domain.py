"""Rules of catalog without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.core.slugs import slugify
from api.domains.catalog.domain import LONGEST_QUERY_WORDS, count_words, query_words, tsquery


@given(st.text(max_size=60))
def test_a_slug_stays_itself_and_fits_an_address(name: str) -> None:
    slug = slugify(name)
    assert slugify(slug) == slug
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Drugstore & general goods", "drugstore-general-goods"), ("Crème brûlée", "creme-brulee"), ("∅", "other")],
)
def test_slugs_of_real_names(name: str, slug: str) -> None:
    assert slugify(name) == slug


def test_a_question_is_cut_to_what_a_person_types() -> None:
    assert query_words("Milk, MILK and  crème!") == ["milk", "and", "creme"]
    assert len(query_words(" ".join(f"word{number}" for number in range(50)))) == LONGEST_QUERY_WORDS


def test_a_word_counts_once_per_text() -> None:
    assert count_words(["milk milk a", "Milk chocolate"]) == {"milk": 2, "chocolate": 1}


def test_tsquery_asks_for_all_groups_or_for_any() -> None:
    groups = [["milk"], ["chocol", "choco"], []]
    assert tsquery(groups, match_all=True) == "('milk') & ('chocol' | 'choco')"
    assert tsquery(groups, match_all=False) == "('milk') | ('chocol' | 'choco')"


def test_a_stem_cannot_break_out_of_the_tsquery() -> None:
    assert tsquery([["milk", "x' | 'y"]], match_all=True) == "('milk')"

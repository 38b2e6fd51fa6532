"""Ranks: the formulas themselves, the same in Postgres, and what makes an edition exact."""

from datetime import UTC, datetime, timedelta
from math import isclose, log10

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.communities.contracts import Role
from api.domains.communities.domain.ranks import (
    ZERO_AFTER,
    best,
    certain,
    controversial,
    has_moved,
    hot,
    scaled,
)
from api.domains.communities.domain.roles import Standing, outranks

VOTES = st.integers(min_value=0, max_value=100_000)
AGES = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9))


def test_formulas() -> None:
    assert hot(0, timedelta(0)) == pytest.approx(log10(2) / 2**1.8)
    assert hot(98, timedelta(hours=8)) == pytest.approx(2 / 10**1.8)
    assert hot(-50, timedelta(hours=8)) == hot(0, timedelta(hours=8))
    assert hot(10_000, ZERO_AFTER) == 0
    assert scaled(1.0, 98) == pytest.approx(0.5)
    assert controversial(3, 2) == pytest.approx(5 ** (2 / 3))
    assert controversial(5, 0) == 0
    assert best(0, 0) == 0
    assert best(1, 0) == pytest.approx(0.2065, abs=1e-4)
    assert best(100, 1) > best(10, 0) > best(1, 0) > best(1, 1) > best(0, 1)


@given(score=st.integers(-1000, 1000), age=AGES, later=st.timedeltas(timedelta(0), timedelta(days=2)))
def test_time_alone_never_lifts_a_rank(score: int, age: timedelta, later: timedelta) -> None:
    assert hot(score, age + later) <= hot(score, age)
    assert hot(score, age) <= hot(score + 1, age)


@given(ups=VOTES, downs=VOTES)
def test_bounds(ups: int, downs: int) -> None:
    assert 0 <= best(ups, downs) <= 1
    assert controversial(ups, downs) == controversial(downs, ups)
    assert 0 <= controversial(ups, downs) <= ups + downs


async def test_postgres_has_the_same_functions(session: AsyncSession) -> None:
    at = datetime.now(UTC)
    ages = [timedelta(hours=each) for each in (0, 0.5, 3, 47, 167.9, 168, 500)]
    for score in (-5, -1, 0, 1, 9, 12_345):
        for age in ages:
            found = await session.execute(
                text("SELECT communities.hot(:score, :born, :at)"), {"score": score, "born": at - age, "at": at}
            )
            assert isclose(found.scalar_one(), hot(score, age), rel_tol=1e-9), (score, age)
    for ups, downs in ((0, 0), (1, 0), (0, 1), (3, 2), (2, 3), (500, 499), (100_000, 3)):
        values = {"ups": ups, "downs": downs}
        found = await session.execute(
            text("SELECT communities.best(:ups, :downs), communities.controversial(:ups, :downs)"), values
        )
        assert found.one() == pytest.approx((best(ups, downs), controversial(ups, downs)), rel=1e-9)


Post = tuple[int, float, float]


@given(
    posts=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda pair: (max(pair), min(pair))), max_size=30),
    wanted=st.integers(1, 10),
    k=st.integers(1, 30),
)
def test_an_edition_that_is_certain_is_that_of_all_posts(posts: list[tuple[float, float]], wanted: int, k: int) -> None:
    everything = sorted(((n, *each) for n, each in enumerate(posts)), key=lambda each: (each[1], each[0]), reverse=True)
    found, is_certain = certain(everything[:k], wanted, is_all=len(everything) <= k)
    exact = sorted((each[2] for each in everything if each[2] > 0), reverse=True)[:wanted]
    if is_certain:
        assert [posts[n][1] for n in found] == exact


@pytest.mark.parametrize(
    ("was", "members", "moved"), [(0, 0, False), (0, 1, True), (10, 11, True), (100, 109, False), (100, 90, True)]
)
def test_a_tenth_moves_a_communitys_size(was: int, members: int, moved: bool) -> None:
    assert has_moved(was, members) is moved


ROLES: tuple[Role | None, ...] = (None, "waiting", "banned", "member", "moderator", "owner")


def standing(role: Role | None, days: int) -> Standing:
    """With the day of the appointment, where there was one."""
    is_appointed = role in ("moderator", "owner")
    return Standing(role, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days) if is_appointed else None)


STANDINGS = st.builds(standing, st.sampled_from(ROLES), st.integers(0, 5))


@given(one=STANDINGS, other=STANDINGS)
def test_nobody_outranks_whoever_outranks_them(one: Standing, other: Standing) -> None:
    assert not (outranks(one, other) and outranks(other, one))
    assert not outranks(one, Standing("owner", datetime(2026, 1, 1, tzinfo=UTC)))

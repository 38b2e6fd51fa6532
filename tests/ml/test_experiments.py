"""Whether two sides differ, looked at again and again; and what another policy would have brought, from real logs."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml.experiments.serving import (
    Drawn,
    Side,
    best_of_pool,
    difference,
    doubly_robust,
    inverse_propensity,
    self_normalised,
)

BANDIT = Path(__file__).parents[3] / "shared" / "data" / "open_bandit_small"


def test_the_interval_and_the_p_value_are_those_of_the_formula() -> None:
    found = difference(Side(1000, 100), Side(1000, 150), mixture=0.02)
    # V = 0.1004·0.8996/1000 + 0.1503·0.8497/1000 by hand, with the half success that is added.
    variance = sum(p * (1 - p) / 1000 for p in (100.5 / 1001, 150.5 / 1001))
    ratio = np.sqrt(variance / (variance + 0.0004)) * np.exp(0.0004 * 0.05**2 / (2 * variance * (variance + 0.0004)))
    assert found.value == pytest.approx(0.05)
    assert found.p_value == pytest.approx(1 / ratio)
    assert found.is_sure is (found.p_value < 0.05)
    assert found.high - found.value == pytest.approx(found.value - found.low)


@pytest.mark.parametrize("successes", range(0, 60, 3))
def test_the_interval_leaves_out_zero_exactly_where_the_p_value_is_small(successes: int) -> None:
    found = difference(Side(500, 20), Side(500, successes))
    assert found.is_sure == (found.p_value < 0.05)


@pytest.mark.parametrize(("control", "treatment"), [((0, 0), (10, 1)), ((10, 1), (0, 0)), ((0, 0), (0, 0))])
def test_where_nobody_was_nothing_is_known(control: tuple[int, int], treatment: tuple[int, int]) -> None:
    found = difference(Side(*control), Side(*treatment))
    assert (found.value, found.p_value, found.is_sure) == (0.0, 1.0, False)


def test_none_and_all_are_not_taken_for_certain() -> None:
    assert not difference(Side(5, 0), Side(5, 5)).is_sure
    assert difference(Side(5000, 0), Side(5000, 5000)).is_sure


def looked_at(rates: tuple[float, float], seed: int, looks: int = 100, step: int = 100) -> bool:
    """Whether anybody who looks after every `step` people of each side would ever call it a difference."""
    dice = np.random.default_rng(seed)
    counts = np.cumsum([dice.binomial(step, rates) for _ in range(looks)], axis=0)
    return any(
        difference(Side(step * at, int(one)), Side(step * at, int(two))).is_sure
        for at, (one, two) in enumerate(counts, start=1)
    )


def test_looking_a_hundred_times_finds_nothing_where_there_is_nothing() -> None:
    # At most 5 % in the long run; of 400, more than 31 would have a chance of one in a hundred.
    assert sum(looked_at((0.1, 0.1), seed) for seed in range(400)) <= 31


def test_a_real_difference_is_found() -> None:
    assert sum(looked_at((0.10, 0.13), seed) for seed in range(100)) >= 95


def test_the_estimates_by_hand() -> None:
    rewards, propensities = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.5, 0.5, 0.25, 0.25])
    target = np.array([1.0, 0.0, 0.5, 0.0])
    assert inverse_propensity(rewards, propensities, target).value == pytest.approx((2 + 0 + 2 + 0) / 4)
    assert self_normalised(rewards, propensities, target).value == pytest.approx(1.0)
    assert inverse_propensity(rewards, propensities, target).effective == pytest.approx(16 / 8)
    predicted, expected = np.array([0.5, 0.5, 1.0, 0.0]), np.full(4, 0.75)
    robust = doubly_robust(rewards, propensities, target, predicted, expected)
    assert robust.value == pytest.approx(0.75 + (2 * 0.5 + 0 + 2 * 0 + 0) / 4)


def test_what_could_not_be_shown_is_refused() -> None:
    with pytest.raises(ValueError, match="could not be shown"):
        inverse_propensity(np.ones(1), np.zeros(1), np.ones(1))


@pytest.mark.parametrize("bias", [0.0, 0.3])
def test_doubly_robust_is_right_with_right_propensities_even_where_the_model_is_wrong(bias: float) -> None:
    dice = np.random.default_rng(3)
    arms, places = 10, 200_000
    rates = np.linspace(0.02, 0.2, arms)
    shown = dice.integers(0, arms, places)
    rewards = (dice.random(places) < rates[shown]).astype(np.float64)
    policy = np.where(np.arange(arms) >= 5, 0.2, 0.0)
    truth = float(policy @ rates)
    model = rates + bias
    robust = doubly_robust(
        rewards, np.full(places, 1 / arms), policy[shown], model[shown], np.full(places, policy @ model)
    )
    plain = inverse_propensity(rewards, np.full(places, 1 / arms), policy[shown])
    for estimate in (robust, plain):
        assert estimate.low <= truth <= estimate.high
    if not bias:
        assert robust.high - robust.low < plain.high - plain.low


def test_the_best_of_a_pool_from_sums() -> None:
    dice = np.random.default_rng(11)
    size = 20
    rates = np.linspace(0.2, 0.01, size)
    shown = np.full(size, 2_000.0)
    clicked = dice.binomial(2_000, rates).astype(np.float64)
    drawn = Drawn(np.full(size, float(size)), np.arange(1.0, size + 1), shown, clicked)
    for most in (1, 5, size):
        found = best_of_pool(drawn, most)
        truth = float(clicked[:most].sum() / shown[:most].sum())
        assert found.ips.value == pytest.approx(truth, rel=1e-6)
        assert found.snips.value == pytest.approx(truth, rel=1e-6)
        assert found.robust.low <= truth <= found.robust.high
    assert best_of_pool(drawn, size).ips.effective == pytest.approx(shown.sum())


def test_before_anything_was_drawn_nothing_is_known() -> None:
    nothing = np.empty(0)
    found = best_of_pool(Drawn(nothing, nothing, nothing, nothing), 3)
    assert found.ips.effective == found.robust.effective == 0


@pytest.mark.skipif(not BANDIT.is_dir(), reason="open_bandit_small is not here")
@pytest.mark.parametrize("campaign", ["all_all", "men_men", "women_women"])
def test_on_real_logs_the_policy_that_logged_is_worth_what_it_brought(campaign: str) -> None:
    log = pl.read_parquet(BANDIT / f"random_{campaign}.parquet")
    rewards = log["click"].to_numpy().astype(np.float64)
    propensities = log["propensity_score"].to_numpy().astype(np.float64)
    mean = rewards.mean()
    for estimate in (inverse_propensity, self_normalised):
        found = estimate(rewards, propensities, propensities)
        assert found.value == pytest.approx(mean)
        assert found.effective == pytest.approx(len(rewards))
    # Any policy at all: half of the log tells what the other half is worth.
    items = log["item_id"].to_numpy()
    odd = items % 2 == 1
    target = np.where(odd, propensities / propensities[odd].sum() * len(odd), 0.0)
    found = self_normalised(rewards, propensities, target)
    assert found.low <= rewards[odd].mean() <= found.high

"""Demand: series and forecasts with known answers, a backtest that knows nothing of what came later."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.evaluating_demand import evaluate_demand, read_sales
from infra.local.settings import LocalError
from ml.forecasting.backtest import Errors, backtest, deviations, origins_of
from ml.forecasting.forecast import forecast, record, report
from ml.forecasting.forecasters import HORIZON, Blended, RecentMean, SeasonalNaive, forecasters
from ml.forecasting.series import Demand, build, grown
from ml.registry import Registry

FIRST = date(2025, 1, 1)


def make_sales(days: int = 200, variants: int = 30, seed: int = 1) -> pl.DataFrame:
    """Steady sellers of 0.2 to 6 units a day, by chance; the last variant is two weeks old."""
    random = np.random.default_rng(seed)
    rates = np.geomspace(0.2, 6, variants)
    units = random.poisson(rates[:, None], (variants, days))
    units[-1, :-14] = 0
    rows, columns = np.nonzero(units)
    return pl.DataFrame(
        {
            "variant_id": rows + 1,
            "location": ["main" if row % 2 else "north" for row in rows],
            "day": [FIRST + timedelta(days=int(day)) for day in columns],
            "units": units[rows, columns],
        }
    )


def demand_of(units: list[list[int]]) -> Demand:
    array = np.asarray(units, np.float32)
    keys = pl.DataFrame({"variant_id": range(len(units)), "location": ["main"] * len(units)})
    return Demand(keys, array, FIRST)


def test_sales_become_a_row_per_variant_and_place() -> None:
    rows = [
        (7, "main", FIRST, 2),
        (7, "main", FIRST, 1),
        (7, "north", FIRST + timedelta(days=2), 5),
        (3, "main", FIRST + timedelta(days=1), -4),
        (3, "main", FIRST + timedelta(days=3), 1),
    ]
    sales = pl.DataFrame(rows, schema=["variant_id", "location", "day", "units"], orient="row")
    made = build(sales)
    assert made.keys.rows() == [(3, "main"), (7, "main"), (7, "north")]
    assert made.units.tolist() == [[0, 0, 0, 1], [3, 0, 0, 0], [0, 0, 5, 0]]
    assert build(sales, FIRST + timedelta(days=5)).units.shape == (3, 6)
    with pytest.raises(ValueError, match="lack location"):
        build(sales.drop("location"))
    with pytest.raises(ValueError, match="no sales"):
        build(sales.clear())


def test_the_naive_forecast_is_the_last_week_again() -> None:
    week = [1, 0, 2, 0, 0, 3, 1]
    units = np.asarray([[9] * 7 + week], np.float32)
    assert SeasonalNaive().forecast(units).tolist() == [2 * sum(week)]
    month = np.asarray([[0] * 100 + [1, 0] * 14], np.float32)
    assert RecentMean().forecast(month).tolist() == [HORIZON / 2]


def test_the_blend_finds_a_rate_that_never_changes() -> None:
    units = np.repeat(np.asarray([[1], [2], [5]], np.float32), 150, axis=1)
    blend = Blended()
    blend.fit(units)
    assert blend.forecast(units) == pytest.approx([HORIZON, 2 * HORIZON, 5 * HORIZON])
    with pytest.raises(ValueError, match="too short"):
        Blended().fit(units[:, :60])


def test_the_blend_is_better_than_the_last_week_where_demand_is_chance() -> None:
    tested = backtest(build(make_sales()), forecasters())
    assert tested.champion == "blended"
    gain, low, high = tested.gain["blended"]
    assert low < gain < high
    assert low > 0
    assert tested.figures["blended"]["wape"] < tested.figures["seasonal_naive"]["wape"]


def test_the_naive_forecast_wins_where_the_level_climbs() -> None:
    week = np.asarray([0, 1, 2, 0, 9, 4, 0], np.float32)
    climbing = (np.tile(week, (8, 30)) * 1.2 ** (np.arange(210) // 7)).astype(np.float32)
    keys = pl.DataFrame({"variant_id": range(8), "location": ["main"] * 8})
    tested = backtest(Demand(keys, climbing, FIRST), [SeasonalNaive(), RecentMean()], 3)
    assert tested.champion == "seasonal_naive"
    assert tested.gain["mean_28"][2] < 0


@settings(max_examples=4)
@given(st.integers(0, 2**32 - 1))
def test_nothing_after_an_origin_changes_its_forecast(seed: int) -> None:
    demand = build(make_sales(180, 10))
    changed = demand.units.copy()
    origin = origins_of(demand.days)[1]
    changed[:, origin:] = np.random.default_rng(seed).poisson(50, changed[:, origin:].shape)
    one = backtest(demand, forecasters())
    other = backtest(Demand(demand.keys, changed, demand.first), forecasters())
    for name, errors in one.errors.items():
        theirs = other.errors[name]
        assert errors.forecast[errors.origin <= origin].tolist() == theirs.forecast[theirs.origin <= origin].tolist()


def test_what_is_young_or_sells_seldom_is_not_forecast() -> None:
    young = [0] * 120 + [1] * 30
    seldom = [1] * 20 + [0] * 128 + [1, 1]
    steady = [1, 0] * 75
    assert grown(demand_of([young, seldom, steady, [0] * 150]).units).tolist() == [False, False, True, False]


def test_a_history_that_is_too_short_says_so() -> None:
    with pytest.raises(ValueError, match="too short to test"):
        forecast(make_sales(90))


def test_the_spread_is_that_of_the_errors() -> None:
    one = np.ones(3)
    errors = Errors(np.array([5.0, 7, 3]), np.array([2.0, 3, 3]), one, np.array([0.0, 0, 2]), one)
    found = deviations(errors, 3)
    assert found[0] == pytest.approx(np.sqrt((9 + 16) / 2 / HORIZON))
    assert np.isnan(found[1])
    assert found[2] == 0


@pytest.mark.filterwarnings("default")  # MLflow warns of its own code
def test_a_forecast_is_a_table_a_report_and_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = forecast(make_sales())
    assert made.table.columns == ["variant_id", "location", "daily_mean", "daily_deviation"]
    assert 30 not in made.table["variant_id"].to_list()
    last = made.table.row(-1, named=True)
    assert last["variant_id"] == 29
    assert last["daily_mean"] == pytest.approx(5.3, rel=0.2)
    assert (made.table["daily_deviation"] >= made.table["daily_mean"].sqrt() - 1e-9).all()
    assert "best by WAPE" in report(made)
    mlflow = Registry(f"sqlite:///{tmp_path}/mlflow.db")
    run = mlflow.client.get_run(record(mlflow, made, {"typed.orders": 5}))
    assert run.data.tags["lake.typed.orders"] == "5"
    assert run.data.metrics["wape"] == pytest.approx(made.tested.figures[made.tested.champion]["wape"])


def test_the_command_reads_files_and_says_what_it_cannot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "sales.csv", tmp_path / "figures.json"
    make_sales().vstack(make_sales().head(1)).write_csv(path)
    with path.open("a") as file:
        file.write("many,main,2025-01-01,3\n1,main,soon,3\n")
    evaluate_demand(path, 2, out)
    said = capsys.readouterr().out
    assert "2 rows without variant" in said
    assert "seasonal_naive" in said
    assert '"champion"' in out.read_text()
    make_sales().drop("units").write_csv(path)
    for broken, told in ((path, "lacks the column units"), (tmp_path / "none.parquet", "cannot be read")):
        with pytest.raises(LocalError, match=told):
            read_sales(broken)

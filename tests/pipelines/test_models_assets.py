"""Training as Dagster runs it: from typed events to MLflow and to the version that answers."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import dagster as dg
import polars as pl
import psycopg
import pytest

from infra.local import models as command
from infra.local.settings import LocalError
from ml.recommendations import packaging
from ml.recommendations.candidates import BLEND, candidates
from ml.registry import Registry, WorseChallengerError
from pipelines.defs.models.assets import CHAMPION, MODELS, SERVING, model_key, models
from pipelines.lib import training, typed
from pipelines.lib.serving import active_summary
from pipelines.lib.settings import Settings
from tests.ml.conftest import make_lines, make_products
from tests.pipelines.lake_writer import DAY, Lake
from tests.pipelines.serving_database import serving_database

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]  # MLflow warns of its own code


@pytest.fixture(scope="module")
def urls(stack_env: dict[str, str]) -> Iterator[dict[str, str]]:
    with serving_database(stack_env) as urls:
        yield urls


@pytest.fixture
def settings(lake: Lake, urls: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Typed tables of a small shop, an MLflow of this test's own, and empty serving tables."""
    monkeypatch.chdir(tmp_path)  # MLflow without a server keeps its files where it is started
    fill(lake)
    typed.build(lake.settings)
    with psycopg.connect(urls["AGORA_POSTGRES_OWNER_URL"]) as connection:
        connection.execute("truncate serving.model_versions restart identity cascade")
    return lake.settings.model_copy(
        update={
            "postgres_pipelines_url": urls["AGORA_POSTGRES_PIPELINES_URL"],
            "mlflow_url": f"sqlite:///{tmp_path}/mlflow.db",
        }
    )


def fill(lake: Lake) -> None:
    """Orders of 30 customers in 15 weeks, on one day of each week; one of the orders was cancelled."""
    lines = make_lines(customers=30, weeks=15).with_columns(
        at=pl.lit(DAY) + pl.col("occurred_at").rank("dense").cast(pl.Int64) * pl.duration(seconds=1),
        week=(pl.col("occurred_at") - pl.col("occurred_at").min()).dt.total_days() // 7,
    )
    orders = lines.group_by("customer_id", "order_id", maintain_order=True).agg(
        pl.col("product_id"), (pl.col("at") + pl.col("week") * pl.duration(days=7)).first()
    )
    records = [
        lake.order(
            at,
            uuid5(NAMESPACE_URL, customer),
            *((product, 1, 100) for product in products),
            order_id=uuid5(NAMESPACE_URL, order),
        )
        for customer, order, products, at in orders.iter_rows()
    ]
    cancelled = lake.event(
        "ordering.order_cancelled",
        orders[0, "at"],
        order_id=str(uuid5(NAMESPACE_URL, orders[0, "order_id"])),
        customer_id=str(uuid5(NAMESPACE_URL, orders[0, "customer_id"])),
        reason="changed my mind",
    )
    catalogue = [published(lake, row) for row in make_products().to_dicts()]
    renamed = make_products().to_dicts()[0] | {"title": "Cheddar cheese aged"}
    lake.land(*records, cancelled, *catalogue, published(lake, renamed, DAY.replace(hour=1)))


def published(lake: Lake, row: dict[str, Any], at: datetime = DAY) -> dict[str, Any]:
    sku = f"S-{row['product_id']}"
    return lake.event("catalog.product_published", at, sku=sku, price_minor=100, currency="USD", **row)


def run(settings: Settings) -> dg.ExecuteInProcessResult:
    return dg.materialize([models], resources={"settings": settings})


def metadata(result: dg.ExecuteInProcessResult, key: dg.AssetKey) -> dict[str, Any]:
    [found] = [event for event in result.get_asset_materialization_events() if event.asset_key == key]
    return {name: value.value for name, value in found.materialization.metadata.items()}


def test_training_reads_what_stands(settings: Settings) -> None:
    data = training.read(settings)
    assert data.lines["order_id"].n_unique() == 30 * 15 - 1
    assert data.products.height == 42
    assert data.products.filter(pl.col("product_id") == 1)["title"].to_list() == ["Cheddar cheese aged"]
    assert set(data.snapshots) == {
        "typed.ordering_order_placed",
        "typed.ordering_order_cancelled",
        "typed.catalog_product_published",
    }


def test_a_training_ends_in_the_registry_and_in_the_serving_tables(
    settings: Settings, urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(settings)
    assert result.success

    champion = metadata(result, CHAMPION)
    figures = {name: metadata(result, model_key(name)) for name in MODELS}
    best = max(figures, key=lambda name: figures[name]["ndcg_at_10"])
    assert champion["model"] == best
    assert figures[best]["ndcg_at_10"] > figures["popularity"]["ndcg_at_10"]
    assert champion["customers"] == 30

    mlflow = Registry(str(settings.mlflow_url))
    assert mlflow.champion(packaging.MODEL) == champion["registered_version"] == 1
    assert mlflow.metrics(packaging.MODEL, 1)["ndcg_at_10"] == pytest.approx(figures[best]["ndcg_at_10"])
    tags = mlflow.tags(packaging.MODEL, 1)
    assert tags["lake.typed.ordering_order_placed"] == champion["lake_snapshots"]["typed.ordering_order_placed"]
    assert champion["mlflow"].endswith(f"/runs/{mlflow.client.get_model_version(packaging.MODEL, '1').run_id}")
    for name in MODELS:
        logged = mlflow.client.get_run(figures[name]["mlflow"].rpartition("/")[2])
        assert logged.data.params["kind"]
        assert logged.outputs is not None
        assert len(logged.outputs.model_outputs) == 1

    summary = active_summary(settings)
    assert (summary["champion"], summary["version"]) == (best, metadata(result, SERVING)["version"])
    assert summary["mlflow_version"] == 1
    assert set(summary["models"]) == set(MODELS)
    with psycopg.connect(urls["AGORA_POSTGRES_URL"]) as connection:
        history = connection.execute("select count(*) from serving.customer_histories").fetchone()
        assert history == (30,)

    # A second training is version 2; a refused one leaves version 2 where it is.
    assert run(settings).success
    assert (mlflow.champion(packaging.MODEL), active_summary(settings)["mlflow_version"]) == (2, 2)
    go_back_and_forth(settings, mlflow, monkeypatch)
    monkeypatch.setattr(packaging, "champion_figure", lambda *_: 2.0)
    with pytest.raises(WorseChallengerError):
        run(settings)
    assert (mlflow.champion(packaging.MODEL), active_summary(settings)["mlflow_version"]) == (2, 2)


def go_back_and_forth(settings: Settings, mlflow: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `agora models` does, between versions 1 and 2."""
    monkeypatch.setattr(command, "_settings", lambda: settings)
    [newer, older] = mlflow.versions(packaging.MODEL)
    assert (newer.version, newer.is_champion, older.is_champion) == (2, True, False)
    assert newer.people == older.people  # the same weeks were asked about
    values = mlflow.per_person(newer.run_id)["ndcg_at_10"]
    assert sum(values) / len(values) == pytest.approx(newer.metrics["ndcg_at_10"])
    command.list_models("json")
    command.compare(1, 2, "json")
    with pytest.raises(LocalError, match="no such version: 9"):
        command.compare(1, 9, "table")

    began = time.monotonic()
    command.rollback()
    assert time.monotonic() - began < 5
    assert (mlflow.champion(packaging.MODEL), active_summary(settings)["mlflow_version"]) == (1, 1)
    with pytest.raises(LocalError, match="no version before"):
        command.rollback()
    with pytest.raises(LocalError, match="version 7 is not among"):
        command.promote(7, even_if_worse=False)
    command.promote(2, even_if_worse=False)
    assert (mlflow.champion(packaging.MODEL), active_summary(settings)["mlflow_version"]) == (2, 2)


def test_before_the_first_order_training_says_so(
    lake: Lake, urls: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    typed.build(lake.settings)
    addresses = {"postgres_pipelines_url": urls["AGORA_POSTGRES_PIPELINES_URL"], "mlflow_url": "sqlite:///mlflow.db"}
    with pytest.raises(ValueError, match="no purchases"):
        run(lake.settings.model_copy(update=addresses))


def test_every_candidate_is_an_asset() -> None:
    assert set(MODELS) == {candidate.name for candidate in candidates()} | {BLEND}
    assert set(models.group_names_by_key.values()) == {"models"}
    assert dg.AssetKey(["typed", "ordering_order_placed"]) in models.asset_deps[model_key("ease")]

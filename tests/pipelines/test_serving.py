"""Versions of the serving tables: written whole, swapped at once, refused without a trace."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pytest
from psycopg import sql

from ingestion.settings import SettingsError
from ml.moderation.serving import BUCKETS, Scorer
from pipelines.lib import serving, toxicity
from pipelines.lib.serving import NothingToServe, Version, activate, active_summary, publish
from pipelines.lib.settings import Settings, load_settings
from tests.pipelines.serving_database import serving_database

FIGURES = {"ndcg_at_10": 0.4, "recall_at_20": 0.15, "map_at_10": 0.3}
EASE = Version(
    "ease",
    "neighbours",
    {"kind": "neighbours", "power": 0.5},
    {"ease": FIGURES, "popularity": {"ndcg_at_10": 0.2, "recall_at_20": 0.07}},
    {"typed.ordering_order_placed": 2**62},
    "run",
    3,
)


@pytest.fixture(scope="module")
def urls(stack_env: dict[str, str]) -> Iterator[dict[str, str]]:
    with serving_database(stack_env) as urls:
        yield urls


@pytest.fixture
def settings(urls: dict[str, str]) -> Settings:
    with psycopg.connect(urls["AGORA_POSTGRES_OWNER_URL"]) as connection:
        connection.execute("truncate serving.model_versions restart identity cascade")
    return load_settings().model_copy(update={"postgres_pipelines_url": urls["AGORA_POSTGRES_PIPELINES_URL"]})


def tables(products: int = 3) -> dict[str, pa.Table]:
    """Product n points at n + 1; lists differ in length and one is empty."""
    ids = list(range(1, products + 1))
    integers, reals = pa.list_(pa.int64()), pa.list_(pa.float32())
    return {
        "item_factors": pa.table(
            {"product_id": ids, "factors": pa.array([[0.5 * i, -1.0] for i in ids], reals)},
        ),
        "item_neighbours": pa.table(
            {
                "relation": ["score"] * products,
                "product_id": ids,
                "neighbours": pa.array([list(range(i + 1, i + 1 + i % 3)) for i in ids], integers),
                "weights": pa.array([[1.0 / i] * (i % 3) for i in ids], reals),
            }
        ),
        "customer_histories": pa.table(
            {
                "customer_id": ["a", "b"],
                "product_ids": pa.array([[1, 2], [3]], integers),
                "weights": pa.array([[1.0, 0.5], [0.25]], reals),
            }
        ),
        "popular": pa.table(
            {"scope": ["all"], "product_ids": pa.array([ids], integers), "scores": pa.array([[1.0] * products], reals)}
        ),
    }


def read(urls: dict[str, str], statement: str) -> list[tuple[Any, ...]]:
    """As the API reads."""
    with psycopg.connect(urls["AGORA_POSTGRES_URL"]) as connection:
        return connection.execute(statement).fetchall()


def versions_in(urls: dict[str, str], table: str) -> set[int]:
    statement = sql.SQL("select distinct version from {}").format(sql.Identifier("serving", table))
    with psycopg.connect(urls["AGORA_POSTGRES_URL"]) as connection:
        return {row[0] for row in connection.execute(statement)}


def test_every_row_arrives_as_it_was(settings: Settings, urls: dict[str, str]) -> None:
    served = publish(settings, EASE, tables(50_000))
    assert served.rows == {"item_factors": 50_000, "item_neighbours": 50_000, "customer_histories": 2, "popular": 1}
    rows = read(urls, "select product_id, neighbours, weights from serving.item_neighbours order by 1")
    assert len(rows) == 50_000
    for product, neighbours, weights in rows:
        assert neighbours == list(range(product + 1, product + 1 + product % 3))
        assert weights == pytest.approx([1.0 / product] * (product % 3), rel=1e-5)
    assert read(urls, "select factors from serving.item_factors where product_id = 40001") == [([20000.5, -1.0],)]
    assert read(urls, "select customer_id, product_ids, weights from serving.customer_histories order by 1") == [
        ("a", [1, 2], [1.0, 0.5]),
        ("b", [3], [0.25]),
    ]
    snapshots, parameters = read(urls, "select lake_snapshots, parameters from serving.model_versions")[0]
    assert snapshots == {"typed.ordering_order_placed": 2**62}
    assert parameters == {"kind": "neighbours", "power": 0.5}


def test_the_files_of_a_blend_go_with_their_version(
    settings: Settings, urls: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "PART_BYTES", 4)
    (tmp_path / "a.npy").write_bytes(b"0123456789")
    (tmp_path / "b.json").write_bytes(b"{}")
    served = publish(settings, EASE, tables(), tmp_path)
    assert served.rows["model_files"] == 4
    stored = read(urls, "select name, string_agg(content, '' order by part) from serving.model_files group by 1")
    assert sorted(stored) == [("a.npy", b"0123456789"), ("b.json", b"{}")]
    for _ in range(serving.KEPT):
        publish(settings, EASE, tables())
    assert versions_in(urls, "model_files") == set()


def test_the_summary_says_what_answers(settings: Settings) -> None:
    assert active_summary(settings) == {}
    publish(settings, replace(EASE, champion="als"), tables())
    second = publish(settings, EASE, tables())
    found = active_summary(settings)
    assert (found["champion"], found["version"], found["mlflow_version"]) == ("ease", second.version, 3)
    assert found["models"] == {
        "ease": {"ndcg_at_10": 0.4, "recall_at_20": 0.15},
        "popularity": {"ndcg_at_10": 0.2, "recall_at_20": 0.07},
    }


def test_the_last_three_versions_stay(settings: Settings, urls: dict[str, str]) -> None:
    versions = [publish(settings, EASE, tables()).version for _ in range(5)]
    assert [row[0] for row in read(urls, "select version from serving.model_versions order by 1")] == versions[-3:]
    assert read(urls, "select version from serving.active") == [(versions[-1],)]
    for table in serving.TABLES:
        assert versions_in(urls, table) == set(versions[-3:])


def test_a_failed_write_leaves_the_version_before(settings: Settings, urls: dict[str, str]) -> None:
    first = publish(settings, EASE, tables())
    broken = tables() | {"popular": pa.concat_tables([tables()["popular"], tables()["popular"]])}
    with pytest.raises(psycopg.errors.UniqueViolation):
        publish(settings, EASE, broken)
    with pytest.raises(NothingToServe):
        publish(settings, EASE, tables() | {"popular": tables()["popular"].slice(0, 0)})
    assert active_summary(settings)["version"] == first.version
    for table in ("model_versions", *serving.TABLES):
        assert versions_in(urls, table) == {first.version}


def test_the_way_back(settings: Settings, urls: dict[str, str]) -> None:
    first, second = (publish(settings, EASE, tables()).version for _ in range(2))
    activate(settings, first)
    assert active_summary(settings)["version"] == first
    with pytest.raises(LookupError, match=f"version {second + 7}"):
        activate(settings, second + 7)
    assert active_summary(settings)["version"] == first
    third = publish(settings, EASE, tables()).version
    assert active_summary(settings)["version"] == third
    assert versions_in(urls, "model_versions") == {first, second, third}


def test_readers_never_see_half_a_version(settings: Settings, urls: dict[str, str]) -> None:
    """While versions of 40 and of 20 products follow each other, a reader finds one of the two, whole."""
    publish(settings, EASE, tables(20))
    seen: set[tuple[int, int]] = set()
    done = threading.Event()

    def watch() -> None:
        statement = """
            select a.version, (select count(*) from serving.item_factors f where f.version = a.version),
                (select cardinality(product_ids) from serving.popular p where p.version = a.version)
            from serving.active a
        """
        with psycopg.connect(urls["AGORA_POSTGRES_URL"], autocommit=True) as connection:
            while not done.is_set():
                [(_, factors, popular)] = connection.execute(statement).fetchall()
                seen.add((factors, popular))

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        for number in range(10):
            publish(settings, EASE, tables(40 if number % 2 else 20))
    finally:
        done.set()
        reader.join(10)
    assert seen <= {(20, 20), (40, 40)}
    assert seen


def test_two_writers_take_turns(settings: Settings, urls: dict[str, str]) -> None:
    writers = [threading.Thread(target=publish, args=(settings, EASE, tables(500))) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    newest, count = read(urls, "select max(version), count(*) from serving.model_versions")[0]
    assert count == 3
    assert read(urls, "select version from serving.active") == [(newest,)]


def test_the_api_may_only_read(settings: Settings, urls: dict[str, str]) -> None:
    publish(settings, EASE, tables())
    with (
        psycopg.connect(urls["AGORA_POSTGRES_URL"]) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("delete from serving.active")


def test_a_missing_address_is_named(settings: Settings) -> None:
    without = settings.model_copy(update={"postgres_pipelines_url": None})
    with pytest.raises(SettingsError, match="AGORA_POSTGRES_PIPELINES_URL"):
        active_summary(without)


@pytest.mark.filterwarnings("default")  # MLflow warns of its own code
def test_a_toxicity_model_is_trained_and_answers(
    settings: Settings, urls: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where this MLflow, without a server, puts files
    with_mlflow = settings.model_copy(update={"mlflow_url": f"sqlite:///{tmp_path}/mlflow.db"})
    outcome = toxicity.train(with_mlflow, tmp_path)
    assert outcome.missing
    [(version, size)] = read(urls, "select version, length(weights) from serving.toxicity")
    assert (version, size) == (outcome.version, BUCKETS * 4)
    assert read(urls, "select version from serving.active where name = 'toxicity'") == [(version,)]
    [(weights, bias)] = read(urls, "select weights, bias from serving.toxicity")
    again = Scorer(np.frombuffer(weights, "<f4"), bias)
    assert again.score("you are a stupid idiot") == outcome.trained.scorer.score("you are a stupid idiot") > 0.5

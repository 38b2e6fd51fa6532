"""A small shop with structure: two kinds of people who buy two kinds of products, and some who buy both."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.registry import Registry

START = datetime(2024, 1, 1, tzinfo=UTC)


def make_lines(customers: int = 60, products: int = 40, weeks: int = 24, seed: int = 1) -> pl.DataFrame:
    """Each customer orders weekly, mostly from an own half of the catalogue, with a few favourites."""
    random = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        half = np.arange(products // 2) + (customer % 2) * (products // 2) + 1
        favourites = random.choice(half, 4, replace=False)
        for week in range(weeks):
            basket = {int(p) for p in random.choice(half, 2)} | {int(p) for p in random.choice(favourites, 2)}
            at = START + timedelta(weeks=week, hours=int(random.integers(0, 160)))
            rows += [(f"c{customer:03}", product, 1, f"o{customer}-{week}", at) for product in sorted(basket)]
    return pl.DataFrame(rows, schema=["customer_id", "product_id", "quantity", "order_id", "occurred_at"], orient="row")


def make_products(products: int = 40) -> pl.DataFrame:
    """The first half are cheeses, the second half nails; products 41 and 42 were never sold."""
    ids = list(range(1, products + 3))
    cheese = [i <= products // 2 or i == products + 1 for i in ids]
    return pl.DataFrame(
        {
            "product_id": ids,
            "title": [f"{'Cheddar cheese' if c else 'Steel nail'} number{i}" for i, c in zip(ids, cheese, strict=True)],
            "category": ["CHEESE" if c else "NAILS" for c in cheese],
            "product_type": ["HARD CHEESE" if c else "LONG NAIL" for c in cheese],
            "brand": ["National" if i % 2 else "Private" for i in ids],
            "department": ["DAIRY" if c else "TOOLS" for c in cheese],
        }
    )


@pytest.fixture(scope="session")
def lines() -> pl.DataFrame:
    return make_lines()


@pytest.fixture(scope="session")
def products() -> pl.DataFrame:
    return make_products()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A real MLflow on SQLite."""
    folder = tmp_path_factory.mktemp("mlflow")
    return Registry(f"sqlite:///{folder}/mlflow.db", artifacts=f"file://{folder}/artifacts")

"""A small shop, a small model of it, and what people did a moment ago."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import psycopg
import pytest
import valkey
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.settings import get_settings
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.inventory import facade as inventory
from api.domains.recommendations.domain.opinion import Model
from api.domains.recommendations.service.model import get_holder
from ingestion.online.interactions import Interaction
from ingestion.online.service import keep
from ml.recommendations.serving import Blend, Items, Parameters, Related, Trees, assemble, top

Shop = dict[str, int]
Pairs = Mapping[int, Sequence[int]]
Scopes = Mapping[str, Sequence[int]]
Did = Callable[..., None]
KINDS = ("bread", "milk", "cheese", "tea", "soap", "wine")


def products() -> list[ProductImport]:
    """Four of each kind, `bread-0` … `wine-3`."""
    return [
        ProductImport(f"{kind}-{n}", f"{kind.title()} {n} · {n} oz", "Grocery", kind, kind, "National", None, 100 + n)
        for kind in KINDS
        for n in range(4)
    ]


async def stock_shop(session: AsyncSession) -> Shop:
    """SKU → product id; everything but wine-3 is there."""
    ids = await catalog.import_products(session, products())
    await inventory.receive_many(session, [(product_id, 5) for sku, product_id in ids.items() if sku != "wine-3"])
    return ids


@pytest.fixture
async def shop(session: AsyncSession) -> Shop:
    """The shop of this test."""
    ids = await stock_shop(session)
    await session.commit()
    return ids


def related(pairs: Pairs) -> Related:
    """Neighbours of products, best first."""
    ids = sorted(pairs)
    lengths = [len(pairs[each]) for each in ids]
    found = [neighbour for each in ids for neighbour in pairs[each]]
    weights = [1.0 / (place + 1) for length in lengths for place in range(length)]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Related(np.array(ids, np.int64), starts, np.array(found, np.int64), np.array(weights, np.float32))


def model(
    popular: Sequence[int],
    together: Pairs,
    similar: Pairs | None = None,
    version: int = 7,
    scopes: Scopes | None = None,
) -> Model:
    """A model whose scores come from `together`; `popular` and each of `scopes` are best first."""
    order = np.array(popular, np.int64)
    scores = np.linspace(1, 0.1, len(order), dtype=np.float32)
    pairs = related(together)
    scorer = assemble(Parameters("neighbours", repeat_weight=0.5), (order, scores), neighbours=pairs)
    arrays = {scope: np.array(ids, np.int64) for scope, ids in (scopes or {}).items()}
    return Model.of(version, "item_knn", scorer, pairs, related(similar or {}), arrays)


TODAY = 20_000.0


def blend(popular: Sequence[int], together: Pairs, similar: Pairs | None = None) -> Blend:
    """Two sources: what is bought together, and what is alike. Of new products it gives those with a category first;
    what was bought long ago is due before what was bought yesterday."""
    known = {*popular, *together, *chain.from_iterable(together.values())}
    ids = np.array(sorted(known), np.int64)
    counts = np.zeros(len(ids), np.float32)
    counts[np.searchsorted(ids, popular)] = np.linspace(1, 0.1, len(popular))
    sources = tuple(
        assemble(Parameters("neighbours"), (ids, counts), neighbours=related(pairs))
        for pairs in (together, similar or together)
    )
    zeros = np.zeros(len(ids), np.float32)
    items = Items(
        counts, counts, zeros, zeros, zeros + 3650, np.full(len(ids), -1, np.int32), zeros[:0], zeros,
        np.zeros((len(ids), 2), np.float32), TODAY - 100, 50.0,
    )  # fmt: skip
    made = Blend(ids, ("together", "similar"), sources, np.ones(2, np.float32), items, top(counts, 5), {}, depth=20)
    return replace(made, trees={"next": due_first(made.features)})


def due_first(features: Sequence[str]) -> Trees:
    """One tree: more than ten days since it was bought, or not."""
    at = features.index("own_days")
    starts = np.array([0] * (at + 1) + [1] * (len(features) - at), np.int64)
    still = np.full((1 + len(features), 1), 0xFFFF, np.uint16)
    still[at + 1] = 0xFFFE
    return Trees(starts, np.array([10.0]), still, np.array([[0.0, 1.0]]))


def blended(popular: Sequence[int], together: Pairs, similar: Pairs | None = None, version: int = 7) -> Model:
    """A model whose blend answers."""
    single = model(popular, together, similar, version)
    of_people = blend(popular, together, similar)
    return Model.of(version, "blend", single.scorer, single.together, single.similar, {}, of_people)


def answer_with(chosen: Model) -> None:
    """Let this process answer with a model, as if it had been loaded."""
    get_holder()._model = chosen


@pytest.fixture
def did(migrated_env: dict[str, str]) -> Iterator[Did]:
    """`did(person, product_id, kind)` is what `ingestion.online` writes when it reads of it."""
    client = valkey.Valkey.from_url(get_settings().valkey_url)
    keys: set[str] = set()

    def write(person: UUID, *product_ids: int, kind: str = "viewed", ago: float = 0.0) -> None:
        found = [Interaction(str(person), product_id, kind, time.time() - ago) for product_id in product_ids]
        keys.update(each.key for each in found)
        keep(client, found)

    yield write
    if keys:
        client.delete(*keys)
    client.close()  # type: ignore[no-untyped-call]


@pytest.fixture
def visitor_headers() -> dict[str, str]:
    """Somebody nobody knows yet."""
    return {"X-Agora-Anonymous-Id": str(uuid4())}


def write_version(
    url: str,
    factors: Mapping[int, Sequence[float]],
    popular: Sequence[int],
    activate: bool = True,
    kind: str = "profile",
    files: Path | None = None,
) -> int:
    """Leave a version in the serving tables, as the pipelines do."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "INSERT INTO serving.model_versions (name, kind, champion, parameters, metrics, lake_snapshots)"
            " VALUES ('recommendations', 'profile', 'content', '{}', '{}', '{}') RETURNING version"
        ).fetchone()
        assert row
        version = int(row[0])
        for product_id, values in factors.items():
            connection.execute(
                "INSERT INTO serving.item_factors VALUES (%s, %s, %s)", [version, product_id, list(values)]
            )
            connection.execute(
                "INSERT INTO serving.item_neighbours VALUES (%s, 'together', %s, %s, %s)",
                [version, product_id, [other for other in factors if other != product_id], [0.5] * (len(factors) - 1)],
            )
        scores = [1.0 / (place + 1) for place in range(len(popular))]
        connection.execute("INSERT INTO serving.popular VALUES (%s, 'all', %s, %s)", [version, list(popular), scores])
        for path in sorted(files.iterdir()) if files else ():
            content = path.read_bytes()
            for part in range(0, len(content), 100):
                values = [version, path.name, part // 100, content[part : part + 100]]
                connection.execute("INSERT INTO serving.model_files VALUES (%s, %s, %s, %s)", values)
    if activate:
        activate_version(url, version)
    return version


def activate_version(url: str, version: int) -> None:
    """Swap."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO serving.active (name, version) VALUES ('recommendations', %s)"
            " ON CONFLICT (name) DO UPDATE SET version = excluded.version",
            [version],
        )

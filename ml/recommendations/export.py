"""What a training leaves for the API: Arrow tables in the shape of the serving tables, without their version."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from ml.recommendations.interactions import Purchases
from ml.recommendations.models import content
from ml.recommendations.models.item_knn import cosine
from ml.recommendations.serving import Floats, Ids, Neighbours, Parameters, Scorer
from ml.recommendations.train import Training

TOGETHER = 24
SIMILAR = 12
PER_SCOPE = 200
HISTORY = 1000


def parameters(scorer: Scorer) -> Parameters:
    """The numbers that `serving.assemble` needs beside the arrays."""
    return Parameters(scorer.kind, scorer.repeat_weight, scorer.power, scorer.alpha, scorer.regularization)


def tables(training: Training) -> dict[str, pa.Table]:
    """item_factors, item_neighbours, customer_histories, popular.

    The relations of item_neighbours: `score` (the champion's own weights), `together` (often in the same order),
    `similar` (alike by their description, within a category).
    """
    scorer, purchases = training.scorer, training.purchases
    ids, vectors = content.vectors(training.products)
    together = cosine(purchases.baskets, 5, TOGETHER, 5.0, len(purchases.product_ids))
    related = [
        _related("together", purchases.product_ids, together),
        _related("similar", ids, content.similar(training.products, ids, vectors, SIMILAR)),
    ]
    if scorer.neighbours is not None:
        related.append(_related("score", scorer.product_ids, scorer.neighbours, best_first=False))
    return {
        "item_factors": _factors(scorer),
        "item_neighbours": pa.concat_tables(related),
        "customer_histories": histories(purchases),
        "popular": popular(scorer, training.products),
    }


def _lists(indptr: npt.NDArray[np.int64], values: npt.NDArray[np.generic]) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(indptr.astype(np.int32)), pa.array(values))


def _related(relation: str, ids: Ids, rows: Neighbours, best_first: bool = True) -> pa.Table:
    row = np.repeat(np.arange(len(ids)), np.diff(rows.indptr))
    order = np.lexsort((-rows.weights, row)) if best_first else np.arange(len(row))
    used = np.flatnonzero(np.diff(rows.indptr))
    offsets = np.concatenate([[0], np.cumsum(np.diff(rows.indptr)[used])])
    return pa.table(
        {
            "relation": pa.array([relation] * len(used), pa.string()),
            "product_id": pa.array(ids[used]),
            "neighbours": _lists(offsets, ids[rows.indices[order]]),
            "weights": _lists(offsets, rows.weights[order]),
        }
    )


def _factors(scorer: Scorer) -> pa.Table:
    table = scorer.factors if scorer.factors is not None else np.zeros((0, 1), np.float32)
    used = np.flatnonzero(np.abs(table).sum(axis=1))
    offsets = np.arange(len(used) + 1) * table.shape[1]
    return pa.table(
        {
            "product_id": pa.array(scorer.product_ids[used] if len(used) else np.empty(0, np.int64)),
            "factors": _lists(offsets, table[used].ravel()),
        }
    )


def histories(purchases: Purchases) -> pa.Table:
    """Per customer the products bought with their decayed weights, the strongest `HISTORY` of them."""
    starts = purchases.weights.indptr.astype(np.int64)
    row = np.repeat(np.arange(len(purchases.customer_ids)), np.diff(starts))
    order = np.lexsort((-purchases.weights.data, row))
    kept = order[(np.arange(len(order)) - starts[row[order]]) < HISTORY]
    offsets = np.concatenate([[0], np.cumsum(np.minimum(np.diff(starts), HISTORY))])
    return pa.table(
        {
            "customer_id": pa.array(purchases.customer_ids),
            "product_ids": _lists(offsets, purchases.product_ids[purchases.weights.indices[kept]]),
            "weights": _lists(offsets, purchases.weights.data[kept].astype(np.float32)),
        }
    )


def popular(scorer: Scorer, products: pl.DataFrame) -> pa.Table:
    """Scope `all` with every product that was ever bought, and `department:<name>` with its best."""
    bought = np.flatnonzero(scorer.popularity > 0)
    ids, scores = scorer.product_ids[bought], scorer.popularity[bought]
    scopes: list[str] = ["all"]
    found: list[tuple[Ids, Floats]] = [(ids, scores)]
    frame = pl.DataFrame({"product_id": ids, "score": scores}).join(
        products.unique("product_id").select("product_id", "department"), on="product_id"
    )
    best = frame.sort("score", "product_id", descending=[True, False])
    for (department,), part in best.group_by("department", maintain_order=True):
        top = part.head(PER_SCOPE)
        scopes.append(f"department:{department}")
        found.append((top["product_id"].to_numpy(), top["score"].to_numpy()))
    return pa.table(
        {
            "scope": pa.array(scopes),
            "product_ids": pa.array([pair[0] for pair in found], pa.list_(pa.int64())),
            "scores": pa.array([pair[1] for pair in found], pa.list_(pa.float32())),
        }
    )

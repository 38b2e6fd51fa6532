"""What a training leaves for the API: Arrow tables in the shape of the serving tables, without their version."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from ml.recommendations import interactions
from ml.recommendations.interactions import Purchases
from ml.recommendations.models import content
from ml.recommendations.models.item_knn import cosine
from ml.recommendations.serving import Floats, Ids, Neighbours, Parameters, Scorer, top
from ml.recommendations.train import Training

TOGETHER = 24
SIMILAR = 12
PER_SCOPE = 200
HISTORY = 1000
REPEATED = 0.05
FEWEST_PEOPLE = 20
_HISTORIES = pa.schema(
    {
        "customer_id": pa.string(),
        "product_ids": pa.list_(pa.int64()),
        "weights": pa.list_(pa.float32()),
        "days": pa.list_(pa.float32()),
        "reset_id": pa.string(),
    }
)


def parameters(scorer: Scorer) -> Parameters:
    """The numbers that `serving.assemble` needs beside the arrays."""
    return Parameters(scorer.kind, scorer.repeat_weight, scorer.power, scorer.alpha, scorer.regularization)


@dataclass(frozen=True)
class Said:
    """What people said about themselves and their taste.

    `removed` (customer_id, product_id) is what somebody does not want to be known by, `resets` (customer_id, reset_id,
    reset_at) each customer's last wish to begin anew, `segments` (customer_id, segment) like `age_band=35-44`.
    """

    removed: pl.DataFrame
    resets: pl.DataFrame
    segments: pl.DataFrame

    def respected(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The purchases that may still be used for the person who made them."""
        kept = lines.join(self.removed, on=["customer_id", "product_id"], how="anti")
        since = kept.join(self.resets, on="customer_id", how="left")
        is_after = pl.col("reset_at").is_null() | (pl.col("occurred_at") > pl.col("reset_at"))
        return since.filter(is_after).select(lines.columns)


def tables(training: Training, lines: pl.DataFrame | None = None, said: Said | None = None) -> dict[str, pa.Table]:
    """item_factors, item_neighbours, customer_histories, popular.

    The relations of item_neighbours: `score` (the champion's own weights), `together` (often in the same order),
    `similar` (alike by their description, within a category). With `lines` (what was trained on) and what people `said`
    their histories respect it, and there are lists of segments and of what is bought again.
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
        "customer_histories": histories(purchases) if said is None else _respectful(lines, said),
        "popular": popular(scorer, training.products, _more_scopes(purchases, training.products, lines, said)),
    }


def _respectful(lines: pl.DataFrame | None, said: Said) -> pa.Table:
    """Histories without what people took out; each says which reset it respects, also where nothing is left."""
    if lines is None:
        raise ValueError("what people said can only be respected with the lines")
    checked = said.respected(interactions.check(lines))
    resets = dict(said.resets.select("customer_id", "reset_id").iter_rows())
    if checked.is_empty():
        return _HISTORIES.empty_table()
    found = histories(interactions.build(checked))
    ids = [resets.get(customer) for customer in found["customer_id"].to_pylist()]
    return found.append_column("reset_id", pa.array(ids, pa.string()))


def _more_scopes(
    purchases: Purchases, products: pl.DataFrame, lines: pl.DataFrame | None, said: Said | None
) -> dict[str, tuple[Ids, Floats]]:
    scopes = {} if lines is None else {"repeats": bought_again(interactions.check(lines), products)}
    return scopes if said is None else scopes | of_segments(purchases, said.segments)


def bought_again(lines: pl.DataFrame, products: pl.DataFrame) -> tuple[Ids, Floats]:
    """Products of the types that people buy again: of a person's purchases of one product at least REPEATED came back.

    By type, because a product alone is bought too seldom to tell. Scores are those shares.
    """
    orders = lines.group_by("customer_id", "product_id").agg(pl.col("order_id").n_unique().alias("orders"))
    typed = orders.join(products.unique("product_id").select("product_id", "product_type"), on="product_id")
    shares = typed.group_by("product_type").agg((pl.col("orders") > 1).mean().alias("share"))
    again = products.unique("product_id").join(shares.filter(pl.col("share") >= REPEATED), on="product_type")
    best = again.sort("share", "product_id", descending=[True, False])
    return best["product_id"].to_numpy().astype(np.int64), best["share"].to_numpy().astype(np.float32)


def of_segments(purchases: Purchases, segments: pl.DataFrame) -> dict[str, tuple[Ids, Floats]]:
    """`segment:<name>` → the best PER_SCOPE products by the decayed purchases of its people, each person counting once.

    A segment of fewer than FEWEST_PEOPLE has no list: it would tell what single people buy.
    """
    row_of = {customer: row for row, customer in enumerate(purchases.customer_ids)}
    bought = purchases.weights.copy()
    bought.data = np.minimum(bought.data, 1.0)
    found: dict[str, tuple[Ids, Floats]] = {}
    for (segment,), part in segments.sort("segment").group_by("segment", maintain_order=True):
        rows = [row_of[customer] for customer in part["customer_id"].unique().sort() if customer in row_of]
        if len(rows) < FEWEST_PEOPLE:
            continue
        scores = np.asarray(bought[rows].sum(axis=0), np.float32).ravel()
        best = top(scores, PER_SCOPE)
        best = best[scores[best] > 0]
        found[f"segment:{segment}"] = (purchases.product_ids[best], scores[best] / scores[best[0]])
    return found


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
    """Per customer the products bought with their decayed weights and the days (since the epoch) on which they were
    bought last, the strongest `HISTORY` of them."""
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
            "days": _lists(offsets, purchases.last_days[kept].astype(np.float32)),
        }
    )


def popular(scorer: Scorer, products: pl.DataFrame, more: Mapping[str, tuple[Ids, Floats]] | None = None) -> pa.Table:
    """Scope `all` with every product that was ever bought, `department:<name>` with its best, and `more` scopes."""
    bought = np.flatnonzero(scorer.popularity > 0)
    ids, scores = scorer.product_ids[bought], scorer.popularity[bought]
    scopes: list[str] = ["all"]
    found: list[tuple[Ids, Floats]] = [(ids, scores)]
    frame = pl.DataFrame({"product_id": ids, "score": scores}).join(
        products.unique("product_id").select("product_id", "department"), on="product_id"
    )
    best = frame.sort("score", "product_id", descending=[True, False])
    for (department,), part in best.group_by("department", maintain_order=True):
        first = part.head(PER_SCOPE)
        scopes.append(f"department:{department}")
        found.append((first["product_id"].to_numpy(), first["score"].to_numpy()))
    for scope, pair in (more or {}).items():
        scopes.append(scope)
        found.append(pair)
    return pa.table(
        {
            "scope": pa.array(scopes),
            "product_ids": pa.array([pair[0] for pair in found], pa.list_(pa.int64())),
            "scores": pa.array([pair[1] for pair in found], pa.list_(pa.float32())),
        }
    )

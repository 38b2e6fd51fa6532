"""Content-based: what a product is called and where it stands, as TF-IDF reduced by a truncated SVD."""

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from ml.recommendations.interactions import Purchases
from ml.recommendations.models.popularity import popularity
from ml.recommendations.models.sparse_rows import from_rows
from ml.recommendations.serving import Floats, Ids, Neighbours, Scorer

TEXTS = ("title", "category", "product_type", "brand")


def vectors(products: pl.DataFrame, dimensions: int = 64, seed: int = 7) -> tuple[Ids, Floats]:
    """(product ids, unit vectors) for every product with any text; `products` has product_id and some of `TEXTS`."""
    present = [name for name in TEXTS if name in products.columns]
    unique = products.unique("product_id").sort("product_id")
    texts = unique.select(pl.concat_str([pl.col(name).fill_null("") for name in present], separator=" ")).to_series()
    terms = TfidfVectorizer(min_df=1, sublinear_tf=True, dtype=np.float32).fit_transform(texts.to_list())
    size = min(dimensions, terms.shape[1] - 1)
    reduced = TruncatedSVD(size, n_iter=3, random_state=seed).fit_transform(terms).astype(np.float32)
    lengths = np.linalg.norm(reduced, axis=1, keepdims=True)
    return unique["product_id"].to_numpy().astype(np.int64), reduced / np.maximum(lengths, 1e-9)


def fit(
    purchases: Purchases,
    products: pl.DataFrame,
    dimensions: int = 64,
    power: float = 0.5,
    repeat_weight: float = 0.0,
    seed: int = 7,
) -> Scorer:
    """A person is the mean of what they bought; every product of the catalogue can be found, sold before or not."""
    ids, table = vectors(products, dimensions, seed)
    known = np.isin(purchases.product_ids, ids)
    popular = np.zeros(len(ids), np.float32)
    popular[np.searchsorted(ids, purchases.product_ids[known])] = popularity(purchases)[known]
    return Scorer("profile", ids, popular, repeat_weight=repeat_weight, power=power, factors=table)


def similar(products: pl.DataFrame, ids: Ids, table: npt.NDArray[np.float32], keep: int = 12) -> Neighbours:
    """Each product's `keep` nearest within its category, rows and columns in the order of `ids`."""
    categories = products.unique("product_id").sort("product_id")["category"].fill_null("").rank("dense").to_numpy()
    rows: list[npt.NDArray[np.int64]] = []
    found: list[npt.NDArray[np.int32]] = []
    near: list[npt.NDArray[np.float32]] = []
    order = np.argsort(categories, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(categories[order])) + 1):
        dots = table[members] @ table[members].T
        np.fill_diagonal(dots, 0)
        part = from_rows([(np.arange(len(members)), dots)], keep, members, len(members))
        rows.append(np.repeat(members, np.diff(part.indptr)))
        found.append(part.indices)
        near.append(part.weights)
    row = np.concatenate(rows)
    sequence = np.argsort(row, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(ids)))])
    return Neighbours(indptr.astype(np.int64), np.concatenate(found)[sequence], np.concatenate(near)[sequence])

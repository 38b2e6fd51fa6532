"""EASE: the closed form of Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (2019)."""

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from ml.recommendations.interactions import Purchases
from ml.recommendations.models.popularity import popularity
from ml.recommendations.models.sparse_rows import keep_largest
from ml.recommendations.serving import Scorer


def weights(matrix: sparse.csr_array, regularization: float) -> npt.NDArray[np.float32]:
    """B (items × items) with P = (XᵀX + λI)⁻¹, B = I − P·diag(1/diag P), zero diagonal. X is customers × items."""
    if matrix.shape[0] < matrix.shape[1]:
        return _weights_of_few(matrix, regularization)
    gram = (matrix.T @ matrix).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += regularization
    factor, info = linalg.lapack.spotrf(gram, lower=0, overwrite_a=1)
    inverse, info_inverse = linalg.lapack.spotri(factor, lower=0, overwrite_c=1)
    if info or info_inverse:
        raise ValueError("the Gram matrix is not positive definite: raise the regularization")
    upper = np.triu(inverse)
    inverse = upper + np.triu(upper, 1).T
    result = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(result, 0)
    return np.asarray(result, np.float32)


def _weights_of_few(matrix: sparse.csr_array, regularization: float) -> npt.NDArray[np.float32]:
    """The same by Woodbury's identity, P = (I − Xᵀ(XXᵀ + λI)⁻¹X)/λ: the inverse is of customers × customers."""
    if regularization <= 0:
        raise ValueError("the Gram matrix is not positive definite: raise the regularization")
    kernel = (matrix @ matrix.T).toarray().astype(np.float64)
    kernel[np.diag_indices_from(kernel)] += regularization
    # (XXᵀ + λI)⁻¹X, customers × items
    solved = linalg.solve(kernel, matrix.toarray().astype(np.float64), assume_a="pos").astype(np.float32)
    result = np.asarray(matrix.T @ solved, np.float32)
    diagonal = 1 - np.diag(result).copy()
    result /= diagonal[None, :]
    np.fill_diagonal(result, 0)
    return result


def fit(
    purchases: Purchases,
    items: int = 4000,
    regularization: float = 400.0,
    keep: int = 200,
    power: float = 0.5,
    repeat_weight: float = 0.0,
) -> Scorer:
    """EASE on the `items` products with the most customers; of each product's weights the `keep` largest are served."""
    support = purchases.support
    chosen = np.sort(np.argsort(-support, kind="stable")[:items])
    matrix = sparse.csr_array(purchases.weights[:, chosen])
    matrix.data = matrix.data**power
    neighbours = keep_largest(weights(matrix, regularization), keep, chosen, len(purchases.product_ids))
    return Scorer(
        "neighbours",
        purchases.product_ids,
        popularity(purchases),
        repeat_weight=repeat_weight,
        power=power,
        neighbours=neighbours,
    )

"""Rules of inventory without a database."""

from collections import Counter
from collections.abc import Iterable


def merge_lines(lines: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Lines → quantity per product, in the order of ids: the order in which every statement locks stock.

    Raises ValueError for a quantity below one.
    """
    merged: Counter[int] = Counter()
    for product_id, quantity in lines:
        if quantity < 1:
            raise ValueError(f"a quantity must be at least 1, not {quantity}")
        merged[product_id] += quantity
    return dict(sorted(merged.items()))

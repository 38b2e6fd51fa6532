"""What an answer needs to know of products: their names and traits, and whether they can be bought."""

from collections.abc import Sequence
from typing import NamedTuple

from api.core.db import Reader
from api.core.kept import Kept
from api.domains.catalog import facade as catalog
from api.domains.inventory import facade as inventory
from api.domains.recommendations.domain.shelf import Traits

LABEL_SECONDS = 60.0  # a changed title is there by then
STOCK_SECONDS = 1.0  # by then nobody is shown any more what is sold out or was taken away


class Label(NamedTuple):
    """Of a title the name alone."""

    title: str
    traits: Traits


async def _labels(reader: Reader, ids: Sequence[int]) -> dict[int, Label]:
    found = await catalog.labels(reader, ids)
    return {
        product_id: Label(each.title.partition(" · ")[0], Traits.of(each.product_type, each.category, each.brand))
        for product_id, each in found.items()
    }


async def _for_sale(reader: Reader, ids: Sequence[int]) -> dict[int, bool]:
    active = await catalog.active(reader, ids)
    return dict.fromkeys(await inventory.in_stock(reader, active), True) if active else {}


class _Current:
    labels: Kept[Label] | None = None
    for_sale: Kept[bool] | None = None


def get_labels() -> Kept[Label]:
    """The labels of this process; of products that there are."""
    if _Current.labels is None:
        _Current.labels = Kept(_labels, LABEL_SECONDS)
    return _Current.labels


def get_for_sale() -> Kept[bool]:
    """Which products can be bought, as this process knows; those that can, and no others, have a value."""
    if _Current.for_sale is None:
        _Current.for_sale = Kept(_for_sale, STOCK_SECONDS)
    return _Current.for_sale


async def forget_labels() -> None:
    """Look everything up again."""
    labels, _Current.labels = _Current.labels, None
    for_sale, _Current.for_sale = _Current.for_sale, None
    if labels is not None:
        await labels.close()
    if for_sale is not None:
        await for_sale.close()

"""What an answer needs to know of products beside whether they can be bought: kept for a minute."""

import time
from collections.abc import Collection, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.catalog import facade as catalog
from api.domains.recommendations.domain.shelf import Traits

KEPT_SECONDS = 60.0


class Labels:
    """The products that the answers of this process named; a changed title is there within KEPT_SECONDS."""

    def __init__(self) -> None:
        self._titles: dict[int, str] = {}
        self._traits: dict[int, Traits] = {}
        self._since = time.monotonic()

    async def of(
        self, connection: AsyncConnection, product_ids: Collection[int]
    ) -> tuple[Mapping[int, str], Mapping[int, Traits]]:
        """Titles (the name alone) and traits of at least these, as far as there are such products."""
        if time.monotonic() - self._since >= KEPT_SECONDS:
            self._titles, self._traits, self._since = {}, {}, time.monotonic()
        titles, traits = self._titles, self._traits
        if missing := [product_id for product_id in product_ids if product_id not in titles]:
            for product_id, label in (await catalog.labels(connection, missing)).items():
                titles[product_id] = label.title.partition(" · ")[0]
                traits[product_id] = Traits(label.product_type, label.category, label.brand)
        return titles, traits


class _Current:
    labels: Labels | None = None


def get_labels() -> Labels:
    """The labels of this process."""
    if _Current.labels is None:
        _Current.labels = Labels()
    return _Current.labels


def forget_labels() -> None:
    """Look everything up again."""
    _Current.labels = None

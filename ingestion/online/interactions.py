"""Which events are interactions, whose they are, and how a list of them looks in Valkey."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import orjson

DOMAINS = ("analytics", "ordering", "identity", "recommendations")
PREFIX = "agora:recent:"
MOST = 50
LIFETIME_SECONDS = 30 * 86_400
KINDS = {
    "analytics.product_viewed": "viewed",
    "analytics.cart_item_added": "carted",
    "ordering.order_placed": "ordered",
}


class Interaction(NamedTuple):
    """One product touched by one person; `at` is in seconds of the epoch."""

    person: str
    product_id: int
    kind: str
    at: float

    @property
    def key(self) -> str:
        """The list that it belongs to."""
        return PREFIX + self.person

    def encode(self) -> bytes:
        """The element of the list."""
        return orjson.dumps({"product_id": self.product_id, "kind": self.kind, "at": self.at})


def interactions(envelope: dict[str, Any]) -> Iterator[Interaction]:
    """The interactions of one event, none for other types. Raises ValueError, KeyError or TypeError for garbage.

    A person is the customer where one is known, else the anonymous visitor.
    """
    kind = KINDS.get(envelope["type"])
    if kind is None:
        return
    data, at = envelope["data"], datetime.fromisoformat(envelope["time"]).timestamp()
    person = str(data.get("customer_id") or data["anonymous_id"])
    products = [line["product_id"] for line in data["lines"]] if kind == "ordered" else [data["product_id"]]
    for product_id in products:
        if not 0 < int(product_id) < 2**63:
            raise ValueError("not the number of a product")
        yield Interaction(person, int(product_id), kind, at)

"""What inventory refuses."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from api.core.errors import Conflict, NotFound


class OutOfStock(Conflict):
    """At least one line asks for more than there is; nothing was reserved.

    `lines` holds (variant id, available units) for each line that does not fit.
    """

    type = "out-of-stock"
    title = "Not enough in stock"

    def __init__(self, lines: Sequence[tuple[int, int]], products: Mapping[int, int] | None = None) -> None:
        self.lines = tuple(lines)
        product_of = products or {}
        told = [
            {"product_id": product_of.get(variant_id, variant_id), "variant_id": variant_id, "available": available}
            for variant_id, available in self.lines
        ]
        super().__init__("Some products are not available in this quantity.", lines=told)


class NothingReserved(Conflict):
    """The order holds no reservation: it never did, or it ran out and was given to others."""

    type = "reservation-expired"
    title = "The reservation has run out"

    def __init__(self, order_id: UUID) -> None:
        super().__init__("The products were held for ten minutes and are free again.", order_id=str(order_id))


class NotAllocated(Conflict):
    """The order does not own as many units as are to be shipped or released; nothing was moved."""

    type = "not-allocated"
    title = "The order does not hold these units"

    def __init__(self, order_id: UUID, variant_ids: Sequence[int]) -> None:
        super().__init__(None, order_id=str(order_id), variant_ids=list(variant_ids))


class NotShipped(Conflict):
    """More would come back than left the house; nothing was moved."""

    type = "not-shipped"
    title = "These units were not shipped, or are back already"

    def __init__(self, order_id: UUID, variant_ids: Sequence[int]) -> None:
        super().__init__(None, order_id=str(order_id), variant_ids=list(variant_ids))


class BelowClaims(Conflict):
    """After the adjustment there would be less than orders and checkouts hold; `claims` names them, largest first."""

    type = "stock-below-claims"
    title = "More is claimed than would be left"

    def __init__(self, left: int, allocated: int, reserved: int, claims: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(
            f"{max(left, 0)} would be left, but {allocated} are allocated to orders and {reserved} reserved.",
            allocated=allocated,
            reserved=reserved,
            claims=[dict(each) for each in claims],
        )


class NoSuchLocation(NotFound):
    """No location bears this name."""

    type = "no-such-location"
    title = "There is no such location"


class NoSuchVariant(NotFound):
    """No variant bears this number."""

    type = "no-such-variant"
    title = "There is no such product"

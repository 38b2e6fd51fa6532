"""What inventory refuses."""

from collections.abc import Sequence
from uuid import UUID

from api.core.errors import Conflict


class OutOfStock(Conflict):
    """At least one line asks for more than there is; nothing was reserved.

    `lines` holds (product id, available units) for each line that does not fit.
    """

    type = "out-of-stock"
    title = "Not enough in stock"

    def __init__(self, lines: Sequence[tuple[int, int]]) -> None:
        self.lines = tuple(lines)
        told = [{"product_id": product_id, "available": available} for product_id, available in self.lines]
        super().__init__("Some products are not available in this quantity.", lines=told)


class NothingReserved(Conflict):
    """The order holds no reservation: it never did, or it ran out and was given to others."""

    type = "reservation-expired"
    title = "The reservation has run out"

    def __init__(self, order_id: UUID) -> None:
        super().__init__("The products were held for ten minutes and are free again.", order_id=str(order_id))

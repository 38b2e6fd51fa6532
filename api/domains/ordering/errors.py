"""What ordering refuses."""

from collections.abc import Sequence
from uuid import UUID

from api.core.errors import AppError, Conflict, NotFound, Unavailable


class OrderNotFound(NotFound):
    """No such order, or somebody else's: the answer is the same."""

    type = "order-not-found"
    title = "There is no such order"


class ProductNotForSale(NotFound):
    """The product does not exist or is no longer sold."""

    type = "product-not-for-sale"
    title = "This product cannot be bought"

    def __init__(self, product_id: int) -> None:
        super().__init__(f"No product with the id {product_id} is for sale.", product_id=product_id)


class NotInCart(NotFound):
    """A change to a line that the cart does not have."""

    type = "not-in-cart"
    title = "This product is not in the cart"


class CartEmpty(Conflict):
    """There is nothing to check out."""

    type = "cart-empty"
    title = "The cart is empty"


class LinesWithdrawn(Conflict):
    """Some products of the cart are no longer sold."""

    type = "lines-withdrawn"
    title = "Some products are no longer sold"

    def __init__(self, product_ids: Sequence[int]) -> None:
        super().__init__("Remove them from the cart to go on.", product_ids=list(product_ids))


class TotalChanged(Conflict):
    """Prices moved between what the person saw and the checkout."""

    type = "total-changed"
    title = "The total has changed"

    def __init__(self, expected_minor: int, total_minor: int) -> None:
        super().__init__(
            "A price changed since the cart was shown. Look at it again, then check out.",
            expected_total_minor=expected_minor,
            total_minor=total_minor,
        )


class CheckoutInProgress(Conflict):
    """Another checkout of this cart is being paid."""

    type = "checkout-in-progress"
    title = "This cart is being paid already"

    def __init__(self, order_id: UUID) -> None:
        super().__init__("Wait until that payment is settled.", order_id=str(order_id))


class CheckoutExpired(Conflict):
    """The checkout ended without an order; whatever was paid is given back."""

    type = "checkout-expired"
    title = "This checkout has ended without an order"

    def __init__(self, order_id: UUID) -> None:
        super().__init__(
            "Nothing was kept of the payment. The cart is as it was: check out again with a new key.",
            order_id=str(order_id),
        )


class PaymentDeclined(AppError):
    """The card was refused. The cart is kept."""

    status = 402
    type = "payment-declined"
    title = "The payment was declined"

    def __init__(self, order_id: UUID, reason: str) -> None:
        super().__init__(
            "Nothing was charged and the cart is as it was. Try another card.",
            order_id=str(order_id),
            reason=reason,
        )


class GatewayUnavailable(Unavailable):
    """No payment can be made at the moment. Nothing was charged."""

    type = "gateway-unavailable"
    title = "Payments are not available at the moment"


class IllegalMove(Conflict):
    """The order's state does not allow this."""

    type = "illegal-order-move"
    title = "The order can no longer do this"

    def __init__(self, status: str, target: str, next_states: Sequence[str]) -> None:
        super().__init__(
            f"An order that is {status} cannot become {target}.", order_status=status, next_states=list(next_states)
        )

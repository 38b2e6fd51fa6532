"""What ordering refuses."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from api.core.refusals import AppError, Conflict, Invalid, NotFound, Unavailable


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


class CartFull(Conflict):
    """A cart holds so many different things and no more."""

    type = "cart-full"
    title = "The cart is full: take something out before you put something else in"


class CartEmpty(Conflict):
    """There is nothing to check out."""

    type = "cart-empty"
    title = "The cart is empty"


class CartChanged(Conflict):
    """Another tab changed the cart again and again while it was being checked out."""

    type = "cart-changed"
    title = "The cart has just been changed"


class LinesWithdrawn(Conflict):
    """Some products of the cart are no longer sold."""

    type = "lines-withdrawn"
    title = "Some products are no longer sold"

    def __init__(self, product_ids: Sequence[int]) -> None:
        super().__init__("Remove them from the cart to go on.", product_ids=list(product_ids))


class PromotionRefused(Conflict):
    """The code does not exist, does not apply to this cart, or was used as often as it may be."""

    type = "promotion-refused"
    title = "This code cannot be used"

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why, promotion_code=code)


class PromotionExists(Conflict):
    """Two promotions cannot have the same code."""

    type = "promotion-exists"
    title = "There is a promotion with this code already"


class PromotionNotFound(NotFound):
    """No such promotion."""

    type = "promotion-not-found"
    title = "There is no such promotion"


class AddressNeeded(Invalid):
    """This delivery method brings the goods to an address."""

    def __init__(self) -> None:
        super().__init__("address", "is needed for this delivery method")


class UnknownDelivery(Invalid):
    """There is no such delivery method."""

    def __init__(self) -> None:
        super().__init__("delivery_method", "is no delivery method of this shop")


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


class PaymentOutstanding(Conflict):
    """Goods stay here until their money has come."""

    type = "payment-outstanding"
    title = "The order is not paid yet"


class NothingLeftToShip(Conflict):
    """A shipment needs units that have not left yet. `to_ship` is what there is, by line number."""

    type = "nothing-left-to-ship"
    title = "These units cannot be shipped"

    def __init__(self, to_ship: Mapping[int, int]) -> None:
        super().__init__("Choose units that have not been shipped yet.", to_ship=_by_line(to_ship))


class NothingLeftToReturn(Conflict):
    """A return needs units that are not back or on their way back. `returnable` is what there is, by line number."""

    type = "nothing-left-to-return"
    title = "These units cannot be returned"

    def __init__(self, returnable: Mapping[int, int]) -> None:
        super().__init__("Choose units that were not returned yet.", returnable=_by_line(returnable))


class ReturnTooLate(Conflict):
    """Returns are taken for thirty days after the delivery."""

    type = "return-too-late"
    title = "The time for returns is over"

    def __init__(self) -> None:
        super().__init__("Goods can be returned within 30 days of their delivery.")


class IllegalReturnMove(Conflict):
    """The return's state does not allow this."""

    type = "illegal-return-move"
    title = "The return can no longer do this"

    def __init__(self, status: str, target: str, next_states: Sequence[str]) -> None:
        super().__init__(
            f"A return that is {status} cannot become {target}.", return_status=status, next_states=list(next_states)
        )


class RefundTooLarge(Conflict):
    """More than what was captured and not yet given back."""

    type = "refund-too-large"
    title = "This is more than can be refunded"

    def __init__(self, amount_minor: int, refundable_minor: int) -> None:
        super().__init__(
            "Refunds never exceed what was paid.", amount_minor=amount_minor, refundable_minor=refundable_minor
        )


class RefundedMeanwhile(Conflict):
    """Something was refunded after the form was shown: perhaps this very form."""

    type = "refunded-meanwhile"
    title = "A refund was made meanwhile. Look at what is left, then refund"


class ShipmentNotFound(NotFound):
    """The order has no such shipment."""

    type = "shipment-not-found"
    title = "There is no such shipment"


class EndpointNotFound(NotFound):
    """No such webhook endpoint."""

    type = "webhook-endpoint-not-found"
    title = "There is no such endpoint"


class DeliveryNotFound(NotFound):
    """No such delivery."""

    type = "webhook-delivery-not-found"
    title = "There is no such delivery"


class ReturnNotFound(NotFound):
    """The order has no such return."""

    type = "return-not-found"
    title = "There is no such return"


def _by_line(quantities: Mapping[int, int]) -> list[dict[str, int]]:
    return [{"line_number": number, "quantity": quantity} for number, quantity in quantities.items()]


class TooManyEndpoints(Conflict):
    """More endpoints than a seller may have."""

    type = "too-many-endpoints"
    title = "You have as many endpoints as you may; remove one first"

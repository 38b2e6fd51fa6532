"""The checkout page: address, delivery, code and payment in one plain form; the total is always the server's."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any
from uuid import UUID, uuid4

import orjson
from fastapi import Depends, Form, Request, Response, status

from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.errors import AppError
from api.core.idempotency import KeyInFlight, KeyReused, run_once
from api.core.rendering import render
from api.core.routing import Router
from api.domains.identity.contracts import Address as KeptAddress
from api.domains.ordering.contracts import Address, CartView, Quote
from api.domains.ordering.domain import Wishes
from api.domains.ordering.errors import CartEmpty, GatewayUnavailable, PromotionRefused
from api.domains.ordering.pages.shop import go
from api.domains.ordering.service import addresses, cart, checkout, pricing
from api.domains.ordering.service.addresses import as_written
from api.domains.payments import facade as payments
from api.domains.payments.contracts import HOSTED, Method

router = Router(include_in_schema=False)

CARDS = (
    {"token": "tok_ok", "name": "Card ending in 4242", "text": "Sandbox: the bank accepts it."},
    {"token": "tok_action", "name": "Card ending in 3220", "text": "Sandbox: the bank asks for a second step."},
    {"token": "tok_declined", "name": "Card ending in 0002", "text": "Sandbox: the bank declines it."},
    {"token": "tok_insufficient_funds", "name": "Card ending in 9995", "text": "Sandbox: there is too little on it."},
)
ON_ITS_PAGE = ({"token": HOSTED, "name": "Card", "text": "You enter it on the bank's own page."},)
COUNTRIES = {"US": "United States", "DE": "Germany", "FR": "France", "GB": "United Kingdom"}
REFUSALS = {
    "payment-declined": "The bank declined this card. Nothing was charged and your cart is as it was: choose another.",
    "out-of-stock": "Somebody was quicker: a product is not there in this quantity any more. Look at your cart.",
    "lines-withdrawn": "A product of your cart is no longer sold. Remove it from the cart to go on.",
    "total-changed": "The total is another one than you saw. Look at the new total, then pay.",
    "checkout-in-progress": "A payment for this cart is still running.",
    "gateway-unavailable": "The bank does not answer at the moment. Nothing was charged; try again in a minute.",
    "gift-card-code": "Enter the code of the gift card.",
    "checkout-expired": "This checkout took too long and ended. Nothing was kept of the payment; please pay again.",
}
NEEDED = {
    "name": "Write the name of who receives the goods.",
    "line1": "Write street and number.",
    "postal_code": "Write the postal code.",
    "city": "Write the town.",
}
Text = Annotated[str, Form(max_length=200)]


ADDRESS = ("name", "line1", "line2", "postal_code", "city", "region", "country")
OTHER_METHODS = (Method.WALLET, Method.GIFT_CARD, Method.BANK_TRANSFER, Method.CASH_ON_DELIVERY)


@dataclass(frozen=True, slots=True)
class Filled:
    """What the form holds."""

    delivery_method: str = ""
    name: str = ""
    line1: str = ""
    line2: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = "US"
    promotion_code: str = ""
    payment_token: str = ""
    gift_card_code: str = ""
    address_id: str = ""
    keep_address: str = ""

    def completed(self, kept: Sequence[KeptAddress]) -> "Filled":
        """The same with the kept address that was chosen in the place of a written one."""
        chosen = next((each for each in kept if str(each.address_id) == self.address_id), None)
        if chosen is None:
            return self
        written = as_written(chosen)
        return replace(self, **{name: getattr(written, name) for name in ADDRESS if name != "phone"})

    def method(self) -> Method:
        """What the payment's choice means: a card's token, or another way to pay."""
        return Method(self.payment_token) if self.payment_token in OTHER_METHODS else Method.CARD

    def address(self) -> Address | None:
        """The address, once all that it needs is there."""
        if self.missing():
            return None
        return Address(
            name=self.name,
            line1=self.line1,
            line2=self.line2,
            postal_code=self.postal_code,
            city=self.city,
            region=self.region.upper()[:10],
            country=self.country,
        )

    def missing(self) -> dict[str, str]:
        """What is to be said beside the fields of an address."""
        return {name: text for name, text in NEEDED.items() if not getattr(self, name)}

    def wishes(self) -> Wishes:
        """The same as a choice."""
        return Wishes(self.delivery_method or None, self.address(), self.promotion_code or None)


async def filled_form(request: Request) -> Filled:
    """The fields of the form, cut to size."""
    form = await request.form()
    names = [field.name for field in fields(Filled)]
    return Filled(**{name: str(form[name]).strip()[:200] for name in names if name in form})


FilledDep = Annotated[Filled, Depends(filled_form)]


@router.get("/checkout")
async def show_checkout(request: Request, visitor: VisitorDep, person: CurrentDep) -> Response:
    """The form to pay with; what cannot be bought sends back to the cart."""
    try:
        view = await cart.begin_checkout(visitor)
    except CartEmpty:
        return go("/cart")
    if not view.can_check_out:
        return go("/cart")
    kept = await addresses.kept(person.customer_id)
    first = str(kept[0].address_id) if kept else ""
    return await _page(request, visitor, Filled(delivery_method=pricing.STANDARD, address_id=first), {}, view)


@router.post("/checkout/total")
async def update_total(
    request: Request, visitor: VisitorDep, _c: CurrentDep, _: CsrfDep, filled: FilledDep
) -> Response:
    """The same form with the total for what was chosen."""
    return await _page(request, visitor, filled, {})


@router.post("/checkout")
async def post_checkout(
    request: Request,
    visitor: VisitorDep,
    principal: CurrentDep,
    _: CsrfDep,
    filled: FilledDep,
    idempotency_key: Annotated[str, Form(min_length=1, max_length=100)],
    expected_total_minor: Annotated[int, Form(ge=0, lt=2**63)],
) -> Response:
    """Pay and order, once for the form's key however often it is sent."""
    whole = filled.completed(await addresses.kept(principal.customer_id))
    wrong = _faults(whole)
    if wrong:
        return await _page(request, visitor, filled, wrong, key=idempotency_key)

    async def operation(order_id: UUID) -> tuple[int, dict[str, Any]]:
        order = await checkout.check_out(
            visitor,
            principal.customer_id,
            order_id,
            filled.gift_card_code if whole.method() is Method.GIFT_CARD else filled.payment_token,
            expected_total_minor,
            whole.wishes(),
            is_announced=True,
            method=whole.method(),
        )
        if order.payment and order.payment.next_action_url:
            return 201, {"next": f"/payments/{order.payment.payment_id}"}
        return 201, {"next": f"/orders/{order.order_id}?new=true"}

    fingerprint = hashlib.sha256(f"{filled}|{expected_total_minor}".encode()).digest()
    try:
        answer = await run_once(str(principal.customer_id), "POST /checkout", idempotency_key, fingerprint, operation)
    except (KeyReused, KeyInFlight):
        wrong = {"form": "This checkout was sent already. Look at your orders before you pay once more."}
        return await _page(request, visitor, filled, wrong)
    except GatewayUnavailable as error:
        return await _page(request, visitor, filled, {"form": REFUSALS[error.type]})
    document = orjson.loads(answer.body)
    if answer.status >= 400:
        return await _page(request, visitor, filled, _refusal(document), running=document.get("order_id"))
    if filled.keep_address and not filled.address_id and (address := whole.address()):
        await addresses.keep(principal.customer_id, address)
    return go(document["next"])


def _cards() -> tuple[dict[str, str], ...]:
    """The sandbox's cards are for the sandbox: elsewhere a card is entered on the gateway's own page."""
    return CARDS if payments.current_name() == "sandbox" else ON_ITS_PAGE


def _faults(filled: Filled) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if filled.delivery_method and filled.delivery_method != "pickup":
        wrong |= filled.missing()
    if filled.payment_token not in {*OTHER_METHODS, *(card["token"] for card in _cards())}:
        wrong |= {"payment_token": "Choose how you would like to pay."}
    if filled.method() is Method.GIFT_CARD and not filled.gift_card_code:
        wrong |= {"gift_card_code": REFUSALS["gift-card-code"]}
    return wrong


def _refusal(document: dict[str, Any]) -> dict[str, str]:
    kind = str(document["type"]).rpartition(":")[2]
    text = REFUSALS.get(kind, document.get("detail") or document["title"])
    return {"promotion_code" if kind == PromotionRefused.type else "form": text}


async def _page(
    request: Request,
    visitor: VisitorDep,
    filled: Filled,
    wrong: dict[str, str],
    view: CartView | None = None,
    key: str | None = None,
    running: str | None = None,
) -> Response:
    """The form with what was wrong, what had been chosen and, after a refusal, a key of its own.

    `running` is the order of the same cart that is being paid.
    """
    view = view or await cart.view_cart(visitor)
    if not view.lines:
        return go("/orders")
    kept = await addresses.kept(visitor.customer_id) if visitor.customer_id else []
    wallet = await payments.wallet(visitor.customer_id) if visitor.customer_id else {}
    quote, refused = await _quote(visitor, filled.completed(kept))
    if quote is None:
        return go("/cart")
    wrong = refused | wrong
    return render(
        request,
        "checkout.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if wrong else status.HTTP_200_OK,
        cart=view,
        quote=quote,
        filled=filled,
        countries=COUNTRIES,
        cards=_cards(),
        is_sandbox=payments.current_name() == "sandbox",
        wallet_minor=wallet.get(quote.currency, 0),
        kept=kept,
        errors=wrong,
        first_wrong=next(iter(wrong), ""),
        running=running,
        idempotency_key=key or str(uuid4()),
    )


async def _quote(visitor: VisitorDep, filled: Filled) -> tuple[Quote | None, dict[str, str]]:
    """The price of what was chosen; a code that cannot be used is left out and told."""
    wishes = filled.wishes()
    try:
        return await pricing.quote(visitor, wishes), {}
    except PromotionRefused as error:
        told = {"promotion_code": error.detail or error.title}
        return await pricing.quote(visitor, Wishes(wishes.delivery_method, wishes.address)), told
    except AppError:
        return None, {}

"""The desk's page for gift cards: what is left on each, and a form for a new one."""

import hashlib
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends, Form, Request, Response, status

from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.errors import AppError
from api.core.idempotency import run_once
from api.core.money import minor_of
from api.core.rendering import render
from api.core.routing import Router
from api.domains.payments.service import desk, stored_value

router = Router(prefix="/operate/gift-cards")
Operator = Annotated[Principal, Depends(require("payments.manage"))]
CURRENCIES = ("USD", "EUR", "GBP", "CAD")


@router.get("")
async def list_cards(request: Request, _visitor: VisitorDep, _: Operator) -> Response:
    """The newest cards, without their codes."""
    return await _page(request)


@router.post("")
async def issue(
    request: Request,
    _visitor: VisitorDep,
    operator: Operator,
    _: CsrfDep,
    idempotency_key: Annotated[str, Form(min_length=1, max_length=100)],
    amount: Annotated[str, Form(max_length=20)] = "",
    currency: Annotated[str, Form(pattern="^(USD|EUR|GBP|CAD)$")] = "USD",
    last_day: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """A new card; the same form sent again shows the same card."""
    typed = {"amount": amount, "currency": currency, "last_day": last_day}
    amount_minor, expires_at, wrong = _read(amount, last_day)
    if wrong or amount_minor is None:
        return await _page(request, wrong, typed, idempotency_key)

    async def operation(card_id: UUID) -> tuple[int, dict[str, Any]]:
        await desk.issue_gift_card(operator.customer_id, card_id, amount_minor, currency, expires_at)
        return 201, {"gift_card_id": card_id}

    fingerprint = hashlib.sha256(repr(sorted(typed.items())).encode()).digest()
    route = "POST /operate/gift-cards"
    try:
        answer = await run_once(str(operator.customer_id), route, idempotency_key, fingerprint, operation)
    except AppError as error:
        return await _page(request, {"form": error.detail or error.title}, typed)
    document = answer.document()
    if answer.status >= 400:
        return await _page(request, {"form": str(document.get("detail") or document["title"])}, typed)
    return await _page(request, code=stored_value.code_of(UUID(document["gift_card_id"])))


def _read(amount: str, last_day: str) -> tuple[int | None, datetime | None, dict[str, str]]:
    """What was typed as minor units and the end of the card's last day (UTC), and what is wrong with it."""
    wrong = {}
    amount_minor = minor_of(amount)
    if amount_minor is None:
        wrong["amount"] = "Enter an amount such as 25.00."
    expires_at = None
    if last_day.strip():
        try:
            expires_at = datetime.combine(date.fromisoformat(last_day.strip()), time.max, UTC)
        except ValueError:
            wrong["last_day"] = "Enter a day such as 2030-12-31, or leave it empty."
        else:
            if expires_at <= datetime.now(UTC):
                wrong["last_day"] = "This day has passed."
    return amount_minor, expires_at, wrong


async def _page(
    request: Request,
    errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    key: str | None = None,
    code: str | None = None,
) -> Response:
    return render(
        request,
        "operate_gift_cards.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK,
        cards=await stored_value.gift_cards(),
        now=datetime.now(UTC),
        currencies=CURRENCIES,
        idempotency_key=key or str(uuid4()),
        errors=errors or {},
        typed=typed or {"amount": "", "currency": "USD", "last_day": ""},
        code=code,
    )

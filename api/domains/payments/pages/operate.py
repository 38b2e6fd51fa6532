"""Operator pages: payments, disputes, reconciliation."""

from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import Depends, Form, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.errors import AppError
from api.core.money import Money, minor_of
from api.core.rendering import render
from api.core.routing import Router
from api.domains.payments.contracts import DisputeStatus, IntentStatus, PaymentStatus, RefundStatus
from api.domains.payments.errors import RefundTooLarge
from api.domains.payments.service import desk, disputes, reconciliation, transfers
from api.domains.payments.service.refunds import BY_HAND

router = Router(prefix="/operate")
Reader = Annotated[Principal, Depends(require("payments.read"))]
Operator = Annotated[Principal, Depends(require("payments.manage"))]
Disputant = Annotated[Principal, Depends(require("disputes.answer"))]
SHOWN = 50


@router.get("/payments")
async def list_payments(
    request: Request,
    _visitor: VisitorDep,
    _: Reader,
    chosen: Annotated[PaymentStatus | Literal[""], Query(alias="status")] = "",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Payments, newest first."""
    page = await desk.list_payments(chosen or None, cursor, SHOWN)
    filtered = f"status={chosen}&" if chosen else ""
    return render(
        request,
        "operate_payments.html",
        rows=page.items,
        statuses=list(PaymentStatus),
        chosen=chosen,
        next_href=f"/operate/payments?{filtered}cursor={page.next_cursor}" if page.next_cursor else None,
    )


@router.get("/payments/{payment_id}")
async def show_payment(request: Request, _visitor: VisitorDep, payment_id: UUID, _: Reader) -> Response:
    """One payment with everything that belongs to it."""
    return await _payment_page(request, payment_id)


@router.post("/payments/{payment_id}/refund")
async def refund(
    request: Request,
    _visitor: VisitorDep,
    payment_id: UUID,
    operator: Operator,
    _: CsrfDep,
    refund_id: Annotated[UUID, Form()],
    amount: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Give a part back; the form's own id makes it once however often it is sent."""
    typed = {"amount": amount, "reason": reason}
    amount_minor = minor_of(amount)
    wrong = {}
    if amount_minor is None:
        wrong["amount"] = "Enter an amount such as 12.50."
    if not reason.strip():
        wrong["reason"] = "Say why, for the record."
    if wrong or amount_minor is None:
        return await _payment_page(request, payment_id, wrong, typed)
    try:
        await desk.give_back(operator.customer_id, payment_id, refund_id, amount_minor, reason.strip())
    except RefundTooLarge as error:
        left = Money(error.extra["refundable_minor"], (await desk.open_file(payment_id)).payment.currency)
        return await _payment_page(request, payment_id, {"amount": f"{left.show()} can be given back."}, typed)
    except AppError as error:
        return await _payment_page(request, payment_id, {"amount": error.detail or error.title}, typed)
    return _go(f"/operate/payments/{payment_id}")


@router.post("/payments/{payment_id}/capture")
async def capture(
    request: Request,
    _visitor: VisitorDep,
    payment_id: UUID,
    operator: Operator,
    _: CsrfDep,
    amount: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Take what is held, or note that a transfer or cash came in."""
    amount_minor = minor_of(amount)
    if amount and amount_minor is None:
        return await _payment_page(request, payment_id, {"form": "Enter an amount such as 12.50."})
    try:
        await desk.take(operator.customer_id, payment_id, amount_minor)
    except AppError as error:
        return await _payment_page(request, payment_id, {"form": error.detail or error.title})
    return _go(f"/operate/payments/{payment_id}")


@router.post("/payments/{payment_id}/refunds/{refund_id}/paid-out")
async def mark_paid_out(
    request: Request, _visitor: VisitorDep, payment_id: UUID, refund_id: UUID, operator: Operator, _: CsrfDep
) -> Response:
    """A refund by hand was paid."""
    try:
        await desk.mark_paid_out(operator.customer_id, payment_id, refund_id)
    except AppError as error:
        return await _payment_page(request, payment_id, {"form": error.detail or error.title})
    return _go(f"/operate/payments/{payment_id}")


async def _payment_page(
    request: Request, payment_id: UUID, errors: dict[str, str] | None = None, typed: dict[str, str] | None = None
) -> Response:
    found = await desk.open_file(payment_id)
    payment = found.payment
    can_take = payment.intent_status is IntentStatus.REQUIRES_CAPTURE or transfers.can_come(payment)
    return render(
        request,
        "operate_payment.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK,
        file=found,
        payment=payment,
        can_take=can_take,
        can_choose=transfers.can_come(payment),
        by_hand=payment.method in BY_HAND,
        refund_id=uuid4(),
        errors=errors or {},
        typed=typed or {"amount": "", "reason": ""},
    )


@router.get("/refunds")
async def list_refunds(
    request: Request,
    _visitor: VisitorDep,
    _: Reader,
    state: Annotated[RefundStatus | None, Query(alias="status")] = None,
) -> Response:
    """Refunds of everybody, those that wait for a person first."""
    rows = await desk.list_refunds(state)
    return render(request, "operate_refunds.html", rows=rows, statuses=list(RefundStatus), chosen=state)


@router.get("/disputes")
async def list_disputes(request: Request, _visitor: VisitorDep, _: Reader) -> Response:
    """Disputes, open ones first by deadline."""
    return render(request, "operate_disputes.html", disputes=await disputes.latest())


@router.get("/disputes/{dispute_id}")
async def show_dispute(request: Request, _visitor: VisitorDep, dispute_id: UUID, _: Reader) -> Response:
    """One dispute, and the form for our side of the story."""
    return await _dispute_page(request, dispute_id)


@router.post("/disputes/{dispute_id}/evidence")
async def send_evidence(
    request: Request,
    _visitor: VisitorDep,
    dispute_id: UUID,
    operator: Disputant,
    _: CsrfDep,
    evidence: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Tell the bank."""
    if not evidence.strip():
        return await _dispute_page(request, dispute_id, {"evidence": "Write what the bank should know."})
    try:
        await disputes.send_evidence(operator.customer_id, dispute_id, evidence.strip())
    except AppError as error:
        return await _dispute_page(request, dispute_id, {"evidence": error.detail or error.title}, evidence)
    return _go(f"/operate/disputes/{dispute_id}")


async def _dispute_page(
    request: Request, dispute_id: UUID, errors: dict[str, str] | None = None, evidence: str = ""
) -> Response:
    dispute = await disputes.get(dispute_id)
    return render(
        request,
        "operate_dispute.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK,
        dispute=dispute,
        can_answer=dispute.status is DisputeStatus.NEEDS_RESPONSE,
        errors=errors or {},
        evidence=evidence,
    )


@router.get("/reconciliation")
async def show_days(request: Request, _visitor: VisitorDep, _: Reader) -> Response:
    """Compared days, and webhooks about payments that nobody knows."""
    days, strangers = await reconciliation.days(), await reconciliation.strangers()
    return render(request, "operate_reconciliation.html", days=days, strangers=strangers)


def _go(path: str) -> Response:
    return RedirectResponse(path, status.HTTP_303_SEE_OTHER)

"""JSON for operators: refunds, captures, disputes, reconciliation, gift cards, wallets. Every change is on record."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Query, Response

from api.core.auth import Principal, require
from api.core.idempotency import IdempotencyDep
from api.core.paging import Page
from api.core.routing import Router
from api.domains.payments.contracts import Dispute, PaymentStatus, ReconciledDay, RefundStatus
from api.domains.payments.schemas import (
    CaptureRequest,
    CreditRequest,
    EvidenceRequest,
    IssuedGiftCard,
    IssueRequest,
    Payment,
    RefundRequest,
    Wallet,
)
from api.domains.payments.service import desk, disputes, reconciliation, stored_value

router = Router(prefix="/v1/operate", tags=["operate: payments"])
Reader = Annotated[Principal, Depends(require("payments.read"))]
Operator = Annotated[Principal, Depends(require("payments.manage"))]
Disputant = Annotated[Principal, Depends(require("disputes.answer"))]


def _json(value: Any, status_code: int = 200) -> Response:
    return Response(orjson.dumps(value, default=list), status_code, media_type="application/json")


def _document(value: Any) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(orjson.dumps(value, default=list))
    return document


@router.get("/payments", response_model=Page[desk.ListedPayment])
async def list_payments(
    _: Reader,
    status: PaymentStatus | None = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Response:
    """Payments, newest first."""
    return _json(await desk.list_payments(status, cursor, limit))


@router.get("/payments/{payment_id}", response_model=desk.PaymentFile)
async def get_payment(payment_id: UUID, _: Reader) -> Response:
    """One payment with its refunds, disputes and postings."""
    return _json(await desk.open_file(payment_id))


@router.post("/payments/{payment_id}/refunds", status_code=201)
async def refund(payment_id: UUID, request: RefundRequest, operator: Operator, idempotency: IdempotencyDep) -> Response:
    """Give a part back, once per Idempotency-Key."""

    async def operation(refund_id: UUID) -> tuple[int, dict[str, Any]]:
        made = await desk.give_back(operator.customer_id, payment_id, refund_id, request.amount_minor, request.reason)
        return 201, _document(made)

    return await idempotency.run(operation)


@router.post("/payments/{payment_id}/refunds/{refund_id}/paid-out", status_code=204)
async def mark_paid_out(payment_id: UUID, refund_id: UUID, operator: Operator, idempotency: IdempotencyDep) -> Response:
    """A refund by hand was paid; needs an Idempotency-Key."""

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        await desk.mark_paid_out(operator.customer_id, payment_id, refund_id)
        return 204, {}

    return await idempotency.run(operation)


@router.post("/payments/{payment_id}/capture", response_model=Payment)
async def capture(
    payment_id: UUID, request: CaptureRequest, operator: Operator, idempotency: IdempotencyDep
) -> Response:
    """Take what is held, or note a transfer or cash that came in."""

    async def operation(_: UUID) -> tuple[int, Payment]:
        made = await desk.take(operator.customer_id, payment_id, request.amount_minor)
        return 200, Payment.model_validate(made, from_attributes=True)

    return await idempotency.run(operation)


@router.get("/refunds", response_model=list[desk.ListedRefund])
async def list_refunds(_: Reader, status: RefundStatus | None = None) -> Response:
    """Refunds of everybody: first those that wait for a person, then the newest; 200 at most."""
    return _json(await desk.list_refunds(status))


@router.get("/disputes", response_model=list[Dispute])
async def list_disputes(_: Reader) -> Response:
    """Disputes, open ones first by deadline."""
    return _json(await disputes.latest())


@router.get("/disputes/{dispute_id}", response_model=Dispute)
async def get_dispute(dispute_id: UUID, _: Reader) -> Response:
    """One dispute."""
    return _json(await disputes.get(dispute_id))


@router.post("/disputes/{dispute_id}/evidence", response_model=Dispute)
async def send_evidence(
    dispute_id: UUID, request: EvidenceRequest, operator: Disputant, idempotency: IdempotencyDep
) -> Response:
    """Tell the bank our side, once and before the deadline. Needs an Idempotency-Key."""

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        return 200, _document(await disputes.send_evidence(operator.customer_id, dispute_id, request.evidence))

    return await idempotency.run(operation)


@router.get("/reconciliations", response_model=list[ReconciledDay])
async def list_days(_: Reader) -> Response:
    """Compared days, newest first, with what differs."""
    return _json(await reconciliation.days())


@router.post(
    "/reconciliations/{day}", responses={503: {"description": "The gateway does not answer; try again later."}}
)
async def reconcile(day: date, _: Operator) -> list[dict[str, Any]]:
    """Compare a day now; answers with what differs."""
    return await reconciliation.reconcile(day)


@router.post("/gift-cards", response_model=IssuedGiftCard, status_code=201)
async def issue_gift_card(request: IssueRequest, operator: Operator, idempotency: IdempotencyDep) -> Response:
    """A new gift card, once per Idempotency-Key; its code is shown to whoever has the key, and stored nowhere."""

    async def operation(card_id: UUID) -> tuple[int, dict[str, Any]]:
        await desk.issue_gift_card(
            operator.customer_id, card_id, request.amount_minor, request.currency, request.expires_at
        )
        return 201, {"gift_card_id": card_id}

    def tell(stored: dict[str, Any]) -> dict[str, Any]:
        return {"code": stored_value.code_of(UUID(stored["gift_card_id"]))}

    return await idempotency.run(operation, tell)


@router.post("/wallets/{customer_id}/credits", response_model=Wallet, status_code=201)
async def credit_wallet(
    customer_id: UUID, request: CreditRequest, operator: Operator, idempotency: IdempotencyDep
) -> Response:
    """Put money into a wallet, once per Idempotency-Key."""

    async def operation(credit_id: UUID) -> tuple[int, Wallet]:
        balances = await desk.credit_wallet(
            operator.customer_id, customer_id, credit_id, request.amount_minor, request.currency
        )
        return 201, Wallet(balances=balances)

    return await idempotency.run(operation)

"""The gateway's HTTP interface. Every call needs the shared secret, and may be repeated."""

import asyncio
import gc
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from infra.gateway import behaviour, disputes, hosted
from infra.gateway.settings import GatewaySettings, get_settings
from infra.gateway.store import DiffersError, Store, UnknownTokenError, shown
from infra.gateway.webhooks import Deliverer

LONGEST_WAIT_ROUNDS = 250
Amount = Annotated[int, Field(gt=0, lt=2**53)]


class Body(BaseModel):
    """A request's body: nothing unknown in it."""

    model_config = ConfigDict(extra="forbid")


class ChargeRequest(Body):
    """Take `amount_minor` of `currency` from the card behind `token`; with `capture` false only hold it."""

    payment_id: UUID
    amount_minor: Amount
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    token: Annotated[str, Field(min_length=1, max_length=100)]
    capture: bool = True
    attempt: Annotated[int, Field(ge=1, le=1000)] = 1
    return_url: Annotated[str, Field(max_length=500, pattern=r"^https?://")] | None = None


class CaptureRequest(Body):
    """Take this much of what is held."""

    amount_minor: Amount


class RefundRequest(Body):
    """Give this much back, once for the id."""

    refund_id: UUID
    amount_minor: Amount


class DisputeRequest(Body):
    """Sandbox only: the holder complains."""

    amount_minor: Amount | None = None
    reason: Annotated[str, Field(max_length=100)] = "fraudulent"
    evidence_seconds: Annotated[float, Field(gt=0)] = 7 * 86400.0


class EvidenceRequest(Body):
    """The shop's side of the story."""

    evidence: Annotated[str, Field(min_length=1, max_length=20_000)]


class Decision(Body):
    """Sandbox only: the bank decides."""

    is_won: bool


class LostAnswer(Response):
    """An answer that breaks off: its head promises more bytes than ever come."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's signature
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"status":', "more_body": False})


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


async def check_secret(request: Request) -> None:
    """Refuse whoever does not hold the shared secret."""
    expected: str = request.app.state.secret
    authorization = request.headers.get("authorization", "")
    if not hmac.compare_digest(authorization.encode(), f"Bearer {expected}".encode()):
        raise HTTPException(401, "wrong or missing secret", {"WWW-Authenticate": "Bearer"})


def _refusing(call: Any, *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except DiffersError as error:
        raise HTTPException(409, "this does not fit what is known of the payment") from error
    except UnknownTokenError as error:
        raise HTTPException(422, "unknown token") from error
    except LookupError as error:
        raise HTTPException(404, "no such dispute") from error


async def charge(wanted: ChargeRequest, request: Request) -> Response:
    """Charge once per payment id, and answer with the charge."""
    store = _store(request)
    made = _refusing(store.charge, wanted.model_dump())
    while made["status"] == "pending":
        await asyncio.sleep(0.05)
        made = store.find(wanted.payment_id) or made
    if wanted.token == behaviour.FIRST:
        await _delivered(request.app.state.deliverer, str(wanted.payment_id))
    if wanted.token == behaviour.LOST_ANSWER:
        return LostAnswer()
    return JSONResponse(shown(made, _base(request)))


def _base(request: Request) -> str:
    base: str = request.app.state.base_url
    return base


async def _delivered(deliverer: Deliverer, payment_id: str) -> None:
    """Wait until the shop has heard of this payment, but not for ever."""
    for _ in range(LONGEST_WAIT_ROUNDS):
        if deliverer.is_idle(payment_id):
            return
        await asyncio.sleep(0.02)


async def find_charge(payment_id: UUID, request: Request) -> dict[str, Any]:
    """The charge as it stands, with its refunds and disputes; 404 when this payment was never asked for."""
    found = _store(request).find(payment_id)
    if found is None:
        raise HTTPException(404, "no such payment")
    return shown(found, _base(request))


async def void_charge(payment_id: UUID, request: Request) -> dict[str, Any]:
    """Give captured money back, and see to it that none is captured later."""
    return shown(_store(request).void(payment_id), _base(request))


async def capture(payment_id: UUID, wanted: CaptureRequest, request: Request) -> dict[str, Any]:
    """Take what is held, or a part."""
    return shown(_refusing(_store(request).capture, payment_id, wanted.amount_minor), _base(request))


async def refund(payment_id: UUID, wanted: RefundRequest, request: Request) -> dict[str, Any]:
    """Give a part back."""
    made: dict[str, Any] = _refusing(_store(request).refund, payment_id, wanted.refund_id, wanted.amount_minor)
    return made


async def dispute(payment_id: UUID, wanted: DisputeRequest, request: Request) -> dict[str, Any]:
    """Sandbox only: open a dispute."""
    made: dict[str, Any] = _refusing(
        disputes.open_dispute, _store(request), payment_id, wanted.amount_minor, wanted.reason, wanted.evidence_seconds
    )
    return made


async def evidence(dispute_id: str, wanted: EvidenceRequest, request: Request) -> dict[str, Any]:
    """Answer a dispute before its deadline."""
    made: dict[str, Any] = _refusing(disputes.send_evidence, _store(request), dispute_id, wanted.evidence)
    return made


async def decide(dispute_id: str, wanted: Decision, request: Request) -> dict[str, Any]:
    """Sandbox only: close a dispute."""
    made: dict[str, Any] = _refusing(disputes.close_dispute, _store(request), dispute_id, wanted.is_won)
    return made


async def report(request: Request, day: Annotated[str, Query(pattern=r"^\d{4}-\d{2}-\d{2}$")]) -> dict[str, Any]:
    """Every movement of money on one day, UTC."""
    try:
        start = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise HTTPException(422, "no such day") from error
    return {"day": day, "movements": await asyncio.to_thread(_store(request).report, start, start + 86400)}


async def balance(request: Request) -> dict[str, dict[str, int]]:
    """Charges and sums by status."""
    return await asyncio.to_thread(_store(request).balance)


async def health() -> dict[str, str]:
    """Answers while the process lives."""
    return {"status": "ok"}


CALLS = (
    ("POST", "/v1/charges", charge),
    ("GET", "/v1/charges/{payment_id}", find_charge),
    ("POST", "/v1/charges/{payment_id}/void", void_charge),
    ("POST", "/v1/charges/{payment_id}/capture", capture),
    ("POST", "/v1/charges/{payment_id}/refunds", refund),
    ("POST", "/v1/charges/{payment_id}/disputes", dispute),
    ("POST", "/v1/disputes/{dispute_id}/evidence", evidence),
    ("POST", "/v1/disputes/{dispute_id}/decision", decide),
    ("GET", "/v1/report", report),
    ("GET", "/v1/balance", balance),
)


def create_app(settings: GatewaySettings | None = None) -> FastAPI:
    """The application; it opens its database when it starts."""
    chosen = settings or get_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.secret = chosen.gateway_secret.get_secret_value()
        app.state.base_url = chosen.gateway_url.rstrip("/")
        app.state.store = Store(chosen.database, chosen.sandbox_slow_seconds)
        app.state.deliverer = Deliverer(app.state.store, chosen.sandbox_webhook_url, app.state.secret)
        delivering = asyncio.create_task(app.state.deliverer.run())
        gc.collect()
        gc.freeze()  # what is there now stays, and is not looked through again
        gc.set_threshold(20_000)
        yield
        delivering.cancel()
        with suppress(asyncio.CancelledError):
            await delivering
        app.state.store.close()

    app = FastAPI(title="Agora sandbox gateway", description=behaviour.__doc__ or "", lifespan=lifespan)
    guarded = [Depends(check_secret)]
    for method, path, call in CALLS:
        app.add_api_route(path, call, methods=[method], dependencies=guarded)
    app.add_api_route("/healthz", health, methods=["GET"])
    app.include_router(hosted.router, include_in_schema=False)
    return app

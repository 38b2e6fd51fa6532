"""The gateway's HTTP interface. Every call needs the shared secret, and may be repeated.

Tokens stand for cards that behave: `tok_ok` pays, `tok_declined` and `tok_insufficient_funds` are refused, `tok_slow`
pays after some seconds, and with `tok_lost_answer` the money is taken but the answer breaks off on its way.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from infra.gateway.settings import GatewaySettings, get_settings
from infra.gateway.store import Charge, ChargeDiffersError, ChargeStore, UnknownTokenError


class ChargeRequest(BaseModel):
    """Take `amount_minor` of `currency` from the card behind `token`."""

    model_config = ConfigDict(extra="forbid")

    payment_id: UUID
    amount_minor: Annotated[int, Field(gt=0, lt=2**53)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    token: Annotated[str, Field(min_length=1, max_length=100)]


class LostAnswer(Response):
    """An answer that breaks off: its head promises more bytes than ever come."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's signature
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"status":', "more_body": False})


def get_store(request: Request) -> ChargeStore:
    """The store of this process."""
    store: ChargeStore = request.app.state.store
    return store


def check_secret(request: Request, authorization: Annotated[str, Header()] = "") -> None:
    """Refuse whoever does not hold the shared secret."""
    expected: str = request.app.state.secret
    if not hmac.compare_digest(authorization.encode(), f"Bearer {expected}".encode()):
        raise HTTPException(401, "wrong or missing secret", {"WWW-Authenticate": "Bearer"})


StoreDep = Annotated[ChargeStore, Depends(get_store)]


async def charge(request: ChargeRequest, store: StoreDep) -> Response:
    """Charge once per payment id, and answer with the charge."""
    try:
        made = await asyncio.to_thread(
            store.charge, request.payment_id, request.amount_minor, request.currency, request.token
        )
        if made.status == "pending":
            made = await _wait_for(store, made, request.payment_id)
    except ChargeDiffersError as error:
        raise HTTPException(409, "this payment_id was used with another amount or currency") from error
    except UnknownTokenError as error:
        raise HTTPException(422, "unknown token") from error
    if request.token == "tok_lost_answer":  # noqa: S105 -- names a behaviour
        return LostAnswer()
    return JSONResponse(made.answer())


async def _wait_for(store: ChargeStore, made: Charge, payment_id: UUID) -> Charge:
    while made.status == "pending":
        await asyncio.sleep(0.05)
        found = await asyncio.to_thread(store.find, payment_id)
        made = found or made
    return made


async def find_charge(payment_id: UUID, store: StoreDep) -> dict[str, Any]:
    """The charge as it stands; 404 when this payment was never asked for."""
    found = await asyncio.to_thread(store.find, payment_id)
    if found is None:
        raise HTTPException(404, "no such payment")
    return found.answer()


async def void_charge(payment_id: UUID, store: StoreDep) -> dict[str, Any]:
    """Give captured money back, and see to it that none is captured later."""
    return (await asyncio.to_thread(store.void, payment_id)).answer()


async def balance(store: StoreDep) -> dict[str, dict[str, int]]:
    """Charges and sums by status."""
    return await asyncio.to_thread(store.balance)


async def health() -> dict[str, str]:
    """Answers while the process lives."""
    return {"status": "ok"}


def create_app(settings: GatewaySettings | None = None) -> FastAPI:
    """The application; it opens its database when it starts."""
    chosen = settings or get_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.secret = chosen.gateway_secret.get_secret_value()
        app.state.store = ChargeStore(chosen.database, chosen.sandbox_slow_seconds)
        yield
        app.state.store.close()

    app = FastAPI(title="Agora sandbox gateway", lifespan=lifespan)
    guarded = [Depends(check_secret)]
    app.add_api_route("/v1/charges", charge, methods=["POST"], dependencies=guarded)
    app.add_api_route("/v1/charges/{payment_id}", find_charge, methods=["GET"], dependencies=guarded)
    app.add_api_route("/v1/charges/{payment_id}/void", void_charge, methods=["POST"], dependencies=guarded)
    app.add_api_route("/v1/balance", balance, methods=["GET"], dependencies=guarded)
    app.add_api_route("/healthz", health, methods=["GET"])
    return app

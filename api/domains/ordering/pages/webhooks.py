"""Pages of webhooks out: who is told of orders, whether it arrived, and bringing it once more."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Form, Request, Response, status
from pydantic import ValidationError

from api.core.auth import CsrfDep, Principal, require
from api.core.errors import AppError, validation_errors
from api.core.rendering import render
from api.core.routing import Router
from api.domains.ordering.domain.webhook import EVENT_TYPES
from api.domains.ordering.pages.shop import go
from api.domains.ordering.schemas import WebhookCreate
from api.domains.ordering.service import webhooks

router = Router()
NAMES = {
    "ordering.order_placed": "An order was placed",
    "ordering.order_cancelled": "An order was cancelled",
    "ordering.order_shipped": "A parcel left",
    "ordering.order_delivered": "A parcel arrived",
    "ordering.order_returned": "Goods came back",
}
WORDS = {"url": "Enter an address such as https://shop.example/orders.", "event_types": "Choose what to tell."}


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose endpoints a person keeps: the whole house's, or their own."""

    person: Principal
    here: str
    is_house: bool

    @property
    def owner_id(self) -> UUID | None:
        """Whose endpoints can be seen; None: all."""
        return None if self.is_house else self.person.customer_id


Operator = Annotated[Principal, Depends(require("webhooks.manage"))]
Seller = Annotated[Principal, Depends(require("webhooks.own"))]
Url = Annotated[str, Form(max_length=1000)]
Act = Annotated[str, Form(max_length=20)]


def house(person: Principal) -> Desk:
    """All endpoints."""
    return Desk(person, "/operate/webhooks", is_house=True)


def own(person: Principal) -> Desk:
    """One's own endpoints."""
    return Desk(person, "/account/webhooks", is_house=False)


async def _page(request: Request, desk: Desk, errors: dict[str, str] | None = None, **more: Any) -> Response:
    code = status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK
    context = {"url": "", "chosen": EVENT_TYPES, "secret": None, "names": NAMES, "errors": errors or {}, **more}
    endpoints = await webhooks.list_endpoints(desk.owner_id)
    return render(request, "webhooks.html", code, desk=desk, endpoints=endpoints, **context)


@router.get("/operate/webhooks")
async def show_all(request: Request, person: Operator) -> Response:
    """Who is told, and whether the breaker holds messages back."""
    return await _page(request, house(person))


@router.get("/account/webhooks")
async def show_own(request: Request, person: Seller) -> Response:
    """The same for a seller's own."""
    return await _page(request, own(person))


@router.post("/operate/webhooks")
async def add(request: Request, person: Operator, _: CsrfDep, url: Url = "") -> Response:
    """A new endpoint that is told of all orders."""
    return await _add(request, house(person), url)


@router.post("/account/webhooks")
async def add_own(request: Request, person: Seller, _: CsrfDep, url: Url = "") -> Response:
    """A new endpoint that is told of the seller's orders."""
    return await _add(request, own(person), url)


@router.get("/operate/webhooks/{endpoint_id}")
async def show_log(request: Request, endpoint_id: UUID, person: Operator) -> Response:
    """The newest deliveries with every attempt."""
    return await _log(request, house(person), endpoint_id)


@router.get("/account/webhooks/{endpoint_id}")
async def show_own_log(request: Request, endpoint_id: UUID, person: Seller) -> Response:
    """The same of a seller's own."""
    return await _log(request, own(person), endpoint_id)


@router.post("/operate/webhooks/{endpoint_id}")
async def change(request: Request, endpoint_id: UUID, person: Operator, _: CsrfDep, act: Act) -> Response:
    """Pause it, go on, renew its secret, or forget it."""
    return await _change(request, house(person), endpoint_id, act)


@router.post("/account/webhooks/{endpoint_id}")
async def change_own(request: Request, endpoint_id: UUID, person: Seller, _: CsrfDep, act: Act) -> Response:
    """The same with a seller's own."""
    return await _change(request, own(person), endpoint_id, act)


@router.post("/operate/webhooks/{endpoint_id}/deliveries/{delivery_id}")
async def replay(endpoint_id: UUID, delivery_id: UUID, person: Operator, _: CsrfDep) -> Response:
    """Bring a message once more."""
    return await _replay(house(person), endpoint_id, delivery_id)


@router.post("/account/webhooks/{endpoint_id}/deliveries/{delivery_id}")
async def replay_own(endpoint_id: UUID, delivery_id: UUID, person: Seller, _: CsrfDep) -> Response:
    """The same with a seller's own."""
    return await _replay(own(person), endpoint_id, delivery_id)


async def _add(request: Request, desk: Desk, url: str) -> Response:
    form = await request.form()
    chosen = [name for name in EVENT_TYPES if name in form]
    try:
        written = WebhookCreate.model_validate({"url": url, "event_types": chosen})
        made, secret = await webhooks.register(
            desk.person.customer_id, str(written.url), written.event_types, is_house=desk.is_house
        )
    except ValidationError as problem:
        fields = {each["field"].partition(".")[0] for each in validation_errors(problem.errors())}
        return await _page(request, desk, {name: WORDS[name] for name in fields & set(WORDS)}, url=url, chosen=chosen)
    except AppError as error:
        told = error.extra.get("errors", [{}])[0].get("reason")
        words = f"This address {told}." if told else error.detail or error.title
        return await _page(request, desk, {"url": words}, url=url, chosen=chosen)
    return await _page(request, desk, secret=secret, secret_of=made.url)


async def _change(request: Request, desk: Desk, endpoint_id: UUID, act: str) -> Response:
    who = desk.person.customer_id
    if act == "secret":
        endpoint = await webhooks.get_endpoint(endpoint_id, desk.owner_id)
        secret = await webhooks.renew_secret(who, endpoint_id, desk.owner_id)
        return await _page(request, desk, secret=secret, secret_of=endpoint.url)
    if act == "remove":
        await webhooks.remove(who, endpoint_id, desk.owner_id)
    else:
        await webhooks.switch(who, endpoint_id, act == "resume", desk.owner_id)
    return go(desk.here)


async def _log(request: Request, desk: Desk, endpoint_id: UUID) -> Response:
    endpoint = await webhooks.get_endpoint(endpoint_id, desk.owner_id)
    deliveries = await webhooks.list_deliveries(endpoint_id, desk.owner_id)
    return render(request, "webhook_log.html", desk=desk, endpoint=endpoint, deliveries=deliveries, names=NAMES)


async def _replay(desk: Desk, endpoint_id: UUID, delivery_id: UUID) -> Response:
    await webhooks.replay(desk.person.customer_id, delivery_id, desk.owner_id)
    return go(f"{desk.here}/{endpoint_id}")

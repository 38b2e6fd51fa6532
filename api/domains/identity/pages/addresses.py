"""Pages of a person's addresses."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response, status
from pydantic import ValidationError

from api.core.auth import CsrfDep, CurrentDep
from api.core.db import ReadDep, SessionDep
from api.core.rendering import render
from api.core.routing import Router
from api.domains.identity.errors import TooManyAddresses
from api.domains.identity.pages.forms import faults, go
from api.domains.identity.schemas import COUNTRIES, AddressWrite
from api.domains.identity.service import addresses

router = Router(prefix="/account/addresses")
HERE = "/account/addresses"
WORDS = {
    "name": "Enter the name of who receives the parcel.",
    "line1": "Enter street and number.",
    "city": "Enter the town.",
    "postal_code": "Enter the postal code, up to 20 characters.",
    "region": "Enter the state's short form, such as OR, or leave it empty.",
    "country": "Choose a country.",
    "phone": "Enter a phone number with digits and + ( ) / . - only, or leave it empty.",
}
BLANK = dict.fromkeys(WORDS, "") | {"line2": "", "country": "US"}


@router.get("")
async def show_addresses(
    request: Request, person: CurrentDep, reader: ReadDep, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """All of them."""
    found = await addresses.list_addresses(reader, person.customer_id)
    return render(request, "addresses.html", addresses=found, countries=COUNTRIES, done=done)


@router.get("/new")
async def show_new(request: Request, _: CurrentDep) -> Response:
    """The form for another one."""
    return render(
        request, "address.html", address_id=None, typed=BLANK | {"is_default": False}, errors={}, countries=COUNTRIES
    )


@router.get("/{address_id}")
async def show_address(request: Request, address_id: UUID, person: CurrentDep, reader: ReadDep) -> Response:
    """The form of one of them."""
    found = await addresses.get(reader, person.customer_id, address_id)
    return render(request, "address.html", address_id=address_id, typed=found, errors={}, countries=COUNTRIES)


@router.post("")
async def add_address(request: Request, person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """Keep another one."""
    return await _write(request, person.customer_id, session, None)


@router.post("/{address_id}")
async def change_address(
    request: Request, address_id: UUID, person: CurrentDep, _: CsrfDep, session: SessionDep
) -> Response:
    """Write one anew."""
    return await _write(request, person.customer_id, session, address_id)


async def _write(request: Request, customer_id: UUID, session: SessionDep, address_id: UUID | None) -> Response:
    form = await request.form()
    typed = {name: str(form.get(name, ""))[:1000] for name in BLANK} | {"is_default": "is_default" in form}
    try:
        written = AddressWrite.model_validate(typed)
        if address_id is None:
            await addresses.add(session, customer_id, written)
        else:
            await addresses.change(session, customer_id, address_id, written)
    except (ValidationError, TooManyAddresses) as problem:
        code, errors = status.HTTP_422_UNPROCESSABLE_CONTENT, faults(problem, WORDS)
        return render(
            request, "address.html", code, address_id=address_id, typed=typed, errors=errors, countries=COUNTRIES
        )
    return go(HERE, "kept")


@router.post("/{address_id}/remove")
async def remove_address(address_id: UUID, person: CurrentDep, _: CsrfDep, session: SessionDep) -> Response:
    """Forget one."""
    await addresses.remove(session, person.customer_id, address_id)
    return go(HERE, "removed")

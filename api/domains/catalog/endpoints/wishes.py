"""JSON of a person's own wishlist."""

from typing import Annotated

import orjson
from fastapi import Path, Response

from api.core.auth import CurrentDep
from api.core.db import ReadDep, SessionDep
from api.core.routing import Router
from api.domains.catalog.schemas import Wishlist
from api.domains.catalog.service import wishes

router = Router(prefix="/v1/me/wishlist", tags=["catalog"])
VariantId = Annotated[int, Path(gt=0, lt=2**63)]


@router.get("", response_model=Wishlist)
async def get_wishlist(person: CurrentDep, reader: ReadDep) -> Response:
    """What the person wishes for at today's prices, the latest first."""
    rows = [
        {name: getattr(wish.variant, name) for name in
         ("variant_id", "product_id", "title", "options", "price_minor", "currency", "is_active")}
        | {"wished_price_minor": wish.wished_price_minor, "wished_at": wish.wished_at}
        for wish in await wishes.wishlist(reader, person.customer_id)
    ]  # fmt: skip
    return Response(orjson.dumps({"items": rows}), media_type="application/json")


@router.put("/{variant_id}", status_code=204)
async def add_wish(person: CurrentDep, session: SessionDep, variant_id: VariantId) -> None:
    """Put it on the list; once more does nothing. 409 when the list is full."""
    await wishes.add(session, person.customer_id, variant_id)


@router.delete("/{variant_id}", status_code=204)
async def remove_wish(person: CurrentDep, session: SessionDep, variant_id: VariantId) -> None:
    """Take it off the list; once more does nothing."""
    await wishes.remove(session, person.customer_id, variant_id)

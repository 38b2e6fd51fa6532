"""What a person wishes for: today's price beside the one it had then, and whether it is there."""

from fastapi import Request, Response

from api.core.auth import CurrentDep, VisitorDep
from api.core.db import ReadDep
from api.core.rendering import render
from api.core.routing import Router
from api.domains.catalog import facade as catalog
from api.domains.inventory import facade as inventory

router = Router(include_in_schema=False)


@router.get("/wishlist")
async def show_wishlist(request: Request, person: CurrentDep, _visitor: VisitorDep, reader: ReadDep) -> Response:
    """The list, the latest wish first."""
    wishes = await catalog.wishlist(reader, person.customer_id)
    stock = await inventory.available(reader, [wish.variant.variant_id for wish in wishes]) if wishes else {}
    return render(request, "wishlist.html", wishes=wishes, stock=stock)

"""The heart of a product page: onto the wishlist and off it, without a script too."""

from typing import Annotated, Literal

from fastapi import Form, Path, Response, status
from fastapi.responses import RedirectResponse

from api.core.auth import CsrfDep, CurrentDep
from api.core.db import SessionDep
from api.core.routing import Router
from api.domains.catalog.errors import VariantNotFound
from api.domains.catalog.service import variants, wishes

router = Router()
VariantId = Annotated[int, Path(gt=0, lt=2**63)]


@router.post("/p/{variant_id}/wish")
async def wish(
    variant_id: VariantId,
    person: CurrentDep,
    _: CsrfDep,
    session: SessionDep,
    act: Annotated[Literal["add", "remove"], Form()] = "add",
    back: Annotated[Literal["product", "list"], Form()] = "product",
) -> Response:
    """Put it on the list or take it off; back to where the person was."""
    await (wishes.add if act == "add" else wishes.remove)(session, person.customer_id, variant_id)
    if back == "list":
        return RedirectResponse("/wishlist", status.HTTP_303_SEE_OTHER)
    found = (await variants.get_variants(session, [variant_id])).get(variant_id)
    if found is None:
        raise VariantNotFound(variant_id)
    return RedirectResponse(f"/p/{found.product_id}?variant={variant_id}", status.HTTP_303_SEE_OTHER)

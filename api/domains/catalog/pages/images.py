"""The operator's page of a product's pictures: send one in, describe it, choose the first, take one away."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Form, Path, Query, Request, Response, status
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.db import ReadDep
from api.core.errors import AppError
from api.core.pictures import LARGEST, bounded_form, file_type
from api.core.rendering import render
from api.core.routing import Router
from api.domains.catalog.service import images, products

router = Router()
Operator = Annotated[Principal, Depends(require("catalog.manage"))]
ProductId = Annotated[int, Path(gt=0, lt=2**63)]


@router.get("/operate/products/{product_id}/images")
async def show_images(
    request: Request,
    product_id: ProductId,
    _visitor: VisitorDep,
    _: Operator,
    reader: ReadDep,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """All pictures of a product, with what became of each."""
    return await _page(request, product_id, reader, done=done)


# The length is checked before the form's token is, for that reads the whole form.
@router.post("/operate/products/{product_id}/images", dependencies=[Depends(bounded_form)])
async def send_image(
    request: Request, product_id: ProductId, _visitor: VisitorDep, operator: Operator, _: CsrfDep, reader: ReadDep
) -> Response:
    """Take a picture in."""
    form = await request.form()
    file, alt = form.get("file"), str(form.get("alt", "")).strip()[:300]
    if not isinstance(file, UploadFile) or not file.filename:
        return await _page(request, product_id, reader, {"file": "Choose a picture."}, alt=alt)
    try:
        content = await file.read(LARGEST + 1)
        kind = file_type(file.file)
        await images.attach(product_id, content, kind, alt, operator.customer_id)
    except AppError as error:
        told = error.extra.get("errors", [{}])[0].get("reason")
        text = f"This file {told}." if told else error.detail or error.title
        return await _page(request, product_id, reader, {"file": text}, alt=alt)
    return _back(product_id, "sent")


@router.post("/operate/products/{product_id}/images/{image_id}")
async def change_image(
    product_id: ProductId,
    image_id: UUID,
    operator: Operator,
    _: CsrfDep,
    act: Annotated[str, Form(max_length=20)],
    alt: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Describe it, let it stand for the product, or take it away."""
    if act == "remove":
        await images.remove(operator.customer_id, product_id, image_id)
        return _back(product_id, "removed")
    if act == "first":
        await images.place_first(operator.customer_id, product_id, image_id)
    else:
        await images.describe(operator.customer_id, product_id, image_id, alt.strip())
    return _back(product_id, "changed")


def _back(product_id: int, done: str) -> Response:
    return RedirectResponse(f"/operate/products/{product_id}/images?done={quote(done)}", status.HTTP_303_SEE_OTHER)


async def _page(
    request: Request,
    product_id: int,
    reader: ReadDep,
    errors: dict[str, str] | None = None,
    done: str = "",
    alt: str = "",
) -> Response:
    return render(
        request,
        "operate_images.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK,
        product=await products.get_product(reader, product_id),
        images=await images.all_of_product(reader, product_id),
        most=images.MOST_IMAGES,
        errors=errors or {},
        done=done,
        alt=alt,
    )

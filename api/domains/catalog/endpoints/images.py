"""Pictures of products: JSON to upload them, and the addresses that show them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request, Response

from api.core.access import open_to_all
from api.core.auth import Principal, require
from api.core.db import ReadDep
from api.core.limits import limited
from api.core.pictures import Upload
from api.core.routing import Router
from api.domains.catalog.contracts import ImageView
from api.domains.catalog.schemas import ImageChange, ImageUpload
from api.domains.catalog.service import images

router = Router(prefix="/v1", tags=["catalog"])
files = Router(include_in_schema=False)
ProductId = Annotated[int, Path(gt=0, lt=2**63)]
Operator = Annotated[Principal, Depends(require("catalog.manage"))]
FOR_EVER = "public, max-age=31536000, immutable"


@router.get("/products/{product_id}/images")
@open_to_all
async def list_images(product_id: ProductId, reader: ReadDep) -> list[ImageView]:
    """A product's pictures in their order, each at /media/{digest}/160.webp, 480.webp and 960.webp."""
    return await images.of_product(reader, product_id)


@router.post("/operate/products/{product_id}/images", status_code=201)
async def begin_upload(product_id: ProductId, body: ImageUpload, operator: Operator) -> Upload:
    """Ask for an address to PUT one file to; complete the upload afterwards."""
    return await images.begin_upload(operator.customer_id, product_id, body.content_type, body.size_bytes, body.alt)


@router.post("/operate/products/{product_id}/images/{image_id}/complete")
async def complete_upload(product_id: ProductId, image_id: UUID, _: Operator) -> ImageView:
    """The file is there: it is looked at, and shown once its sizes are made. What is no picture is refused."""
    return await images.complete(product_id, image_id)


@router.get("/operate/products/{product_id}/images")
async def list_all_images(product_id: ProductId, _: Operator, reader: ReadDep) -> list[ImageView]:
    """All of a product's pictures, also those on their way and refused ones."""
    return await images.all_of_product(reader, product_id)


@router.patch("/operate/products/{product_id}/images/{image_id}", status_code=204)
async def change_image(product_id: ProductId, image_id: UUID, body: ImageChange, operator: Operator) -> None:
    """Say what it shows, or let it stand for the product."""
    if body.alt is not None:
        await images.describe(operator.customer_id, product_id, image_id, body.alt)
    if body.is_first:
        await images.place_first(operator.customer_id, product_id, image_id)


@router.delete("/operate/products/{product_id}/images/{image_id}", status_code=204)
async def remove_image(product_id: ProductId, image_id: UUID, operator: Operator) -> None:
    """Take it away."""
    await images.remove(operator.customer_id, product_id, image_id)


@files.get("/media/{digest}/{size}.webp")
@open_to_all
@limited(None)
async def show_picture(
    request: Request, digest: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")], size: Annotated[int, Path(gt=0)]
) -> Response:
    """One size of a picture. Its address names its content, so a browser may keep it for a year."""
    headers = {"cache-control": FOR_EVER, "etag": f'"{digest[:32]}-{size}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(await images.open_picture(digest, size), media_type="image/webp", headers=headers)

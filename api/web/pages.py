"""Every page that several domains make together, and the pictures."""

from fastapi import APIRouter, Response

from api.core.errors import NotFound
from api.web import home, listing, product
from api.web.pictures import tile

router = APIRouter(include_in_schema=False)
router.include_router(home.router)
router.include_router(listing.router)
router.include_router(product.router)

pictures = APIRouter(include_in_schema=False)


@pictures.get("/pictures/{icon}.{tone}.{variant}.svg")
async def picture(icon: str, tone: str, variant: str) -> Response:
    """A product's tile. Its address says all that it shows, so a browser may keep it for a year."""
    try:
        source = tile(icon, tone, int(variant))
    except (KeyError, ValueError) as error:
        raise NotFound from error
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(source, media_type="image/svg+xml", headers=headers)

"""JSON of catalog, and its pictures."""

from fastapi import APIRouter

from api.domains.catalog.endpoints import images, products

router = APIRouter()
router.include_router(products.router)
router.include_router(images.router)
router.include_router(images.files)

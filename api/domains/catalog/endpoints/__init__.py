"""JSON of catalog, by whom it is for."""

from fastapi import APIRouter

from api.domains.catalog.endpoints import keeping, shop

router = APIRouter()
router.include_router(shop.router)
router.include_router(keeping.router)

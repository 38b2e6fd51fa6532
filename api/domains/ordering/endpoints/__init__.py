"""JSON of ordering."""

from fastapi import APIRouter

from api.domains.ordering.endpoints import operate, promotions, shop

router = APIRouter()
for part in (shop, operate, promotions):
    router.include_router(part.router)

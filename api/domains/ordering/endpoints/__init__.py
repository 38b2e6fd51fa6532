"""JSON of ordering."""

from fastapi import APIRouter

from api.domains.ordering.endpoints import operate, promotions, shop, webhooks

router = APIRouter()
for part in (shop, operate, promotions, webhooks):
    router.include_router(part.router)
router.include_router(webhooks.own)

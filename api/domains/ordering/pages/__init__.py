"""Pages of ordering."""

from fastapi import APIRouter

from api.domains.ordering.pages import checkout, operate, promotions, shop, webhooks

router = APIRouter(include_in_schema=False)
for part in (shop, checkout, operate, promotions, webhooks):
    router.include_router(part.router)

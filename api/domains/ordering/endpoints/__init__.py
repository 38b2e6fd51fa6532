"""JSON of ordering."""

from api.core.routing import Router
from api.domains.ordering.endpoints import operate, promotions, shop, webhooks

router = Router()
for part in (shop, operate, promotions, webhooks):
    router.include_router(part.router)
router.include_router(webhooks.own)

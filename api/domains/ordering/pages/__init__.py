"""Pages of ordering."""

from api.core.routing import Router
from api.domains.ordering.pages import checkout, operate, promotions, shop, webhooks

router = Router(include_in_schema=False)
for part in (shop, checkout, operate, promotions, webhooks):
    router.include_router(part.router)

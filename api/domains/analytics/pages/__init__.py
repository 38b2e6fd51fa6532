"""Pages of analytics."""

from api.core.routing import Router
from api.domains.analytics.pages import health, overview

router = Router(include_in_schema=False)
router.include_router(overview.router)
router.include_router(health.router)

"""Pages of analytics: dashboards, each beside the period before, and where their figures come from."""

from api.core.routing import Router
from api.domains.analytics.pages import data, overview, sales

router = Router(include_in_schema=False)
router.include_router(overview.router)
router.include_router(sales.router)
router.include_router(data.router)

"""Pages of analytics: dashboards, each beside the period before, and how the data behind them are."""

from api.core.routing import Router
from api.domains.analytics.pages import health, overview, sales

router = Router(include_in_schema=False)
router.include_router(overview.router)
router.include_router(sales.router)
router.include_router(health.router)

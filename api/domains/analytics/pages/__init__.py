"""Pages of analytics: dashboards, each beside the period before, and where their figures come from."""

from api.core.routing import Router
from api.domains.analytics.pages import (
    communities,
    customers,
    data,
    experiments,
    inventory,
    live,
    models,
    moderation,
    overview,
    sales,
)

router = Router(include_in_schema=False)
for page in (overview, live, sales, customers, inventory, communities, moderation, models, experiments, data):
    router.include_router(page.router)

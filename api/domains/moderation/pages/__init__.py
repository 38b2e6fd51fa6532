"""Pages of moderation, by whom they are for."""

from api.core.routing import Router
from api.domains.moderation.pages import cases, policies, rules, statements

router = Router(include_in_schema=False)
for each in (rules, policies, cases, statements):
    router.include_router(each.router)

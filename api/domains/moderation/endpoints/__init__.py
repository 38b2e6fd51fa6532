"""JSON of moderation."""

from api.core.routing import Router
from api.domains.moderation.endpoints import cases, policies, rules, statements

router = Router(tags=["moderation"])
for each in (rules, policies, cases, statements):
    router.include_router(each.router)

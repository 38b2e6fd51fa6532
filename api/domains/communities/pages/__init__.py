"""Pages of communities, by what they are for."""

from api.core.routing import Router
from api.domains.communities.pages import (
    acts,
    communities,
    feeds,
    moderating,
    multis,
    notifications,
    posts,
    profiles,
    reporting,
    wanted,
    writing,
)

router = Router(include_in_schema=False)
for each in (feeds, communities, posts, acts, moderating, profiles, reporting, notifications, writing, wanted, multis):
    router.include_router(each.router)

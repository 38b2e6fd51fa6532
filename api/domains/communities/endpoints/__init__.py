"""JSON of communities."""

from api.core.routing import Router
from api.domains.communities.endpoints import (
    comments,
    communities,
    drafts,
    feeds,
    moderating,
    multis,
    notifications,
    posts,
    trust,
    wanted,
)

router = Router()
for each in (communities, feeds, posts, comments, moderating, notifications, drafts, wanted, multis, trust):
    router.include_router(each.router)

"""JSON of communities."""

from api.core.routing import Router
from api.domains.communities.endpoints import (
    comments,
    communities,
    drafts,
    feeds,
    moderating,
    notifications,
    posts,
    wanted,
)

router = Router()
for each in (communities, feeds, posts, comments, moderating, notifications, drafts, wanted):
    router.include_router(each.router)

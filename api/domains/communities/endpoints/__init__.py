"""JSON of communities."""

from api.core.routing import Router
from api.domains.communities.endpoints import comments, communities, drafts, feeds, moderating, notifications, posts

router = Router()
for each in (communities, feeds, posts, comments, moderating, notifications, drafts):
    router.include_router(each.router)

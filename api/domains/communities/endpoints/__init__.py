"""JSON of communities."""

from api.core.routing import Router
from api.domains.communities.endpoints import comments, communities, feeds, moderating, notifications, posts

router = Router()
for each in (communities, feeds, posts, comments, moderating, notifications):
    router.include_router(each.router)

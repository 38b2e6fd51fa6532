"""Pages of content: reading, writing, and the moderators' desk."""

from api.core.routing import Router
from api.domains.content.pages import moderating, reading, writing

router = Router(include_in_schema=False)
for each in (reading, writing, moderating):
    router.include_router(each.router)

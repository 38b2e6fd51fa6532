"""JSON of content."""

from api.core.routing import Router
from api.domains.content.endpoints import moderating, reading, writing

router = Router()
for each in (reading, writing, moderating):
    router.include_router(each.router)

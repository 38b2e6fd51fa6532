"""Pages of ordering."""

from fastapi import APIRouter

from api.domains.ordering.pages import shop

router = APIRouter(include_in_schema=False)
for part in (shop,):
    router.include_router(part.router)

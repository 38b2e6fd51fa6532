"""Pages of catalog, by what they are for."""

from fastapi import APIRouter

from api.domains.catalog.pages import files

router = APIRouter(include_in_schema=False)
router.include_router(files.router)

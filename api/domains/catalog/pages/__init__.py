"""Pages of catalog, by what they are for."""

from fastapi import APIRouter

from api.domains.catalog.pages import collections, files, images, keeping, reviews

router = APIRouter(include_in_schema=False)
router.include_router(files.router)
router.include_router(keeping.router)
router.include_router(collections.router)
router.include_router(reviews.router)
router.include_router(images.router)

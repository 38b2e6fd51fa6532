"""Pages of catalog, by what they are for."""

from api.core.routing import Router
from api.domains.catalog.pages import (
    categories,
    collections,
    files,
    images,
    keeping,
    questions,
    reporting,
    reviews,
    types,
    variants,
    wishes,
)

router = Router(include_in_schema=False)
router.include_router(files.router)
router.include_router(categories.router)
router.include_router(keeping.router)
router.include_router(variants.router)
router.include_router(types.router)
router.include_router(collections.router)
router.include_router(reviews.router)
router.include_router(images.router)
router.include_router(wishes.router)
router.include_router(questions.router)
router.include_router(reporting.router)

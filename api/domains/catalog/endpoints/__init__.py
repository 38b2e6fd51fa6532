"""JSON of catalog, its pictures, and what operators keep."""

from api.core.routing import Router
from api.domains.catalog.endpoints import (
    categories,
    collections,
    images,
    keeping,
    products,
    questions,
    reporting,
    wishes,
)

router = Router()
router.include_router(products.router)
router.include_router(categories.router)
router.include_router(keeping.router)
router.include_router(collections.router)
router.include_router(images.router)
router.include_router(images.files)
router.include_router(wishes.router)
router.include_router(questions.router)
router.include_router(reporting.router)

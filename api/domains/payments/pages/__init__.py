"""Pages of payments."""

from fastapi import APIRouter

from api.domains.payments.pages import customer, operate

router = APIRouter(include_in_schema=False)
router.include_router(customer.router)
router.include_router(operate.router)

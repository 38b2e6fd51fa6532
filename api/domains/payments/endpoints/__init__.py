"""JSON of payments."""

from fastapi import APIRouter

from api.domains.payments.endpoints import customer, operate

router = APIRouter()
router.include_router(customer.router)
router.include_router(operate.router)

"""JSON of payments."""

from api.core.routing import Router
from api.domains.payments.endpoints import customer, operate

router = Router()
router.include_router(customer.router)
router.include_router(operate.router)

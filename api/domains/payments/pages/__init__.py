"""Pages of payments."""

from api.core.routing import Router
from api.domains.payments.pages import customer, gift_cards, operate

router = Router(include_in_schema=False)
router.include_router(customer.router)
router.include_router(operate.router)
router.include_router(gift_cards.router)

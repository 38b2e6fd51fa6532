"""JSON of identity."""

from api.core.routing import Router
from api.domains.identity.endpoints import account, addresses, operate, privacy, sign_in

router = Router()
for part in (sign_in, account, addresses, privacy):
    router.include_router(part.router, tags=["identity"])
router.include_router(operate.router)

"""Pages of identity."""

from api.core.routing import Router
from api.domains.identity.pages import account, addresses, operate, privacy, recovery, second_factor, security, sign_in

router = Router(include_in_schema=False)
for part in (sign_in, recovery, account, security, second_factor, addresses, privacy, operate):
    router.include_router(part.router)

"""Pages of identity."""

from fastapi import APIRouter

from api.domains.identity.pages import account, addresses, privacy, recovery, second_factor, security, sign_in

router = APIRouter(include_in_schema=False)
for part in (sign_in, recovery, account, security, second_factor, addresses, privacy):
    router.include_router(part.router)

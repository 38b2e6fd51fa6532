"""JSON of identity."""

from fastapi import APIRouter

from api.domains.identity.endpoints import account, addresses, privacy, sign_in

router = APIRouter(tags=["identity"])
for part in (sign_in, account, addresses, privacy):
    router.include_router(part.router)

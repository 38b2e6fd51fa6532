"""JSON of identity."""

from typing import Any

from fastapi import APIRouter, Request, Response, status

from api.core.access import open_to_all
from api.core.auth import CurrentDep, SignInNeeded, visitor_id
from api.core.db import SessionDep
from api.core.keys import public_keys
from api.core.limits import limit_account, limited
from api.domains.identity.schemas import (
    Credentials,
    Me,
    RefreshRequest,
    Registration,
    RegistrationAnswer,
    TokenAnswer,
)
from api.domains.identity.service import accounts, sign_in

router = APIRouter(tags=["identity"])


@router.post("/v1/customers", status_code=status.HTTP_202_ACCEPTED)
@open_to_all
@limited("register")
async def register(registration: Registration, session: SessionDep) -> RegistrationAnswer:
    """Register. The answer does not tell whether the address had an account already."""
    await accounts.register(session, registration)
    return RegistrationAnswer(email=registration.email)


@router.post("/v1/tokens", status_code=status.HTTP_201_CREATED)
@open_to_all
@limited("sign-in")
async def create_tokens(
    credentials: Credentials, session: SessionDep, request: Request, response: Response
) -> TokenAnswer:
    """Sign in with e-mail and password."""
    response.headers["cache-control"] = "no-store"
    await limit_account(request, credentials.email)
    customer_id = await sign_in.authenticate(credentials.email, credentials.password.get_secret_value())
    tokens = await sign_in.issue_tokens(session, customer_id, visitor_id(request))
    return TokenAnswer.model_validate(tokens, from_attributes=True)


@router.post("/v1/tokens/refresh", status_code=status.HTTP_201_CREATED)
@open_to_all
async def refresh_tokens(body: RefreshRequest, response: Response) -> TokenAnswer:
    """Exchange a refresh token, once, for new tokens."""
    response.headers["cache-control"] = "no-store"
    return TokenAnswer.model_validate(await sign_in.refresh(body.refresh_token), from_attributes=True)


@router.delete("/v1/tokens", status_code=status.HTTP_204_NO_CONTENT)
async def delete_tokens(request: Request, session: SessionDep, _: CurrentDep) -> None:
    """Sign out: the refresh tokens of this sign-in end now, the access token within its five minutes."""
    await sign_in.end_session(session, request)


@router.get("/v1/me")
async def get_me(principal: CurrentDep, session: SessionDep) -> Me:
    """The person who asks."""
    customer = await accounts.get_customer(session, principal.customer_id)
    if customer is None:
        raise SignInNeeded
    return Me(
        customer_id=customer.customer_id,
        email=customer.email,
        display_name=customer.display_name,
        roles=sorted(customer.roles),
        registered_at=customer.registered_at,
    )


@router.get("/.well-known/jwks.json")
@open_to_all
async def get_keys(response: Response) -> dict[str, Any]:
    """The keys that verify access tokens."""
    response.headers["cache-control"] = "public, max-age=300"
    return public_keys()

"""JSON of identity."""

from dataclasses import asdict
from typing import Any

from fastapi import Request, Response, status

from api.core.access import open_to_all
from api.core.auth import CurrentDep, visitor_id
from api.core.db import SessionDep
from api.core.keys import public_keys
from api.core.limits import limit_account, limited
from api.core.routing import Router
from api.domains.identity.schemas import (
    ChallengeAnswer,
    Credentials,
    Me,
    RefreshRequest,
    Registration,
    RegistrationAnswer,
    TokenAnswer,
)
from api.domains.identity.service import accounts, second_factor, security, sign_in

router = Router()


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
    """Sign in with e-mail and password. Where a second factor is on, the refusal holds a challenge for it."""
    response.headers["cache-control"] = "no-store"
    await limit_account(request, credentials.email)
    customer_id = await sign_in.authenticate(credentials.email, credentials.password.get_secret_value())
    tokens = await sign_in.issue_tokens(session, request, customer_id, visitor_id(request))
    return TokenAnswer.model_validate(tokens, from_attributes=True)


@router.post("/v1/tokens/second-factor", status_code=status.HTTP_201_CREATED)
@open_to_all
@limited("sign-in")
async def answer_challenge(
    answer: ChallengeAnswer, session: SessionDep, request: Request, response: Response
) -> TokenAnswer:
    """The second step of a sign-in, with a code of the authenticator app or a recovery code."""
    response.headers["cache-control"] = "no-store"
    customer_id = await second_factor.meet(answer.challenge, answer.code)
    tokens = await sign_in.issue_tokens(session, request, customer_id, visitor_id(request))
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
    found = await security.profile(session, principal.customer_id)
    roles = sorted(await accounts.roles_of(session, principal.customer_id))
    return Me.model_validate({**asdict(found), "roles": roles})


@router.get("/.well-known/jwks.json")
@open_to_all
async def get_keys(response: Response) -> dict[str, Any]:
    """The keys that verify access tokens."""
    response.headers["cache-control"] = "public, max-age=300"
    return public_keys()

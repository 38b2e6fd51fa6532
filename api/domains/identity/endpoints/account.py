"""JSON of an account: its name, address, password, sign-ins and second factor."""

from uuid import UUID

from fastapi import Request, Response, status

from api.core.access import open_to_all
from api.core.auth import CurrentDep, FreshDep
from api.core.db import ReadDep, SessionDep
from api.core.limits import limit_account, limited
from api.core.routing import Router
from api.domains.identity.contracts import Profile, SessionView
from api.domains.identity.schemas import (
    CodeSent,
    CodeWrite,
    Confirmation,
    EmailWrite,
    Ended,
    PasswordWrite,
    ProfileWrite,
    RecoveryCodes,
    RecoveryRequest,
    RecoveryWrite,
    SecondFactorEnrolment,
)
from api.domains.identity.service import second_factor, security

router = Router(prefix="/v1")


@router.patch("/me")
async def change_profile(body: ProfileWrite, person: CurrentDep, session: SessionDep) -> Profile:
    """Say how one wants to be called."""
    return await security.rename(session, person.customer_id, body.display_name)


@router.post("/me/confirmation", status_code=status.HTTP_204_NO_CONTENT)
@limited("sign-in")
async def confirm(body: Confirmation, person: CurrentDep, request: Request) -> None:
    """Prove again who one is: what needs a fresh sign-in then goes for an hour."""
    await limit_account(request, str(person.customer_id))
    await security.confirm(person, body.password.get_secret_value(), body.code)


@router.post("/me/email-verification", status_code=status.HTTP_202_ACCEPTED)
@limited("register")
async def send_verification(person: CurrentDep, session: SessionDep) -> CodeSent:
    """Mail a code to the account's address."""
    await security.send_verification(session, person.customer_id)
    return CodeSent()


@router.post("/me/email-verification/code", status_code=status.HTTP_204_NO_CONTENT)
@limited("sign-in")
async def verify_email(body: CodeWrite, person: CurrentDep) -> None:
    """Show with the code that the address is one's own."""
    await security.verify_email(person.customer_id, body.code)


@router.post("/me/email", status_code=status.HTTP_202_ACCEPTED)
@limited("register")
async def ask_email_change(body: EmailWrite, person: FreshDep, session: SessionDep) -> CodeSent:
    """Mail a code to another address, to use that from now on."""
    await security.ask_email_change(session, person.customer_id, body.email)
    return CodeSent()


@router.post("/me/email/code", status_code=status.HTTP_204_NO_CONTENT)
@limited("sign-in")
async def change_email(body: CodeWrite, person: FreshDep) -> None:
    """Use the new address; the old one is told."""
    await security.change_email(person.customer_id, body.code)


@router.put("/me/password")
async def change_password(body: PasswordWrite, person: FreshDep, session: SessionDep) -> Ended:
    """Choose another password; every other sign-in ends."""
    return Ended(ended=await security.change_password(session, person, body.password.get_secret_value()))


@router.post("/recovery", status_code=status.HTTP_202_ACCEPTED)
@open_to_all
@limited("register")
async def ask_recovery(body: RecoveryRequest, session: SessionDep) -> CodeSent:
    """Mail a code for a new password; the answer does not tell whether the address has an account."""
    await security.ask_recovery(session, body.email)
    return CodeSent()


@router.post("/recovery/code", status_code=status.HTTP_204_NO_CONTENT)
@open_to_all
@limited("sign-in")
async def recover(body: RecoveryWrite, request: Request) -> None:
    """Choose a new password with the code; every sign-in ends."""
    await limit_account(request, body.email)
    await security.recover(body.email, body.code, body.password.get_secret_value())


@router.get("/me/sessions")
async def list_sessions(person: CurrentDep, reader: ReadDep) -> list[SessionView]:
    """Where one is signed in."""
    return await security.list_sessions(reader, person)


@router.delete("/me/sessions/{session_id}", status_code=status.HTTP_204_NO_CONTENT)
async def end_session(session_id: UUID, person: CurrentDep, session: SessionDep) -> None:
    """End one of one's sign-ins; an access token of it holds at most five minutes longer."""
    await security.end_session(session, person, session_id)


@router.delete("/me/sessions")
async def end_other_sessions(person: CurrentDep, session: SessionDep) -> Ended:
    """End all of one's sign-ins but this."""
    return Ended(ended=await security.end_other_sessions(session, person))


@router.post("/me/second-factor", status_code=status.HTTP_201_CREATED)
async def begin_second_factor(person: FreshDep, session: SessionDep, response: Response) -> SecondFactorEnrolment:
    """A secret for an authenticator app; it holds once a code of it was confirmed."""
    response.headers["cache-control"] = "no-store"
    known = await security.profile(session, person.customer_id)
    made = await second_factor.begin(session, person.customer_id, known.email)
    return SecondFactorEnrolment(secret=made.secret, uri=made.uri)


@router.post("/me/second-factor/code")
@limited("sign-in")
async def confirm_second_factor(
    body: CodeWrite, person: FreshDep, session: SessionDep, response: Response
) -> RecoveryCodes:
    """Turn it on with a first code."""
    response.headers["cache-control"] = "no-store"
    known = await security.profile(session, person.customer_id)
    return RecoveryCodes(
        recovery_codes=await second_factor.confirm(session, person.customer_id, known.email, body.code)
    )


@router.post("/me/second-factor/recovery-codes", status_code=status.HTTP_201_CREATED)
async def renew_recovery_codes(person: FreshDep, session: SessionDep, response: Response) -> RecoveryCodes:
    """Other recovery codes; the old ones hold no longer."""
    response.headers["cache-control"] = "no-store"
    return RecoveryCodes(recovery_codes=await second_factor.renew_recovery_codes(session, person.customer_id))


@router.delete("/me/second-factor", status_code=status.HTTP_204_NO_CONTENT)
async def turn_off_second_factor(person: FreshDep, session: SessionDep) -> None:
    """Be asked for it no longer."""
    known = await security.profile(session, person.customer_id)
    await second_factor.turn_off(session, person.customer_id, known.email)

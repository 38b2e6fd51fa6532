"""JSON of preferences and consents."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.core.auth import CurrentDep
from api.core.db import ReadDep, SessionDep
from api.domains.identity.contracts import ConsentView
from api.domains.identity.schemas import ConsentWrite, MailChoices, MailWrite
from api.domains.identity.service import privacy

router = APIRouter(prefix="/v1/me")


@router.get("/preferences")
async def get_preferences(person: CurrentDep, reader: ReadDep) -> MailChoices:
    """Which mails one gets beyond receipts and security notices."""
    return MailChoices(mails=await privacy.wanted_mails(reader, person.customer_id))


@router.put("/preferences")
async def put_preferences(body: MailWrite, person: CurrentDep, session: SessionDep) -> MailChoices:
    """Choose the mails that one wants."""
    return MailChoices(mails=await privacy.choose_mails(session, person.customer_id, body.wanted))


@router.get("/consents")
async def list_consents(person: CurrentDep, reader: ReadDep) -> list[ConsentView]:
    """To what one agreed; at first to nothing."""
    return await privacy.consents(reader, person.customer_id)


@router.put("/consents/{purpose}")
async def put_consent(
    purpose: Annotated[str, Path(max_length=40)], body: ConsentWrite, person: CurrentDep, session: SessionDep
) -> list[ConsentView]:
    """Grant or withdraw; a withdrawal holds from now on."""
    await privacy.say(session, person.customer_id, purpose, body.is_granted, body.version)
    return await privacy.consents(session, person.customer_id)

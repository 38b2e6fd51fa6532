"""JSON of preferences and consents."""

from typing import Annotated

from fastapi import Path

from api.core.auth import CurrentDep, Principal
from api.core.db import ReadDep, Reader, SessionDep
from api.core.routing import Router
from api.domains.identity.contracts import ConsentView
from api.domains.identity.schemas import ConsentWrite, Preferences, PreferencesWrite
from api.domains.identity.service import privacy

router = Router(prefix="/v1/me")


@router.get("/preferences")
async def get_preferences(person: CurrentDep, reader: ReadDep) -> Preferences:
    """Which mails one gets beyond receipts and security notices, and how products are chosen for one."""
    return await _preferences(reader, person)


@router.put("/preferences")
async def put_preferences(body: PreferencesWrite, person: CurrentDep, session: SessionDep) -> Preferences:
    """Choose; what is left out stays as it is."""
    if body.wanted is not None:
        await privacy.choose_mails(session, person.customer_id, body.wanted)
    if body.is_personalised is not None:
        await privacy.choose_personalised(session, person.customer_id, body.is_personalised)
    return await _preferences(session, person)


async def _preferences(reader: Reader, person: Principal) -> Preferences:
    return Preferences(
        mails=await privacy.wanted_mails(reader, person.customer_id),
        is_personalised=await privacy.is_personalised(reader, person.customer_id),
    )


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

"""Which mails a person wants, and to which uses of their data they agreed."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core import outbox
from api.core.db import Reader
from api.core.errors import Invalid
from api.domains.identity.contracts import ConsentView
from api.domains.identity.domain import MAIL_KINDS, PURPOSES
from api.domains.identity.repository import privacy as repository
from ingestion.contracts.identity import ConsentGranted, ConsentWithdrawn


async def wanted_mails(reader: Reader, customer_id: UUID) -> dict[str, bool]:
    """Every kind of mail, and whether it is wanted: at first all are."""
    declined = await repository.declined_mails(reader, customer_id)
    return {kind: kind not in declined for kind in MAIL_KINDS}


async def choose_mails(session: AsyncSession, customer_id: UUID, wanted: Collection[str]) -> dict[str, bool]:
    """Keep the kinds that are wanted. Raises Invalid for a kind that there is not."""
    if unknown := set(wanted) - set(MAIL_KINDS):
        raise Invalid("mails", f"no such kind: {', '.join(sorted(unknown))}")
    await repository.put_declined_mails(session, customer_id, [kind for kind in MAIL_KINDS if kind not in wanted])
    return await wanted_mails(session, customer_id)


async def emails_wanting(reader: Reader, customer_ids: Sequence[UUID], kind: str) -> dict[UUID, str]:
    """The e-mail addresses of those of these people who want mails of a kind."""
    if kind not in MAIL_KINDS:
        raise ValueError(f"no such kind of mail: {kind}")
    return await repository.emails_wanting(reader, customer_ids, kind)


async def is_personalised(reader: Reader, customer_id: UUID) -> bool:
    """Whether products may be chosen for the person by what they looked at and bought: at first they are."""
    return await repository.is_personalised(reader, customer_id)


async def choose_personalised(session: AsyncSession, customer_id: UUID, is_personalised: bool) -> None:
    """From the next page on products are chosen so, or for everybody alike."""
    await repository.put_personalised(session, customer_id, is_personalised)


async def consents(reader: Reader, customer_id: UUID) -> list[ConsentView]:
    """Every purpose with the person's last word on it. A word on an older text does not hold for the present one."""
    said = await repository.last_said(reader, customer_id)
    views = []
    for purpose in PURPOSES:
        last = said.get(purpose.name)
        holds = last is not None and last.is_granted and last.version == purpose.version
        said_at = None if last is None else last.said_at
        views.append(ConsentView(purpose.name, purpose.version, purpose.title, purpose.text, holds, said_at))
    return views


async def has_consent(reader: Reader, customer_id: UUID, purpose: str) -> bool:
    """Whether a use of the person's data is agreed to, in the words of today."""
    return any(view.is_granted for view in await consents(reader, customer_id) if view.purpose == purpose)


async def consenting(reader: Reader, purpose: str, after: UUID, limit: int) -> list[UUID]:
    """People behind `after`, by their ids, who agree to a purpose in the words of today."""
    version = next(each.version for each in PURPOSES if each.name == purpose)
    return await repository.consenting(reader, purpose, version, after, limit)


async def say(session: AsyncSession, customer_id: UUID, purpose: str, is_granted: bool, version: str | None) -> None:
    """Grant or withdraw; saying the same again changes nothing.

    `version` is the text that the person saw. Raises Invalid for another purpose, or a text of before.
    """
    known = next((each for each in PURPOSES if each.name == purpose), None)
    if known is None:
        raise Invalid("purpose", f"must be one of {', '.join(each.name for each in PURPOSES)}")
    if is_granted and version is not None and version != known.version:
        raise Invalid("version", f"the text has changed; read version {known.version}")
    await repository.lock(session, customer_id)
    last = (await repository.last_said(session, customer_id)).get(purpose)
    if (last is None and not is_granted) or (
        last is not None and last.is_granted == is_granted and (not is_granted or last.version == known.version)
    ):
        return
    await repository.say(session, customer_id, purpose, known.version, is_granted)
    event = ConsentGranted if is_granted else ConsentWithdrawn
    await outbox.publish(session, event(customer_id=customer_id, purpose=purpose, text_version=known.version))

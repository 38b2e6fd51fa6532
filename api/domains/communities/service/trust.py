"""Trust: heard of in events, kept for each person, and what it opens."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.core.errors import TooMany
from api.core.inbox import ReceivedEvent
from api.domains.communities.domain.roles import Standing
from api.domains.communities.domain.trust import (
    HOURLY,
    IMAGES_FROM,
    LINKS_FROM,
    Facts,
    Happening,
    Kind,
    is_active,
    level,
    score,
)
from api.domains.communities.errors import TrustNeeded
from api.domains.communities.repository import trust as repository
from ingestion.contracts import Event, catalog, communities, moderation, ordering, payments

HOUR = 3600
BATCH = 5000


# Event → the field with the id of its thing, what that is, and its status from now on; None: as the event says.
_THINGS: dict[type[Event], tuple[str, Kind, str | None]] = {
    communities.PostPublished: ("post_id", "post", "published"),
    communities.PostWithdrawn: ("post_id", "post", None),
    communities.CommentPublished: ("comment_id", "comment", "published"),
    communities.CommentWithdrawn: ("comment_id", "comment", None),
    catalog.ReviewPublished: ("review_id", "review", "published"),
    catalog.ReviewWithdrawn: ("review_id", "review", "held"),
    ordering.OrderDelivered: ("order_id", "order", "published"),
}
_VOTES: dict[type[Event], str] = {communities.PostVoted: "post_id", communities.CommentVoted: "comment_id"}
# What becomes of a sale: event → which side of it, and its state from now on. Whose sale it is tells the placed order.
_SALES: dict[type[Event], tuple[Kind, str]] = {
    ordering.OrderDelivered: ("sale", "published"),
    ordering.OrderCancelled: ("sale", "cancelled"),
    payments.PaymentRefunded: ("refund", "happened"),
    payments.DisputeClosed: ("dispute", "happened"),
}
# What moderators decided of a review; posts and comments tell themselves what became of them.
_VERDICTS: dict[type[Event], str | None] = {moderation.CaseDecided: None, moderation.DecisionUndone: "none"}
EVENTS: tuple[type[Event], ...] = (
    *_THINGS, *_VOTES, *_VERDICTS, ordering.OrderPlaced, *(each for each in _SALES if each not in _THINGS),
)  # fmt: skip
SIDES: tuple[Kind, ...] = ("sale", "refund", "dispute")
FALL = "fall"
BY_BUYER = "customer"  # the reason of an order that its buyer took back


def meaning(event_class: type[Event], fields: Mapping[str, Any], at: datetime) -> list[Happening]:
    """What one of `EVENTS` means for trust: nothing, one thing or several."""
    person: UUID | None = fields.get("customer_id")
    if event_class in _VOTES:
        return [Happening(fields[_VOTES[event_class]], person, at, value=fields["value"])]
    if event_class in _VERDICTS:
        if fields["kind"] != "review" or person is None:
            return []
        status = "removed" if _VERDICTS[event_class] is None and fields["effect"] == FALL else "none"
        return [Happening(_side(fields["subject_id"], "verdict"), person, at, "verdict", status)]
    if event_class is ordering.OrderPlaced:
        seller: UUID | None = fields["seller_id"]
        return [Happening(_side(fields["order_id"], side), seller, at, side, "placed") for side in SIDES if seller]
    found = []
    if event_class in _THINGS:
        name, kind, state = _THINGS[event_class]
        found.append(Happening(fields[name], person, at, kind, state or fields["status"]))
    if event_class in _SALES and _is_sellers(event_class, fields):
        side, state = _SALES[event_class]
        found.append(Happening(_side(fields["order_id"], side), None, at, side, state))
    return found


def _is_sellers(event_class: type[Event], fields: Mapping[str, Any]) -> bool:
    """Whether it is the seller's: not that the buyer thought better of it, nor a dispute that the bank refused."""
    if event_class is ordering.OrderCancelled:
        return bool(fields["reason"] != BY_BUYER)
    return event_class is not payments.DisputeClosed or bool(fields["outcome"] == "lost")


def _side(thing_id: UUID, side: str) -> UUID:
    """An order is bought by one person and sold by another; each side of it is a thing of its own."""
    return uuid5(thing_id, side)


async def hear(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """Note what happened, and count those anew of whom it tells."""
    news = [meaning(type(event.data), dict(event.data), event.occurred_at) for event in events]
    await note(session, [each for several in news for each in several])


async def note(session: AsyncSession, news: Sequence[Happening]) -> None:
    """Note news, in whatever order these come, each as often as it comes."""
    things = [each for each in news if each.value is None]
    votes = [each for each in news if each.value is not None]
    active = [each for each in news if is_active(each)]
    if things:
        await repository.note_things(session, things)
    if votes:
        await repository.note_votes(session, votes)
    if active:
        await repository.note_days(session, active)
    of_others = {each.thing_id for each in news if each.value is not None or each.person_id is None}
    people = {each.person_id for each in news if each.person_id is not None}
    if people or of_others:
        await _count_anew(session, people | await repository.authors(session, of_others))


async def _count_anew(session: AsyncSession, people: Collection[UUID]) -> None:
    if not people:
        return
    await repository.take_turns(session)
    found = await repository.count(session, people)
    rows = [
        asdict(facts) | {"customer_id": person, "score": score(facts), "level": level(facts)}
        for person, facts in found.items()
    ]
    await repository.put(session, rows)


async def rebuild(session: AsyncSession, news: Iterable[Happening]) -> None:
    """Forget everything and hear it anew, in one transaction."""
    await repository.clear(session)
    batch: list[Happening] = []
    for each in news:
        batch.append(each)
        if len(batch) == BATCH:
            await note(session, batch)
            batch = []
    if batch:
        await note(session, batch)


async def facts_of(reader: Reader, customer_id: UUID) -> Facts:
    """What counts for a person."""
    return await repository.facts(reader, customer_id)


async def everybody(reader: Reader) -> dict[UUID, Facts]:
    """What counts for each person of whom anything was heard."""
    return await repository.everybody(reader)


async def may_link(reader: Reader, customer_id: UUID, place: Standing) -> bool:
    """Whether links of this person stand without a look: from the first level on, and where they lead."""
    return place.leads or await repository.level(reader, customer_id) >= LINKS_FROM


async def check_image(reader: Reader, customer_id: UUID, place: Standing) -> None:
    """Whether somebody posts pictures. Raises TrustNeeded."""
    if not place.leads and await repository.level(reader, customer_id) < IMAGES_FROM:
        raise TrustNeeded("Pictures are open from the level “known” on; see /forum/trust.")


async def check_pace(reader: Reader, customer_id: UUID, place: Standing) -> None:
    """Whether somebody writes one more thing within the hour. Raises TooMany."""
    if place.leads:
        return
    most = HOURLY[await repository.level(reader, customer_id)]
    if most is not None and await repository.written(reader, customer_id) >= most:
        raise TooMany(HOUR // 4)

"""What moderators do, each act in the public log of the community, and how it is taken back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal
from api.core.db import Reader
from api.core.errors import Conflict, Invalid
from api.core.paging import Page, decode_cursor, encode_cursor
from api.core.texts import fitting
from api.domains.communities.contracts import Act, CommentView, CommunityView, Member, PostView, Reported, Role
from api.domains.communities.domain.roles import Standing, outranks
from api.domains.communities.errors import ActNotFound, AlreadyUndone, MayNotModerate
from api.domains.communities.repository import acts
from api.domains.communities.repository import comments as comment_repository
from api.domains.communities.repository import communities as community_repository
from api.domains.communities.repository import posts as post_repository
from api.domains.communities.service import access, comments, communities, notifications, people, posts, subjects
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Subject
from ingestion.contracts import new_event_id

LONGEST_REASON = 500
SHOWN = 100
LEAST_THRESHOLD = 0.3  # below it half of what people write would wait
# act: (the state that it needs, the state that it makes)
ON_WORDS = {
    "remove": ("published", "removed"),
    "restore": ("removed", "published"),
    "approve": ("held", "published"),
    "reject": ("held", "rejected"),
}
ON_LOCK = {"lock": True, "unlock": False}
# act: (the roles that it needs, the role that it makes)
ON_PERSON: dict[str, tuple[tuple[Role | None, ...], Role | None]] = {
    "ban": ((None, "waiting", "member", "moderator"), "banned"),
    "unban": (("banned",), None),
    "appoint": (("member",), "moderator"),
    "demote": (("moderator",), "member"),
    "admit": (("waiting",), "member"),
    "decline": (("waiting",), None),
}
NEEDS_REASON = frozenset({"remove", "reject", "ban", "lock", "undo"})


async def on_post(session: AsyncSession, person: Principal, post_id: UUID, act: str, reason: str = "") -> PostView:
    """Remove, restore, approve, reject, lock or unlock a post.

    Raises PostNotFound, MayNotModerate, Invalid, and Conflict where its state is another.
    """
    reason = _reason(act, reason)
    post = await posts.get(session, post_id, person)
    await _may_act(session, person, post.community_id, post.author_id)
    row = await post_repository.lock(session, post_id)
    status: str = row.status if row else ""
    before = {"status": status, "is_locked": post.is_locked}
    if act in ON_LOCK:
        if post.is_locked == ON_LOCK[act]:
            raise Conflict
        await post_repository.set_lock(session, post_id, ON_LOCK[act])
    else:
        now = _next(act, status)
        await move_post(session, post, status, now, reason)
        await _tell_moderation(session, person, _shown(subjects.of_post(post), post), (status, now), reason)
    await note(session, post.community_id, person.customer_id, act, "post", post_id, reason, before)
    return await posts.get(session, post_id, person)


async def on_comment(
    session: AsyncSession, person: Principal, comment_id: UUID, act: str, reason: str = ""
) -> CommentView:
    """Remove, restore, approve or reject a comment. Raises as `on_post`, and CommentNotFound."""
    reason = _reason(act, reason)
    comment, post = await comments.get(session, comment_id, person)
    await _may_act(session, person, post.community_id, comment.author_id)
    row = await comment_repository.lock(session, comment_id)
    was = row.status if row else ""
    now = _next(act, was)
    await move_comment(session, comment, post, was, now, reason)
    await _tell_moderation(session, person, _shown(subjects.of_comment(comment, post), post), (was, now), reason)
    await note(session, post.community_id, person.customer_id, act, "comment", comment_id, reason, {"status": was})
    return (await comments.get(session, comment_id, person))[0]


async def on_person(
    session: AsyncSession, person: Principal, slug: str, handle: str, act: str, reason: str = ""
) -> Role | None:
    """Ban, unban, appoint, demote, admit or decline somebody.

    Whoever writes at this moment is waited for. Raises CommunityNotFound, PersonNotFound, MayNotModerate, Invalid,
    and Conflict where the role is another.
    """
    reason = _reason(act, reason)
    community, _ = await access.moderated(session, slug, person)
    target = await people.by_handle(session, handle)
    ids = (session, community.community_id, target.customer_id)
    await community_repository.seize_standing(*ids)
    was = await _may_act(session, person, community.community_id, target.customer_id)
    if act not in ON_PERSON:
        raise Invalid("act", f"is one of {', '.join(ON_PERSON)}")
    needed, role = ON_PERSON[act]
    if was.role not in needed:
        raise Conflict(f"This needs another role than {was.role or 'none'}.")
    appointed_at = datetime.now(UTC) if role == "moderator" else None
    await communities.set_role(*ids, was.role, role, appointed_at, reason or None)
    before = {"role": was.role, "appointed_at": was.appointed_at}
    await note(session, community.community_id, person.customer_id, act, "person", target.customer_id, reason, before)
    return role


async def set_threshold(session: AsyncSession, person: Principal, slug: str, threshold: float | None) -> CommunityView:
    """From which probability of being toxic a text waits for a look here; None: by the rules of the house alone.

    Raises CommunityNotFound, MayNotModerate and Invalid.
    """
    if threshold is not None and not LEAST_THRESHOLD <= threshold <= 1:
        raise Invalid("threshold", f"is {LEAST_THRESHOLD} to 1")
    community, _ = await access.moderated(session, slug, person)
    community_id = community.community_id
    before = await community_repository.set_threshold(session, community_id, threshold)
    if before != threshold:
        said = "no threshold" if threshold is None else f"{threshold:.2f}"
        await note(session, community_id, person.customer_id, "threshold", "community", community_id, said,
                   {"toxicity_threshold": before})  # fmt: skip
    return (await access.moderated(session, slug, person))[0]


async def dismiss(session: AsyncSession, person: Principal, slug: str, case_id: UUID) -> None:
    """Find nothing wrong with what people reported here.

    Raises CommunityNotFound, MayNotModerate, and Conflict where it waits no longer.
    """
    community, _ = await access.moderated(session, slug, person)
    reported = await moderation.reported_in(session, community.community_id, SHOWN)
    case = next((each for each in reported if each.case_id == case_id), None)
    if case is None:
        raise Conflict("This was decided meanwhile.")
    if case.author_id == person.customer_id:
        raise MayNotModerate("It is about something of your own.")
    subject = Subject(case.kind, case.subject_id, case.author_id, case.url, case.title, case.body)
    await moderation.settle(session, subject, person.customer_id, "dismiss", "")


def _reason(act: str, reason: str) -> str:
    return fitting("reason", reason, LONGEST_REASON, shortest=1 if act in NEEDS_REASON else 0)


def _next(act: str, status: str) -> str:
    """The state that an act makes. Raises Invalid and Conflict."""
    if act not in ON_WORDS:
        raise Invalid("act", f"is one of {', '.join(ON_WORDS)}")
    needed, made = ON_WORDS[act]
    if status != needed:
        raise Conflict(f"This is {status}, not {needed}.")
    return made


async def _may_act(session: AsyncSession, person: Principal, community_id: UUID, target_id: UUID) -> Standing:
    """What the target is in the community. Raises MayNotModerate where the person does not outrank it."""
    actor = await access.standing(session, community_id, person)
    if not actor.leads:
        raise MayNotModerate
    target = await community_repository.standing(session, community_id, target_id, is_staff=False)
    if target_id != person.customer_id and not outranks(actor, target):
        raise MayNotModerate("Who was appointed earlier, or owns the community, is not for you to moderate.")
    return target


async def move_post(session: AsyncSession, post: PostView, was: str, now: str, reason: str | None) -> None:
    """Another state of a post that is locked, and all that follows."""
    await post_repository.set_status(session, post.post_id, now, reason or None)
    if now == "published":
        await posts.tell_published(session, post.post_id, post.community_id, post.author_id, post.kind)
    elif was == "published":
        await posts.tell_withdrawn(session, post, now)


async def move_comment(
    session: AsyncSession, comment: CommentView, post: PostView, was: str, now: str, reason: str | None
) -> None:
    """Another state of a comment that is locked, and all that follows."""
    await comment_repository.set_status(session, comment.comment_id, now, reason or None)
    ids = (comment.post_id, comment.parent_id)
    if now == "published":
        is_back = was == "removed"
        await comment_repository.place(session, *ids, comment.author_id, is_new=False, is_back=is_back)
        await comments.tell_published(session, comment.comment_id, *ids, post.community_id, comment.author_id)
    elif was == "published":
        await comment_repository.uncount(session, comment.post_id)
        await comments.tell_withdrawn(session, comment, post.community_id, now)


def _shown(subject: Subject, post: PostView) -> Subject:
    return subjects.undisclosed(subject, post.visibility)


async def _tell_moderation(
    session: AsyncSession, person: Principal, subject: Subject, change: tuple[str, str], reason: str | None
) -> None:
    """The author is told why, and can appeal to the house; what was restored counts against nobody."""
    was, now = change
    if now == "published":
        await moderation.settle(session, subject, person.customer_id, "approve", "")
        if was in ("removed", "rejected"):
            await moderation.take_back(session, subject.kind, subject.subject_id, person.customer_id)
    elif now in ("removed", "rejected") and subject.author_id != person.customer_id:
        await moderation.settle(session, subject, person.customer_id, "remove", reason or "")


async def note(
    session: AsyncSession,
    community_id: UUID,
    actor_id: UUID,
    act: str,
    kind: str,
    subject_id: UUID,
    reason: str,
    before: dict[str, Any] | None,
    undoes: UUID | None = None,
) -> None:
    """One more entry of the public log. Raises AlreadyUndone where the act that it takes back was taken back."""
    await people.ensure(session, actor_id)
    values = {
        "act_id": new_event_id(),
        "community_id": community_id,
        "actor_id": actor_id,
        "act": act,
        "subject_kind": kind,
        "subject_id": subject_id,
        "reason": reason,
        "undoes": undoes,
    }
    if not await acts.add(session, values, before):
        raise AlreadyUndone
    await notifications.tell_act(session, community_id, actor_id, act, kind, subject_id, reason)


async def undo(session: AsyncSession, person: Principal, act_id: UUID, reason: str) -> None:
    """Take an act back: one's own, or that of somebody whom the person outranks, if nothing was done since.

    Raises ActNotFound, MayNotModerate, AlreadyUndone and Invalid.
    """
    reason = _reason("undo", reason)
    noted = await acts.find(session, act_id)
    if noted is None:
        raise ActNotFound
    actor = await access.standing(session, noted.community_id, person)
    first = await community_repository.standing(session, noted.community_id, noted.actor_id, is_staff=False)
    if not actor.leads or (noted.actor_id != person.customer_id and not outranks(actor, first)):
        raise MayNotModerate("An act is taken back by who did it, or by somebody who outranks them.")
    await _seize(session, noted)
    if noted.act == "undo" or not await acts.is_newest(session, noted.community_id, noted.subject_id, act_id):
        raise AlreadyUndone
    await _put_back(session, person, noted, reason)
    kind, subject_id = noted.subject_kind, noted.subject_id
    await note(session, noted.community_id, person.customer_id, "undo", kind, subject_id, reason, None, act_id)


async def _seize(session: AsyncSession, noted: Any) -> None:
    """Nobody else acts on the subject until this transaction ends."""
    if noted.subject_kind == "person":
        await community_repository.seize_standing(session, noted.community_id, noted.subject_id)
    elif noted.subject_kind == "post":
        await post_repository.lock(session, noted.subject_id)
    elif noted.subject_kind == "comment":
        await comment_repository.lock(session, noted.subject_id)


async def _put_back(session: AsyncSession, person: Principal, noted: Any, reason: str) -> None:
    before = noted.before
    if noted.subject_kind == "person":
        now = await community_repository.standing(session, noted.community_id, noted.subject_id, is_staff=False)
        at = before["appointed_at"]
        appointed_at = datetime.fromisoformat(at) if at else None
        ids = (session, noted.community_id, noted.subject_id)
        await communities.set_role(*ids, now.role, before["role"], appointed_at)
        return
    if noted.act in ON_LOCK:
        await post_repository.set_lock(session, noted.subject_id, before["is_locked"])
        return
    if noted.subject_kind == "community":
        await community_repository.set_threshold(session, noted.subject_id, before["toxicity_threshold"])
        return
    # What was let through has answers by now: it goes from sight and keeps its place.
    status = "removed" if noted.act == "approve" else before["status"]
    if noted.subject_kind == "post":
        post = await posts.get(session, noted.subject_id, person)
        if post.status == "deleted":
            raise AlreadyUndone
        await move_post(session, post, post.status, status, None)
        await _tell_moderation(session, person, _shown(subjects.of_post(post), post), (post.status, status), reason)
    else:
        comment, post = await comments.get(session, noted.subject_id, person)
        if comment.status == "deleted":
            raise AlreadyUndone
        await move_comment(session, comment, post, comment.status, status, None)
        change = (comment.status, status)
        await _tell_moderation(session, person, _shown(subjects.of_comment(comment, post), post), change, reason)


async def log(reader: Reader, community_id: UUID, cursor: str | None, limit: int) -> Page[Act]:
    """The newest acts first. Raises Invalid for another list's cursor."""
    try:
        last = UUID(decode_cursor(cursor, str)[0]) if cursor else None
    except ValueError:
        raise Invalid("cursor", "is not a cursor of this list") from None
    rows = await acts.entries(reader, community_id, last, limit + 1)
    more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].act_id)) if more else None)


async def queue(
    reader: Reader, community_id: UUID
) -> tuple[list[PostView], list[CommentView], list[Member], list[Reported]]:
    """What waits for moderators: posts, comments, people who want to come in, and what people reported."""
    cases = await moderation.reported_in(reader, community_id, SHOWN)
    reasons = await moderation.reasons(reader, [each.case_id for each in cases])
    return (
        await post_repository.held(reader, community_id, SHOWN),
        await comment_repository.held(reader, community_id, SHOWN),
        await community_repository.members(reader, community_id, ["waiting"], SHOWN),
        [Reported(each, reasons.get(each.case_id, {})) for each in cases],
    )

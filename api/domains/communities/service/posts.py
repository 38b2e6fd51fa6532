"""Posts: written, changed, deleted; polls voted in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core import uploads
from api.core.auth import Principal, Visitor
from api.core.db import Reader
from api.core.errors import Invalid
from api.core.jobs import enqueue
from api.core.markdown import fitting_url, to_html
from api.core.outbox import publish
from api.core.texts import fitting
from api.domains.communities.contracts import CommunityView, Kind, PostView, Revision
from api.domains.communities.domain.roles import Standing
from api.domains.communities.errors import Closed, NotTheAuthor, PostNotFound
from api.domains.communities.repository import posts as repository
from api.domains.communities.service import access, drafts, notifications, people, previews, purchases, subjects, trust
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Verdict
from ingestion.contracts import new_event_id
from ingestion.contracts.communities import PostPublished, PostWithdrawn

LONGEST_TITLE, LONGEST_BODY, LONGEST_OPTION = 300, 40_000, 120
FEWEST_OPTIONS, MOST_OPTIONS = 2, 10
KINDS = ("text", "link", "image", "poll")
GONE = frozenset({"removed", "deleted"})
VEIL = "[deleted]"


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to post; `draft_id`: what they had begun it as, which goes."""

    kind: str
    title: str
    body: str = ""
    url: str = ""
    options: Sequence[str] = ()
    image_id: UUID | None = None
    draft_id: UUID | None = None
    product_id: int | None = None
    is_owners_only: bool = False


async def write(session: AsyncSession, person: Principal, slug: str, draft: Draft) -> PostView:
    """A new post; it may be looked at before others see it.

    Raises CommunityNotFound, MayNotWrite, TooMany, Invalid, OwnersOnly, TrustNeeded, PictureNotFound, and TextRefused
    where moderation lets it stand nowhere.
    """
    community, _ = await access.readable(session, slug, person)
    _, place = await access.writable(session, community.community_id, person)
    await trust.check_pace(session, person.customer_id, place)
    kind, title, body, url, labels = _fitting(draft)
    if kind == "image":
        await trust.check_image(session, person.customer_id, place)
    await purchases.may_be_about(session, person, draft.product_id, is_owners_only=draft.is_owners_only)
    texts = (title, body, *labels, *([url] if url else []))
    post_id = new_event_id()
    verdict = await _judged(session, community, place, person.customer_id, post_id, *texts)
    await people.ensure(session, person.customer_id)
    values = {
        "post_id": post_id,
        "community_id": community.community_id,
        "author_id": person.customer_id,
        "kind": kind,
        "title": title,
        "body": body,
        "body_html": to_html(body),
        "url": url,
        "image_id": draft.image_id if kind == "image" else None,
        "product_id": draft.product_id,
        "is_owners_only": draft.is_owners_only,
        "status": verdict.status,
        "reason": verdict.rule,
    }
    if kind == "image" and draft.image_id is not None:
        before = drafts.keeper(draft.draft_id) if draft.draft_id else None
        await uploads.keep(session, person.customer_id, draft.image_id, keeper(post_id), before)
    await repository.add(session, values, labels)
    if draft.draft_id is not None:
        await drafts.drop(session, person.customer_id, draft.draft_id)
    made = await get(session, post_id, person)
    if verdict.status == "published":
        await tell_published(session, post_id, community.community_id, person.customer_id, kind)
    else:
        await moderation.hold(session, subjects.undisclosed(subjects.of_post(made), made.visibility), verdict)
    return made


def _fitting(draft: Draft) -> tuple[Kind, str, str, str | None, list[str]]:
    """The draft in its kept form. Raises Invalid."""
    if draft.kind not in KINDS:
        raise Invalid("kind", f"is one of {', '.join(KINDS)}")
    title = " ".join(fitting("title", draft.title, LONGEST_TITLE, shortest=1).split())
    body = fitting("body", draft.body, LONGEST_BODY)
    url = fitting_url(draft.url) if draft.kind == "link" else None
    labels = [fitting("options", each, LONGEST_OPTION) for each in draft.options] if draft.kind == "poll" else []
    labels = list(dict.fromkeys(each for each in labels if each))
    if draft.kind == "image" and draft.image_id is None:
        raise Invalid("image_id", "names no picture")
    if draft.kind == "poll" and not FEWEST_OPTIONS <= len(labels) <= MOST_OPTIONS:
        raise Invalid("options", f"takes {FEWEST_OPTIONS} to {MOST_OPTIONS} different choices")
    return cast("Kind", draft.kind), title, body, url, labels


def keeper(post_id: UUID) -> str:
    """How a post is called where its picture is kept."""
    return f"post:{post_id}"


async def _judged(
    session: AsyncSession, community: CommunityView, place: Standing, author_id: UUID, post_id: UUID, *texts: str
) -> Verdict:
    return await moderation.judge(
        session,
        "\n".join(texts),
        "post",
        author_id,
        may_link=await trust.may_link(session, author_id, place),
        toxicity_threshold=community.toxicity_threshold,
        subject_id=post_id,
    )


async def get(reader: Reader, post_id: UUID, who: Visitor | Principal) -> PostView:
    """A post as this person may see it.

    Of removed and deleted ones only that they were there; what waits is for author and moderators. Raises PostNotFound.
    """
    found = await repository.find(reader, post_id, who.customer_id)
    if found is None:
        raise PostNotFound
    is_own = found.author_id == who.customer_id
    if found.status != "published":
        place = await access.standing(reader, found.community_id, who)
        if found.status in ("held", "rejected") and not (is_own or place.leads):
            raise PostNotFound
        if found.status == "deleted" or (found.status == "removed" and not (is_own or place.leads)):
            return veiled(found)
    if found.kind == "poll":
        options = await repository.options(reader, [post_id], who.customer_id)
        return replace(found, options=options.get(post_id, ()))
    return found


def veiled(post: PostView) -> PostView:
    """That there was a post, and nothing of it."""
    title = VEIL if post.status == "deleted" else "[removed]"
    return replace(
        post, title=title, body="", body_html="", url=None, image_id=None, preview=None, author=VEIL, options=()
    )


async def edit(session: AsyncSession, person: Principal, post_id: UUID, title: str, body: str) -> PostView:
    """Other words of the author's; the old ones are kept. One that does not stand now waits for another look.

    Raises PostNotFound, NotTheAuthor, Closed, MayNotWrite, Invalid and TextRefused.
    """
    was = await get(session, post_id, person)
    locked = await _own(session, person, was)
    community, place = await access.writable(session, was.community_id, person)
    title = " ".join(fitting("title", title, LONGEST_TITLE, shortest=1).split())
    body = fitting("body", body, LONGEST_BODY)
    if (title, body) == (was.title, was.body):
        return was
    verdict = await _judged(session, community, place, person.customer_id, post_id, title, body)
    status = verdict.status if locked == "published" else "held"
    await repository.keep_revision(session, post_id, was.title, was.body)
    words = {"post_id": post_id, "title": title, "body": body, "body_html": to_html(body)}
    await repository.edit(session, words | {"status": status, "reason": verdict.rule})
    if status == "published":
        await tell_published(session, post_id, was.community_id, was.author_id, was.kind)
    elif locked == "published":
        await tell_withdrawn(session, was, status)
    now = await get(session, post_id, person)
    if status == "held":
        await moderation.hold(session, subjects.undisclosed(subjects.of_post(now), now.visibility), verdict)
    return now


async def _own(session: AsyncSession, person: Principal, post: PostView) -> str:
    """The state of a post of this person's, which nobody changes meanwhile. Raises NotTheAuthor and Closed."""
    if post.author_id != person.customer_id:
        raise NotTheAuthor
    row = await repository.lock(session, post.post_id)
    if row is None or row.status in GONE:
        raise Closed
    return str(row.status)


async def delete(session: AsyncSession, person: Principal, post_id: UUID) -> None:
    """Take a post of one's own away for good: its words go, answers stay. Raises PostNotFound and NotTheAuthor."""
    was = await get(session, post_id, person)
    if was.status == "deleted" and was.author_id == person.customer_id:
        return
    if was.author_id != person.customer_id:
        raise NotTheAuthor
    row = await repository.lock(session, post_id)
    await repository.wipe(session, post_id)
    await uploads.release(session, keeper(post_id))
    if row is not None and row.status == "published":
        await tell_withdrawn(session, was, "deleted")
    await moderation.withdraw(session, "post", post_id, person.customer_id)


async def revisions(reader: Reader, post_id: UUID, who: Visitor | Principal) -> list[Revision]:
    """What a post said before, the newest first; nothing of one that is gone. Raises PostNotFound."""
    post = await get(reader, post_id, who)
    return [] if post.status in GONE else await repository.revisions(reader, post_id)


async def choose(session: AsyncSession, person: Principal, post_id: UUID, option_number: int) -> PostView:
    """A person's choice in a poll, or another one. Raises PostNotFound, Closed, MayNotWrite and Invalid."""
    post = await get(session, post_id, person)
    await access.writable(session, post.community_id, person)
    if post.status != "published" or post.is_locked:
        raise Closed
    if option_number not in {each.option_number for each in post.options}:
        raise Invalid("option_number", "is no choice of this poll")
    await repository.choose(session, post_id, person.customer_id, option_number)
    return await get(session, post_id, person)


async def tell_published(session: AsyncSession, post_id: UUID, community_id: UUID, author_id: UUID, kind: str) -> None:
    """Say that it can be read."""
    ids = {"post_id": post_id, "community_id": community_id, "customer_id": author_id}
    await publish(session, PostPublished(**ids, kind=kind))
    await notifications.tell_of(session, post_id=post_id)
    if kind == "link":
        await enqueue(session, previews.TASK, post_id=str(post_id))


async def tell_withdrawn(session: AsyncSession, post: PostView, status: str) -> None:
    """Say that it can be read no longer."""
    ids = {"post_id": post.post_id, "community_id": post.community_id, "customer_id": post.author_id}
    await publish(session, PostWithdrawn(**ids, status=status))

"""Policies: read by everybody, written by their keepers, never rewritten."""

from uuid import UUID

import nh3
from markdown_it import MarkdownIt
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import Reader
from api.core.errors import Invalid
from api.core.outbox import publish as tell
from api.core.texts import fitting
from api.domains.moderation.contracts.policies import PolicyView
from api.domains.moderation.errors import PolicyChanged, PolicyNotFound
from api.domains.moderation.repository import policies as repository
from ingestion.contracts.moderation import PolicyPublished

GENERAL = "community-guidelines"
LONGEST_BODY, LONGEST_NOTE, LONGEST_TITLE = 20_000, 300, 100


async def list_policies(reader: Reader) -> list[PolicyView]:
    """Every policy as it holds, the general one first, then by title."""
    found = await repository.newest(reader)
    return sorted(found, key=lambda each: (each.slug != GENERAL, each.title))


async def versions(reader: Reader, slug: str) -> list[PolicyView]:
    """One policy, the newest version first. Raises PolicyNotFound."""
    found = await repository.versions(reader, slug)
    if not found:
        raise PolicyNotFound
    return found


async def holding(reader: Reader, title: str) -> PolicyView:
    """The version that holds of a policy. Raises PolicyNotFound."""
    found = await repository.by_title(reader, title)
    if found is None:
        raise PolicyNotFound
    return found


async def by_slug(reader: Reader, slug: str, field: str = "policy") -> PolicyView:
    """The version that holds. Raises Invalid about `field` where there is no such policy."""
    found = await repository.versions(reader, slug)
    if not found:
        raise Invalid(field, "is no policy of the house")
    return found[0]


async def publish(
    session: AsyncSession,
    keeper: UUID,
    slug: str,
    title: str,
    body: str,
    severity: int,
    change_note: str,
    was_version: int = 0,
) -> PolicyView:
    """A new policy, or a new version of one whose version was `was_version`. It holds from now on.

    Raises Invalid, and PolicyChanged where it stands at another version by now. The title of a policy stays: decisions
    name it.
    """
    title = " ".join(fitting("title", title, LONGEST_TITLE, shortest=1).split())
    body = fitting("body", body.replace("\r\n", "\n"), LONGEST_BODY, shortest=1)
    change_note = fitting("change_note", change_note, LONGEST_NOTE, shortest=1)
    found = await repository.versions(session, slug)
    if (found[0].version if found else 0) != was_version:
        raise PolicyChanged
    same_title = await repository.by_title(session, title)
    if (same_title is not None and same_title.slug != slug) or (found and found[0].title != title):
        raise Invalid("title", "stays as it is, and is that of no other policy")
    values = {
        "slug": slug,
        "version": was_version + 1,
        "title": title,
        "body": body,
        "severity": severity,
        "change_note": change_note,
        "changed_by": keeper,
    }
    added = await repository.add(session, values)
    if added is None:
        raise PolicyChanged
    await record_act(session, keeper, "policies.publish", f"policy:{slug}", version=added.version, why=change_note)
    await tell(session, PolicyPublished(policy=slug, policy_version=added.version, title=title))
    return added


def to_html(markdown: str) -> str:
    """A policy as a page shows it: its headings are below the page's own."""
    html = MarkdownIt("commonmark", {"html": False}).disable("image").render(markdown)
    return nh3.clean(
        html, tags={"h2", "h3", "p", "ul", "ol", "li", "em", "strong", "a", "code"}, attributes={"a": {"href"}}
    )

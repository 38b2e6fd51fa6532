"""What content shows others: frozen values, no rows and no sessions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Pending = Literal["scheduled", "held", "rejected"]
AuthorRole = Literal["owner", "author", "invited"]


@dataclass(frozen=True, slots=True)
class Creator:
    """Somebody who writes, by the name they chose. `customer_id` is for the house's own use and never shown."""

    customer_id: UUID
    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody of an article."""

    customer_id: UUID
    name: str
    slug: str
    role: AuthorRole


@dataclass(frozen=True, slots=True)
class ArticleCard:
    """A published article in a list."""

    article_id: UUID
    slug: str
    title: str
    summary: str
    image_id: UUID | None
    published_at: datetime
    live_at: datetime
    authors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Article:
    """A published article; `authors` are (name, slug), the owner first. `html` is sanitised."""

    article_id: UUID
    slug: str
    title: str
    summary: str
    html: str
    image_id: UUID | None
    published_at: datetime
    live_at: datetime
    authors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class OwnArticle:
    """An article as its authors see it: what they work on, and what became of its revisions."""

    article_id: UUID
    slug: str | None
    title: str
    summary: str
    body: str
    image_id: UUID | None
    version: int
    live_revision: int | None
    published_at: datetime | None
    pending: Pending | None
    pending_revision: int | None
    publish_at: datetime | None
    reason: str | None
    needs_look: bool
    updated_at: datetime
    role: AuthorRole

    @property
    def state(self) -> str:
        """In a word, for lists."""
        if self.pending is not None:
            return self.pending
        return "published" if self.live_revision is not None else "draft"


@dataclass(frozen=True, slots=True)
class Revision:
    """One version that was kept."""

    revision_number: int
    title: str
    summary: str
    body: str
    image_id: UUID | None
    author: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line that two versions share, or that one of them has alone; `gap` stands for shared lines left out."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str


@dataclass(frozen=True, slots=True)
class HeldArticle:
    """A revision that somebody has to look at."""

    article_id: UUID
    title: str
    summary: str
    body: str
    reason: str | None
    author: str
    updated_at: datetime

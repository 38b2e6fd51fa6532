"""JSON of content."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field


class AuthorName(BaseModel):
    """Somebody who writes: the name, and the same in addresses."""

    name: str
    slug: str


class ArticleCard(BaseModel):
    """A published article in a list."""

    article_id: UUID
    slug: str
    title: str
    summary: str
    image_id: UUID | None
    published_at: datetime
    updated_at: datetime
    authors: list[AuthorName]


class Articles(BaseModel):
    """Some articles, the newest first, and the cursor of further ones."""

    items: list[ArticleCard]
    next_cursor: str | None


class Article(ArticleCard):
    """A published article; `html` is sanitised. `slug` is its present address, whichever it was asked for by."""

    html: str


class Report(BaseModel):
    """What a reader says against an article: the slug of a policy, and words for moderators alone."""

    policy: str = Field(pattern=r"^[a-z][a-z0-9-]{1,49}$")
    words: str = Field("", max_length=1000)


class CreatorName(BaseModel):
    """The name under which you write."""

    name: str = Field(min_length=1, max_length=60)


class ArticleWrite(BaseModel):
    """Words to keep. `version` is that of the article they go on from; 0 for a new one."""

    version: int = Field(0, ge=0, le=2**31 - 1)
    title: str = Field("", max_length=200)
    summary: str = Field("", max_length=500)
    body: str = Field("", max_length=200_000)
    image_id: UUID | None = None


class OwnArticle(BaseModel):
    """An article as its authors see it. `pending` is what becomes of the last revision that was to be published."""

    article_id: UUID
    slug: str | None
    state: str
    title: str
    summary: str
    body: str
    image_id: UUID | None
    version: int
    live_revision: int | None
    published_at: datetime | None
    pending: Literal["scheduled", "held", "rejected"] | None
    pending_revision: int | None
    publish_at: datetime | None
    reason: str | None
    updated_at: datetime
    role: Literal["owner", "author", "invited"]


class Kept(BaseModel):
    """The number of the revision that says what the article says now."""

    revision_number: int


class Revision(BaseModel):
    """A version that was kept; in lists without its body."""

    revision_number: int
    title: str
    summary: str
    body: str
    image_id: UUID | None
    author: str | None
    made_at: datetime


class DiffLine(BaseModel):
    """A line of a comparison; `gap` stands for shared lines left out."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str


class Publication(BaseModel):
    """Which version to bring out, and when; without a time, or with one that is past, at once."""

    version: int = Field(ge=1, le=2**31 - 1)
    publish_at: AwareDatetime | None = None


class Address(BaseModel):
    """Small letters, digits and single dashes."""

    slug: str = Field(min_length=1, max_length=80)


class Author(BaseModel):
    """Somebody of an article."""

    name: str
    slug: str
    role: Literal["owner", "author", "invited"]


class Acceptance(BaseModel):
    """Whether you write along."""

    is_accepted: bool


class Held(BaseModel):
    """A revision that waits for a moderator's look."""

    article_id: UUID
    title: str
    summary: str
    body: str
    reason: str | None
    author: str | None
    updated_at: datetime


class Decision(BaseModel):
    """What a moderator does; everything but approval needs a reason, which the owner is told."""

    act: Literal["approve", "reject", "take-down"]
    reason: str = Field("", max_length=500)

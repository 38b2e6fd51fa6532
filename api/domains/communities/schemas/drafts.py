"""JSON of what people began to write, and of pictures."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.domains.communities.schemas import Kind


class DraftWrite(BaseModel):
    """What stands in the form. `revision` is that of the draft it goes on from; 0 for a new one."""

    community: str = Field(min_length=3, max_length=30)
    revision: int = Field(0, ge=0, le=2**31 - 1)
    kind: Kind = "text"
    title: str = Field("", max_length=300)
    body: str = Field("", max_length=40_000)
    url: str = Field("", max_length=2000)
    options: str = Field("", max_length=2100)
    image_id: UUID | None = None


class Draft(BaseModel):
    """Something that was begun; nobody else sees it."""

    draft_id: UUID
    community: str
    community_name: str
    revision: int
    kind: Kind
    title: str
    body: str
    url: str
    options: str
    image_id: UUID | None
    updated_at: datetime


class PictureUpload(BaseModel):
    """A picture that is about to be sent in; `alt` says what it shows to people who do not see it."""

    content_type: Literal["image/jpeg", "image/png", "image/webp"]
    size_bytes: int = Field(ge=1, le=10 * 1024**2)
    alt: str = Field("", max_length=300)


class Picture(BaseModel):
    """A picture and how it stands; what is refused says why."""

    image_id: UUID
    state: Literal["uploading", "processing", "ready", "refused", "released"]
    alt: str
    width: int | None
    height: int | None
    reason: str | None

"""JSON of what people began to write, and of pictures."""

import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from api.domains.communities.schemas import Kind


def product_number(typed: str) -> int | None:
    """The number of a product, from itself or from the address of its page; 0 for what is neither."""
    if not typed.strip():
        return None
    found = re.fullmatch(r"(?:.*/p/)?(\d{1,18})(?:-[\w-]*)?(?:[?#].*)?", typed.strip())
    return int(found[1]) if found else 0


def _readable(typed: object) -> object:
    """Half an address is nothing yet; what else stands in the form is kept all the same."""
    return product_number(typed[:500]) or None if isinstance(typed, str) else typed


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
    product_id: Annotated[Annotated[int, Field(ge=1, lt=2**63)] | None, BeforeValidator(_readable)] = None
    is_owners_only: bool = False


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
    product_id: int | None
    is_owners_only: bool
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

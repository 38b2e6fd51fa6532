"""JSON of what one is told."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

NotificationKind = Literal["reply", "mention", "moderation"]


class Notification(BaseModel):
    """One thing that the person was told; `text` says it as a sentence, `path` is the page that it leads to."""

    notification_id: UUID
    kind: NotificationKind
    text: str
    reason: str
    community: str
    post_id: UUID | None
    comment_id: UUID | None
    actor: str | None
    act: str | None
    path: str
    created_at: datetime
    read_at: datetime | None


class Notifications(BaseModel):
    """Some of them, and how many are unread; 100 stands for that many or more."""

    items: list[Notification]
    unread: int
    next_cursor: str | None


class ReadUpTo(BaseModel):
    """The newest one that was seen."""

    notification_id: UUID


class Read(BaseModel):
    """Whether it is read."""

    is_read: bool = True


class NotificationPreferences(BaseModel):
    """Kinds that the person is told, and how often what is unread is mailed."""

    wanted: list[NotificationKind] = Field(max_length=3)
    digest: Literal["daily", "weekly", "off"]

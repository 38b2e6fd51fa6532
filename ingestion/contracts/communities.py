"""Events of communities: that something was said, never what was said."""

from typing import ClassVar
from uuid import UUID

from ingestion.contracts.envelope import Event
from ingestion.contracts.personal import CustomerId


class CommunityFounded(Event):
    """Somebody founded a community, and owns it."""

    type: ClassVar[str] = "communities.community_founded"
    key_field: ClassVar[str] = "community_id"

    community_id: UUID
    slug: str
    visibility: str
    customer_id: CustomerId


class MemberJoined(Event):
    """Somebody belongs to a community from now on: joined by themselves, or was let in."""

    type: ClassVar[str] = "communities.member_joined"
    key_field: ClassVar[str] = "community_id"

    community_id: UUID
    customer_id: CustomerId


class MemberLeft(Event):
    """Somebody no longer belongs to a community: left, or was banned."""

    type: ClassVar[str] = "communities.member_left"
    key_field: ClassVar[str] = "community_id"

    community_id: UUID
    customer_id: CustomerId
    is_banned: bool


class PostPublished(Event):
    """A post can be read by everybody who reads its community: it is new, was changed, let through or restored."""

    type: ClassVar[str] = "communities.post_published"
    key_field: ClassVar[str] = "post_id"

    post_id: UUID
    community_id: UUID
    customer_id: CustomerId
    kind: str


class PostWithdrawn(Event):
    """A post that could be read no longer can. `status`: held, removed or deleted."""

    type: ClassVar[str] = "communities.post_withdrawn"
    key_field: ClassVar[str] = "post_id"

    post_id: UUID
    community_id: UUID
    customer_id: CustomerId
    status: str


class CommentPublished(Event):
    """A comment can be read by everybody who reads its community. At the top of a thread `parent_id` is the post."""

    type: ClassVar[str] = "communities.comment_published"
    key_field: ClassVar[str] = "post_id"

    comment_id: UUID
    post_id: UUID
    parent_id: UUID
    community_id: UUID
    customer_id: CustomerId


class CommentWithdrawn(Event):
    """A comment that could be read no longer can. `status`: held, removed or deleted."""

    type: ClassVar[str] = "communities.comment_withdrawn"
    key_field: ClassVar[str] = "post_id"

    comment_id: UUID
    post_id: UUID
    community_id: UUID
    customer_id: CustomerId
    status: str


class PostVoted(Event):
    """A person's vote on a post from now on: 1 up, -1 down, 0 withdrawn. The newest one of a person counts."""

    type: ClassVar[str] = "communities.post_voted"
    key_field: ClassVar[str] = "post_id"

    post_id: UUID
    community_id: UUID
    customer_id: CustomerId
    value: int


class CommentVoted(Event):
    """A person's vote on a comment from now on: 1 up, -1 down, 0 withdrawn. The newest one of a person counts."""

    type: ClassVar[str] = "communities.comment_voted"
    key_field: ClassVar[str] = "post_id"

    comment_id: UUID
    post_id: UUID
    community_id: UUID
    customer_id: CustomerId
    value: int

"""What communities shows others: frozen values, no rows and no sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from api.domains.moderation.contracts import CaseView

Role = Literal["owner", "moderator", "member", "waiting", "banned"]
Visibility = Literal["public", "restricted", "private"]
Kind = Literal["text", "link", "image", "poll"]
Status = Literal["published", "held", "rejected", "removed", "deleted"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as others see them: by handle. `customer_id` is for the house's own use and never shown."""

    customer_id: UUID
    handle: str
    about: str
    is_handle_chosen: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Karma:
    """Votes up less votes down on what somebody wrote and everybody reads."""

    posts: int
    comments: int


@dataclass(frozen=True, slots=True)
class CommunityView:
    """One community as its page tells of it.

    `toxicity_threshold`: the probability from which a text is held there; None: by the rules of the house alone.
    """

    community_id: UUID
    slug: str
    name: str
    description: str
    rules: str
    rules_html: str
    visibility: Visibility
    members: int
    created_at: datetime
    toxicity_threshold: float | None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a community. `customer_id` is never shown."""

    customer_id: UUID
    handle: str
    role: Role
    appointed_at: datetime | None
    reason: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a poll."""

    option_number: int
    label: str
    votes: int
    is_own: bool


@dataclass(frozen=True, slots=True)
class PostView:
    """One post. `vote` is the viewer's own; a picture is shown once its state is ready. `author_id` is never shown.

    `is_bought`: it is about a product that the author owns. `preview` is what a linked page says of itself.
    """

    post_id: UUID
    community_id: UUID
    community: str
    community_name: str
    visibility: Visibility
    author_id: UUID
    author: str
    kind: Kind
    title: str
    body: str
    body_html: str
    url: str | None
    image_id: UUID | None
    status: Status
    reason: str | None
    is_locked: bool
    ups: int
    downs: int
    score: int
    comments: int
    created_at: datetime
    edited_at: datetime | None
    vote: int
    image_state: str | None = None
    image_alt: str | None = None
    image_width: int | None = None
    image_height: int | None = None
    product_id: int | None = None
    is_owners_only: bool = False
    is_bought: bool = False
    preview: dict[str, str] | None = None
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class CommentView:
    """One comment. `path` leads to it from the top; `replies` are direct ones. `author_id` is never shown."""

    comment_id: UUID
    post_id: UUID
    parent_id: UUID
    path: Sequence[UUID]
    depth: int
    author_id: UUID
    author: str
    body: str
    body_html: str
    status: Status
    reason: str | None
    ups: int
    downs: int
    replies: int
    best: float
    controversial: float
    created_at: datetime
    edited_at: datetime | None
    vote: int
    is_bought: bool = False
    is_silenced: bool = False

    @property
    def score(self) -> int:
        """Votes up less votes down."""
        return self.ups - self.downs


@dataclass(frozen=True, slots=True)
class Branch:
    """A comment with what is shown below it; `more` direct replies are not, from `next_cursor` on."""

    comment: CommentView
    children: tuple["Branch", ...]
    more: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Revision:
    """What something said until it was edited."""

    revision_number: int
    title: str | None
    body: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of the public log of a community; `undone` once another one took it back."""

    act_id: UUID
    actor: str
    act: str
    subject_kind: str
    subject_id: UUID
    subject: str | None
    reason: str
    undoes: UUID | None
    is_undone: bool
    acted_at: datetime


NotificationKind = Literal["reply", "mention", "moderation"]
Digest = Literal["daily", "weekly", "off"]


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing that somebody was told. `title` is that of the post, None where it is not for them any more.

    `actor` answered or mentioned them; `act` is what a moderator did.
    """

    notification_id: UUID
    kind: NotificationKind
    community: str
    community_name: str
    post_id: UUID | None
    comment_id: UUID | None
    title: str | None
    actor: str | None
    act: str | None
    reason: str
    created_at: datetime
    read_at: datetime | None

    @property
    def path(self) -> str:
        """The page that it leads to."""
        if self.comment_id is not None:
            return f"/forum/comments/{self.comment_id}#c-{self.comment_id}"
        return f"/forum/posts/{self.post_id}" if self.post_id is not None else f"/forum/c/{self.community}"


@dataclass(frozen=True, slots=True)
class NotificationChoices:
    """Kinds that somebody does not want to be told, and how often what they did not read is mailed to them."""

    declined: frozenset[str] = frozenset()
    digest: Digest = "weekly"


@dataclass(frozen=True, slots=True)
class DraftView:
    """A post that somebody began to write. `options` are the choices of a poll, one on each line."""

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


SilenceKind = Literal["block", "mute"]


@dataclass(frozen=True, slots=True)
class Silenced:
    """Somebody whose words a person does not want to see; a block also keeps them from answering that person."""

    handle: str
    kind: SilenceKind
    since: datetime


FeedSource = Literal["joined", "answered", "alike", "voted_alike", "topic", "owned", "popular"]


@dataclass(frozen=True, slots=True)
class FeedCandidate:
    """A post that may be meant for somebody, and what speaks for it.

    `about` is what the reason names: the community, or for `topic` the title of a post that the person liked or
    answered. `author_id` is never shown.
    """

    source: FeedSource
    post_id: UUID
    community_id: UUID
    author_id: UUID
    about: str


@dataclass(frozen=True, slots=True)
class PastPost:
    """A post from elsewhere, with its own time. Fits the bounds of a new one; `author` is a handle."""

    post_id: UUID
    community: str
    author_id: UUID
    author: str
    title: str
    body: str
    url: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PastComment:
    """A comment from elsewhere; `parent_id` is that of a comment at the top, None at the top."""

    comment_id: UUID
    post_id: UUID
    parent_id: UUID | None
    author_id: UUID
    author: str
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PastVote:
    """A vote from elsewhere: 1 or -1, on a post or on a comment of `post_id`."""

    post_id: UUID
    comment_id: UUID | None
    voter_id: UUID
    value: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Reported:
    """What people reported and nobody has decided; `reasons`: policy → how many named it, the most named first."""

    case: CaseView
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Multi:
    """A person's own named set of communities; `owner` is their handle. Not `is_public`: for the owner alone."""

    multi_id: UUID
    owner_id: UUID
    owner: str
    slug: str
    name: str
    is_public: bool

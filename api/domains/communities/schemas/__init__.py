"""JSON of communities."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

Role = Literal["owner", "moderator", "member", "waiting", "banned"]
Visibility = Literal["public", "restricted", "private"]
Kind = Literal["text", "link", "image", "poll"]
Status = Literal["published", "held", "rejected", "removed", "deleted"]
WordsAct = Literal["remove", "restore", "approve", "reject"]
PostAct = Literal["remove", "restore", "approve", "reject", "lock", "unlock"]
PersonAct = Literal["ban", "unban", "appoint", "demote", "admit", "decline"]


class CommunityChange(BaseModel):
    """What a community says of itself."""

    name: str = Field(min_length=1, max_length=80)
    description: str = Field("", max_length=500)
    rules: str = Field("", max_length=10_000)
    visibility: Visibility = "public"


class CommunityCreate(CommunityChange):
    """A new community; `slug` is its address."""

    slug: str = Field(min_length=3, max_length=30)


class Threshold(BaseModel):
    """From which probability of being toxic a text waits for a look; null: by the rules of the house alone."""

    threshold: float | None = Field(ge=0.3, le=1)


class Community(BaseModel):
    """One community, and what the person asking is in it."""

    community_id: UUID
    slug: str
    name: str
    description: str
    rules: str
    visibility: Visibility
    members: int
    created_at: datetime
    toxicity_threshold: float | None
    role: Role | None = None


class Communities(BaseModel):
    """Some communities, the largest first."""

    items: list[Community]
    next_cursor: str | None


class Joined(BaseModel):
    """What the person is from now on; waiting: moderators let people in."""

    role: Role


class PostCreate(BaseModel):
    """A post: words, a link, a picture or a poll of two to ten choices, each with words. Words are Markdown.

    `image_id` is that of a completed upload; `draft_id` is what it was begun as, which is forgotten.
    `product_id`: what it is about; `is_owners_only`: people who own that answer, and nobody else.
    """

    kind: Kind = "text"
    title: str = Field(min_length=1, max_length=300)
    body: str = Field("", max_length=40_000)
    url: str = Field("", max_length=2000)
    options: list[Annotated[str, Field(max_length=200)]] = Field(default_factory=list, max_length=10)
    image_id: UUID | None = None
    draft_id: UUID | None = None
    product_id: int | None = Field(None, ge=1, lt=2**63)
    is_owners_only: bool = False


class PostUpdate(BaseModel):
    """Other words."""

    title: str = Field(min_length=1, max_length=300)
    body: str = Field("", max_length=40_000)


class PollOption(BaseModel):
    """One choice of a poll."""

    option_number: int
    label: str
    votes: int
    is_own: bool


class Post(BaseModel):
    """One post. `body_html` is sanitised; `vote` is that of the person asking.

    A picture lies at /forum/images/{image_id}/160.webp, 480.webp and 960.webp once its state is ready. `is_bought`: the
    author owns the product that it is about. `preview` is what a linked page says of itself.
    """

    post_id: UUID
    community: str
    community_name: str
    author: str
    kind: Kind
    title: str
    body: str
    body_html: str
    url: str | None
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
    image_id: UUID | None
    image_state: str | None
    image_alt: str | None
    product_id: int | None
    is_owners_only: bool
    is_bought: bool
    preview: dict[str, str] | None
    options: list[PollOption]


class Posts(BaseModel):
    """Some posts, and the cursor of the next ones."""

    items: list[Post]
    next_cursor: str | None


class CommentCreate(BaseModel):
    """An answer to the post, or to the comment `parent_id`. Markdown."""

    body: str = Field(min_length=1, max_length=10_000)
    parent_id: UUID | None = None


class CommentUpdate(BaseModel):
    """Other words."""

    body: str = Field(min_length=1, max_length=10_000)


class Comment(BaseModel):
    """One comment. Of a removed or deleted one only its place and its answers are told.

    `is_silenced`: you muted or blocked its author, and a page folds it.
    """

    comment_id: UUID
    post_id: UUID
    parent_id: UUID
    depth: int
    author: str
    body: str
    body_html: str
    status: Status
    reason: str | None
    ups: int
    downs: int
    replies: int
    created_at: datetime
    edited_at: datetime | None
    vote: int
    is_bought: bool
    is_silenced: bool


class Branch(BaseModel):
    """A comment with what is shown below it; `more` direct answers follow after `next_cursor`."""

    comment: Comment
    children: list["Branch"]
    more: int
    next_cursor: str | None


class Thread(BaseModel):
    """Some answers as trees, and the cursor of further ones."""

    items: list[Branch]
    next_cursor: str | None


class Permalink(BaseModel):
    """A comment with what it answers and what answers it."""

    post: Post
    above: list[Comment]
    thread: Branch
    next_cursor: str | None


class Vote(BaseModel):
    """1 up, -1 down, 0 none."""

    value: Literal[-1, 0, 1]


class Choice(BaseModel):
    """A choice of a poll."""

    option_number: int = Field(ge=1, le=10)


class Revision(BaseModel):
    """What something said until it was edited."""

    revision_number: int
    title: str | None
    body: str
    until: datetime


class Report(BaseModel):
    """What a reader says against something: the slug of a policy, and words for moderators alone."""

    policy: str = Field(pattern=r"^[a-z][a-z0-9-]{1,49}$")
    words: str = Field("", max_length=1000)


class PostModeration(BaseModel):
    """What a moderator does, and why."""

    act: PostAct
    reason: str = Field("", max_length=500)


class CommentModeration(BaseModel):
    """What a moderator does, and why."""

    act: WordsAct
    reason: str = Field("", max_length=500)


class PersonModeration(BaseModel):
    """What a moderator does, and why."""

    act: PersonAct
    reason: str = Field("", max_length=500)


class NewRole(BaseModel):
    """What somebody is from now on; none: nothing to do with the community."""

    role: Role | None


class Undo(BaseModel):
    """Why an act is taken back."""

    reason: str = Field(min_length=1, max_length=500)


class Act(BaseModel):
    """One entry of a community's log."""

    act_id: UUID
    actor: str
    act: str
    subject_kind: Literal["post", "comment", "person", "community"]
    subject_id: UUID | None
    subject: str | None
    reason: str
    undoes: UUID | None
    is_undone: bool
    acted_at: datetime


class Log(BaseModel):
    """Some acts, the newest first."""

    items: list[Act]
    next_cursor: str | None


class Waiting(BaseModel):
    """Somebody who wants to come in."""

    handle: str
    since: datetime


class Reported(BaseModel):
    """What people reported and nobody has decided. `reasons`: policy → how many named it; who that was is not told."""

    case_id: UUID
    kind: Literal["post", "comment"]
    subject_id: UUID
    url: str
    title: str
    body: str
    reports: int
    reasons: dict[str, int]
    opened_at: datetime


class Queue(BaseModel):
    """What waits for moderators."""

    posts: list[Post]
    comments: list[Comment]
    people: list[Waiting]
    reported: list[Reported]


class Leader(BaseModel):
    """Somebody who leads a community; earlier ones outrank later ones."""

    handle: str
    role: Role
    appointed_at: datetime | None


class PersonOut(BaseModel):
    """Somebody as others see them."""

    handle: str
    about: str
    is_handle_chosen: bool
    created_at: datetime


class PersonUpdate(BaseModel):
    """A handle can be chosen once; what one says of oneself any time."""

    handle: str | None = Field(None, max_length=31)
    about: str | None = Field(None, max_length=500)


class Karma(BaseModel):
    """Votes up less votes down on what somebody wrote and everybody reads."""

    posts: int
    comments: int


class Profile(BaseModel):
    """Somebody, and what they wrote that the person asking may read."""

    person: PersonOut
    karma: Karma
    posts: list[Post]
    comments: list[Comment]


class Preview(BaseModel):
    """Markdown to look at before it is sent."""

    body: str = Field(max_length=40_000)


class Previewed(BaseModel):
    """The same as sanitised HTML."""

    html: str

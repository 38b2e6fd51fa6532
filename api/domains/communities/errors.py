"""What communities refuse."""

from api.core.errors import AppError, Conflict, NotFound


class CommunityNotFound(NotFound):
    """No community has this name, or it is not for this person."""

    type = "community-not-found"
    title = "There is no such community"


class PostNotFound(NotFound):
    """No post has this id, or it is not for this person."""

    type = "post-not-found"
    title = "There is no such post"


class CommentNotFound(NotFound):
    """No comment has this id, or it is not for this person."""

    type = "comment-not-found"
    title = "There is no such comment"


class PersonNotFound(NotFound):
    """Nobody has this handle here."""

    type = "person-not-found"
    title = "There is nobody of this name"


class ActNotFound(NotFound):
    """No act of the log has this id."""

    type = "act-not-found"
    title = "There is no such entry of the log"


class SlugTaken(Conflict):
    """Another community has this address."""

    type = "slug-taken"
    title = "Another community has this address"


class HandleTaken(Conflict):
    """Another person has this handle, or the person has chosen one already."""

    type = "handle-taken"
    title = "This name cannot be had"


class OwnerStays(Conflict):
    """The owner hands the community over before leaving."""

    type = "owner-stays"
    title = "The owner cannot leave"


class MayNotWrite(AppError):
    """A person who may read a community, but not write or vote in it."""

    status = 403
    type = "may-not-write"
    title = "You may not write here"


class MayNotModerate(AppError):
    """An act for moderators, or on somebody whom the person does not outrank."""

    status = 403
    type = "may-not-moderate"
    title = "You may not moderate this"


class NotTheAuthor(AppError):
    """Somebody else's words."""

    status = 403
    type = "not-the-author"
    title = "Somebody else wrote this"


class OwnWords(Conflict):
    """A vote on what the person wrote."""

    type = "own-words"
    title = "Your own words are voted on by others"


class Closed(Conflict):
    """A post that takes nothing more: locked, removed, deleted or not published yet."""

    type = "post-closed"
    title = "This post takes nothing more"


class TooDeep(Conflict):
    """A reply at the bottom of the deepest thread."""

    type = "too-deep"
    title = "This thread goes no deeper; answer further up"


class AlreadyUndone(Conflict):
    """An act that was taken back, or cannot be."""

    type = "already-undone"
    title = "This cannot be taken back"


class Refused(AppError):
    """Moderation lets this stand nowhere."""

    status = 422
    type = "refused-by-moderation"
    title = "This cannot be published"


class NotificationNotFound(NotFound):
    """The person was told nothing of this id, or what it was about has gone."""

    type = "notification-not-found"
    title = "There is no such notification"


class DraftNotFound(NotFound):
    """No draft of this person has this id."""

    type = "draft-not-found"
    title = "There is no such draft"


class DraftChanged(Conflict):
    """The draft was kept in another window since; `revision` is that of what is kept now."""

    type = "draft-changed"
    title = "This draft was changed in another window"


class TooManyDrafts(Conflict):
    """A person has begun as much as can be kept."""

    type = "too-many-drafts"
    title = "You have 50 drafts; finish or delete some first"


class OwnersOnly(AppError):
    """A thread in which people who own the product write."""

    status = 403
    type = "owners-only"
    title = "Only people who own this product write here"


class ProductUnknown(NotFound):
    """The shop has no product of this number."""

    type = "product-not-found"
    title = "There is no such product"


class Blocked(AppError):
    """Whom the person wants to answer has blocked them."""

    status = 403
    type = "blocked"
    title = "This person does not want answers from you"


class TrustNeeded(AppError):
    """Something that is open from a higher level of trust on."""

    status = 403
    type = "trust-needed"
    title = "This is open to people who have been here for a while"


class MultiNotFound(NotFound):
    """There is no such set of communities, or it is somebody else's alone."""

    type = "multi-not-found"
    title = "There is no such set of communities"


class TooManyMultis(Conflict):
    """A person has as many sets as can be kept."""

    type = "too-many-multis"
    title = "You have 50 sets of communities; delete some first"

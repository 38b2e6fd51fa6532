"""What content refuses."""

from api.core.errors import AppError, Conflict, NotFound


class ArticleNotFound(NotFound):
    """No article has this address or id, or it is not for this person."""

    type = "article-not-found"
    title = "There is no such article"


class RevisionNotFound(NotFound):
    """The article has no revision of this number."""

    type = "revision-not-found"
    title = "There is no such revision"


class CreatorNotFound(NotFound):
    """Nobody writes under this name."""

    type = "creator-not-found"
    title = "Nobody writes under this name"


class ArticleChanged(Conflict):
    """The article was changed in another window or by another author since; `version` is that of what is there now."""

    type = "article-changed"
    title = "This article was changed in another window or by another author"


class NameNeeded(Conflict):
    """Whoever writes chooses a name first, at PUT /v1/me/creator."""

    type = "creator-name-needed"
    title = "Choose the name under which you write first"


class NameTaken(Conflict):
    """Another person writes under this name, or one that looks like it."""

    type = "creator-name-taken"
    title = "Another person writes under this name"


class AddressTaken(Conflict):
    """Another article has, or had, this address."""

    type = "article-address-taken"
    title = "Another article has this address"


class TooManyAuthors(Conflict):
    """An article has as many authors as it may."""

    type = "too-many-authors"
    title = "An article has ten authors at most"


class NothingToWithdraw(Conflict):
    """An article that is neither published nor about to be."""

    type = "nothing-to-withdraw"
    title = "This article is not published"


class OwnersAct(AppError):
    """What the owner of an article alone does: invite, part with authors, choose its address."""

    status = 403
    type = "owners-act"
    title = "The owner of the article does this"

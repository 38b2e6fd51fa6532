"""What the API refuses with: RFC 9457 problems as exceptions, without anything of HTTP or a database."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class AppError(Exception):
    """Base of every refusal. A subclass declares its status, its stable type and its title.

    `detail` is a sentence for the person; every further keyword becomes a member of the problem document.
    """

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.headers = headers
        self.extra = extra

    def problem(self) -> dict[str, Any]:
        """The problem document, without the members that only a request can tell."""
        return problem(self.status, self.type, self.title, self.detail, **self.extra)


class NotFound(AppError):
    """What was asked for does not exist, or not for this person."""

    status = 404
    type = "not-found"
    title = "Not found"


class Conflict(AppError):
    """The request does not fit the present state."""

    status = 409
    type = "conflict"
    title = "This does not fit the present state"


class Invalid(AppError):
    """Input that cannot be used; `errors` holds field and reason."""

    status = 422
    type = "invalid-request"
    title = "The request cannot be used as it is"

    def __init__(self, field: str, reason: str, others: Sequence[Mapping[str, str]] = (), **extra: Any) -> None:
        super().__init__(None, errors=[{"field": field, "reason": reason}, *others], **extra)


class TooLarge(AppError):
    """More than this endpoint takes at once."""

    status = 413
    type = "too-large"
    title = "The request is too large"


class TooMany(AppError):
    """More than one may ask for in a while; `wait` is the number of seconds until it goes on."""

    status = 429
    type = "too-many-requests"
    title = "Too much at once"

    def __init__(self, wait: int) -> None:
        minutes = "a minute" if wait <= 90 else f"{round(wait / 60)} minutes"
        detail = f"Wait {wait} seconds and try again." if wait < 60 else f"Wait about {minutes} and try again."
        super().__init__(detail, headers={"Retry-After": str(wait)}, retry_after=wait)


class Unavailable(AppError):
    """A part that is needed does not answer; trying again later is safe."""

    status = 503
    type = "unavailable"
    title = "Not available at the moment"


def problem(status: int, slug: str, title: str, detail: str | None = None, **extra: Any) -> dict[str, Any]:
    """An RFC 9457 problem document."""
    document: dict[str, Any] = {"type": f"urn:agora:problem:{slug}", "title": title, "status": status}
    if detail:
        document["detail"] = detail
    return document | extra

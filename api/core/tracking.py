"""Behaviour seen from the server: pages, products and searches become events after the answer has been sent."""

from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import BackgroundTasks, Request

from api.core.auth import Visitor
from api.core.buffered import get_buffer
from ingestion.contracts import Event
from ingestion.contracts.analytics import PageViewed


def track_page(request: Request, background: BackgroundTasks, visitor: Visitor) -> None:
    """Record that this page was shown, if it will be: not a form sent in, and not a redirection."""
    if request.method != "GET":
        return
    seen = PageViewed(
        anonymous_id=visitor.anonymous_id,
        customer_id=visitor.customer_id,
        path=request.url.path[:2000],
        referrer=_referrer(request),
    )
    track(request, background, seen)


def track(request: Request, background: BackgroundTasks, *events: Event) -> None:
    """Record `events` once the page is out. A page that a browser only fetches ahead was not seen."""
    if not request.headers.get("sec-purpose", "").startswith("prefetch"):
        background.add_task(_record, request, events, datetime.now(UTC))


async def _record(request: Request, events: tuple[Event, ...], at: datetime) -> None:
    if getattr(request.state, "is_rendered", False):
        for event in events:
            get_buffer().add(event, at)


def _referrer(request: Request) -> str | None:
    """Path of a page of ours, else only the other host's name: its paths are none of our business."""
    given = request.headers.get("referer")
    if not given:
        return None
    try:
        parts = urlsplit(given)
    except ValueError:
        return None
    return (parts.path if parts.netloc == request.url.netloc else parts.netloc)[:2000] or None


def recommendation(value: str | None) -> UUID | None:
    """The recommendation that led here, or None where the address was tampered with."""
    try:
        return UUID(value) if value else None
    except ValueError:
        return None

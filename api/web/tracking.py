"""Behaviour seen from the server: pages, products and searches become events after the answer has been sent."""

from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from fastapi import Request, Response
from starlette.background import BackgroundTask

from api.core.auth import Visitor
from api.core.capture import capture
from ingestion.contracts import Event, new_event_id
from ingestion.contracts.analytics import PageViewed

log = structlog.get_logger(__name__)


def track(request: Request, response: Response, visitor: Visitor, *events: Event) -> Response:
    """Record that this page was shown, and `events` with it. A page that is only fetched ahead was not seen."""
    if request.headers.get("sec-purpose", "").startswith("prefetch"):
        return response
    seen = PageViewed(
        anonymous_id=visitor.anonymous_id,
        customer_id=visitor.customer_id,
        path=request.url.path[:2000],
        referrer=_referrer(request),
    )
    response.background = BackgroundTask(_record, (seen, *events), datetime.now(UTC))
    return response


async def _record(events: tuple[Event, ...], at: datetime) -> None:
    try:
        await capture([(event, new_event_id(), at) for event in events])
    except Exception as error:  # the page has been sent; its visitor must not pay for our bookkeeping
        log.error("page_not_recorded", error=type(error).__name__, exc_info=error)


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

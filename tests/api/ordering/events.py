"""Events as a handler gets them."""

from datetime import UTC, datetime

from api.core.inbox import ReceivedEvent
from ingestion.contracts import Event, new_event_id


def received(event: Event) -> ReceivedEvent:
    """The event, as if it had come from Kafka just now."""
    return ReceivedEvent(new_event_id(), datetime.now(UTC), event)

"""Rules of capture: which times are believed, how much comes at once."""

from datetime import UTC, datetime, timedelta

MAX_EVENTS = 500
MAX_BYTES = 4 * 1024 * 1024
MAX_AHEAD = timedelta(minutes=5)
MAX_AGE = timedelta(days=7)


def parse_time(value: object, now: datetime) -> datetime:
    """The time that a client gave, or `now` for none. Raises ValueError with a reason for the person."""
    if value is None:
        return now
    if not isinstance(value, str):
        raise ValueError("must be a text such as 2026-05-01T12:00:00Z")
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a time such as 2026-05-01T12:00:00Z") from None
    if time.tzinfo is None:
        raise ValueError("must have an offset, such as Z")
    if time > now + MAX_AHEAD:
        raise ValueError("lies more than 5 minutes in the future")
    if time < now - MAX_AGE:
        raise ValueError("is more than 7 days old")
    return time.astimezone(UTC)

"""Two clocks that have to agree before anything is landed, expired or deleted by its age."""

from datetime import UTC, datetime, timedelta

import psycopg

from ingestion.settings import Settings

AGREES = timedelta(minutes=5)


class ClockIsOff(RuntimeError):
    """This machine's clock and Postgres' tell different times; the message says which."""


def agreed_time(settings: Settings) -> datetime:
    """The time by Postgres. Raises ClockIsOff where this machine's clock does not agree within minutes."""
    with psycopg.connect(settings.lake_catalog_url, autocommit=True, connect_timeout=10) as connection:
        return check_clock(connection)


def check_clock(connection: psycopg.Connection) -> datetime:
    """The same, with a connection that is open already."""
    row = connection.execute("select clock_timestamp()").fetchone()
    theirs, ours = (row[0] if row else datetime.now(UTC)), datetime.now(UTC)
    if abs(theirs - ours) > AGREES:
        raise ClockIsOff(
            f"this machine says {ours:%Y-%m-%d %H:%M:%S}, Postgres {theirs:%Y-%m-%d %H:%M:%S} UTC:"
            " set the clock that is wrong; nothing is landed or deleted until then"
        )
    return theirs

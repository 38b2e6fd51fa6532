"""One build at a time, whoever starts it: Dagster's sensor, the demo or a person."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from pipelines.lib.settings import Settings

_LOCK = 0x41474F5241  # "AGORA"


@contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """Wait for the warehouse's advisory lock and hold it; a builder that dies lets go with its connection."""
    with psycopg.connect(settings.warehouse_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        yield

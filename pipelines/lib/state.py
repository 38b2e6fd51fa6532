"""How far the pipelines have read: one row per source in the lake's own database, written after the work is done."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import psycopg

from pipelines.lib.settings import Settings


class SnapshotState:
    """The last raw snapshot whose rows are all in the typed tables, by table name."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, settings: Settings) -> Iterator[Self]:
        """Connect for the length of one build; every `put` stands at once."""
        with psycopg.connect(settings.lake_catalog_url, autocommit=True) as connection:
            connection.execute(
                "create table if not exists pipeline_state (name text primary key, snapshot_id bigint not null)"
            )
            yield cls(connection)

    def get(self, name: str) -> int | None:
        """The snapshot reached, None where nothing was read yet."""
        query = "select snapshot_id from pipeline_state where name = %s"
        row = self._connection.execute(query, (name,)).fetchone()
        return None if row is None else int(row[0])

    def put(self, name: str, snapshot_id: int) -> None:
        """Note that everything up to this snapshot is done."""
        self._connection.execute(
            "insert into pipeline_state values (%s, %s)"
            " on conflict (name) do update set snapshot_id = excluded.snapshot_id",
            (name, snapshot_id),
        )

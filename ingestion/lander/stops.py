"""Topics that do not land: known to whoever asks, said once, and looked at again."""

import psycopg
import structlog

from ingestion.lake.tables import raw_table
from ingestion.settings import Settings

log = structlog.get_logger(__name__)
_NOTE = """
insert into ingest_stopped (table_name, kafka_topic, reason) values (%s, %s, %s)
on conflict (table_name) do update set reason = excluded.reason
"""


class Stops:
    """The stopped topics of one session, each with its reason in `ingest_stopped` for as long as it stands."""

    def __init__(self, settings: Settings, connection: psycopg.Connection) -> None:
        self._settings = settings
        self._connection = connection
        self._reasons: dict[str, str] = {}

    @property
    def domains(self) -> list[str]:
        """Those that are stopped."""
        return sorted(self._reasons)

    def note(self, domain: str, reason: str) -> None:
        """Stop one. Its log line comes once for each reason."""
        if self._reasons.get(domain) == reason:
            return
        self._reasons[domain] = reason
        table, topic = self._settings.table(raw_table(domain)), self._settings.topic(domain)
        self._connection.execute(_NOTE, (table, topic, reason))
        way_back = f"agora topics resume {domain}"
        log.error("topic_stopped", topic=topic, reason=reason, way_back=way_back)

    def end(self, domain: str) -> None:
        """It lands again."""
        self._reasons.pop(domain, None)
        statement = "delete from ingest_stopped where table_name = %s returning extract(epoch from now() - since)"
        row = self._connection.execute(statement, (self._settings.table(raw_table(domain)),)).fetchone()
        if row is not None:
            log.info("topic_resumed", topic=self._settings.topic(domain), stopped_seconds=round(float(row[0]), 1))

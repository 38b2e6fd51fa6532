"""Topics that the lander has stopped: an alert that stands until they land again."""

import psycopg

from pipelines.lib.alerts import tell
from pipelines.lib.settings import Settings


def note_stopped_topics(settings: Settings) -> dict[str, str]:
    """Topic → why it does not land. The alert `landing` names them and the way back."""
    prefix = settings.lake.lake_namespace_prefix
    with psycopg.connect(settings.lake_catalog_url, autocommit=True) as connection:
        if connection.execute("select to_regclass('ingest_stopped')").fetchone() == (None,):
            return {}
        query = "select kafka_topic, reason from ingest_stopped where starts_with(table_name, %s) order by 1"
        stopped: dict[str, str] = dict(connection.execute(query, (prefix + "raw.",)).fetchall())
    domains = {topic.removeprefix(settings.lake.kafka_topic_prefix): reason for topic, reason in stopped.items()}
    told = "; ".join(f"{domain}: {reason}: `agora topics resume {domain}`" for domain, reason in domains.items())
    tell(settings, "landing", told or None)
    return domains

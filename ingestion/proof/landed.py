"""What lies in the lake: ids of the raw tables, records that came twice, and failed events."""

from collections import defaultdict

import numpy as np
import polars as pl
import psycopg
import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError

from ingestion.contracts import TOPICS
from ingestion.lake.reader import read_added, scan
from ingestion.lake.tables import FAILED_TABLE, raw_table
from ingestion.lander.records import Unreadable, read_envelope, types_of
from ingestion.proof import ids
from ingestion.settings import Settings

_COLUMNS = ("event_id", "event_type", "kafka_partition", "kafka_offset", "kafka_topic_id")
_PLACE = ("kafka_topic_id", "kafka_partition", "kafka_offset")


# Domain → ids of the topics that were read and are no more; UNNAMED for rows from before these ids were kept.
Former = dict[str, set[str]]
UNNAMED = ""


def former_topics(settings: Settings) -> Former:
    """What `agora topics resume` has closed: what landed of these has been in Kafka."""
    domains = {settings.table(raw_table(domain)): domain for domain in TOPICS}
    found: Former = defaultdict(set)
    with psycopg.connect(settings.lake_catalog_url, autocommit=True) as connection:
        if connection.execute("select to_regclass('ingest_incarnations')").fetchone() == (None,):
            return found
        for name, topic_id in connection.execute("select table_name, topic_id from ingest_incarnations"):
            if name in domains:
                found[domains[name]] |= {topic_id, UNNAMED}
    return found


class Lake:
    """The lake's side of the proof; raw tables are read once and then only as far as they have grown."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._snapshots: dict[str, int] = {}
        self._frames: dict[str, list[pl.DataFrame]] = {domain: [] for domain in TOPICS}

    def read_on(self, catalog: Catalog) -> None:
        """Read what was added to the raw tables; a table that is not there yet holds nothing."""
        for domain in TOPICS:
            name = self._settings.table(raw_table(domain))
            try:
                columns = _there(catalog, name, _COLUMNS)
                added = read_added(catalog, name, self._snapshots.get(domain), columns)
            except NoSuchTableError:
                continue
            if added.is_full:
                self._frames[domain] = []
            if added.rows.num_rows:
                self._frames[domain].append(_frame(domain, added.rows))
            if added.snapshot_id is not None:
                self._snapshots[domain] = added.snapshot_id

    def events(self, former: Former) -> tuple[pl.DataFrame, dict[tuple[str, str], int], pl.DataFrame]:
        """Distinct ids; by (topic, type) how often a Kafka record lies there more than once; ids of former topics."""
        frames = [frame for frames in self._frames.values() for frame in frames]
        if not frames:
            return ids.empty(), {}, ids.empty()
        rows = pl.concat(frames)
        by_type = rows.group_by("topic", "type").agg(twice=pl.len() - pl.struct(*_PLACE).n_unique())
        repeated = {(row["topic"], row["type"]): int(row["twice"]) for row in by_type.to_dicts() if row["twice"]}
        landed_before = [
            rows.filter((pl.col("topic") == domain) & pl.col("kafka_topic_id").is_in(sorted(topic_ids)))
            for domain, topic_ids in former.items()
        ]
        before = pl.concat([ids.empty(), *(frame.select(list(ids.SCHEMA)) for frame in landed_before)])
        return rows.select(list(ids.SCHEMA)).unique(), repeated, before.unique()


def _there(catalog: Catalog, name: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Without those that a table of an older version has not got yet."""
    known = catalog.load_table(name).schema().column_names
    return tuple(column for column in columns if column in known)


def _frame(domain: str, rows: pa.Table) -> pl.DataFrame:
    high, low = ids.from_texts(rows["event_id"])
    topic_ids = rows["kafka_topic_id"] if "kafka_topic_id" in rows.column_names else pa.nulls(len(high), pa.string())
    return pl.DataFrame(
        {
            "topic": np.full(len(high), domain),
            "type": pl.Series(rows["event_type"]).cast(pl.String),
            "high": high,
            "low": low,
            "kafka_partition": rows["kafka_partition"].to_numpy(),
            "kafka_offset": rows["kafka_offset"].to_numpy(),
            "kafka_topic_id": pl.Series(topic_ids).cast(pl.String).fill_null(UNNAMED),
        }
    )


def failed(
    settings: Settings, catalog: Catalog, former: Former
) -> tuple[pl.DataFrame, dict[str, list[tuple[int, int]]]]:
    """Distinct ids of events that fit no contract, and the records by topic that are no events at all.

    Of the latter those alone that Kafka still has to hold, which those of a former topic need not.
    """
    unreadable: dict[str, list[tuple[int, int]]] = defaultdict(list)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    try:
        name = settings.table(FAILED_TABLE)
        columns = ("kafka_topic", "kafka_partition", "kafka_offset", "value", "kafka_topic_id")
        rows = scan(catalog, name, _there(catalog, name, columns)).to_pylist()
    except NoSuchTableError:
        rows = []
    for row in rows:
        domain = str(row["kafka_topic"]).removeprefix(settings.kafka_topic_prefix)
        try:
            event_id, event_type, *_ = read_envelope(row["value"], types_of(domain))
        except Unreadable:
            if (row.get("kafka_topic_id") or UNNAMED) not in former.get(domain, ()):
                unreadable[domain].append((row["kafka_partition"], row["kafka_offset"]))
        else:
            found[domain, event_type].append(event_id)
    frames = [
        ids.from_bytes(domain, event_type, bytes.fromhex("".join(event_ids).replace("-", "")))
        for (domain, event_type), event_ids in found.items()
    ]
    return pl.concat([ids.empty(), *frames]).unique(), unreadable

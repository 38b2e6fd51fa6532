"""What lies in the lake: ids of the raw tables, records that came twice, and failed events."""

from collections import defaultdict

import numpy as np
import polars as pl
import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError

from ingestion.contracts import TOPICS
from ingestion.lake.reader import read_added, scan
from ingestion.lake.tables import FAILED_TABLE, raw_table
from ingestion.lander.records import Unreadable, read_envelope, types_of
from ingestion.proof import ids
from ingestion.settings import Settings

_COLUMNS = ("event_id", "event_type", "kafka_partition", "kafka_offset")


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
                added = read_added(catalog, name, self._snapshots.get(domain), _COLUMNS)
            except NoSuchTableError:
                continue
            if added.is_full:
                self._frames[domain] = []
            if added.rows.num_rows:
                self._frames[domain].append(_frame(domain, added.rows))
            if added.snapshot_id is not None:
                self._snapshots[domain] = added.snapshot_id

    def events(self) -> tuple[pl.DataFrame, dict[tuple[str, str], int]]:
        """Distinct ids, and by (topic, type) how often a Kafka record lies there more than once."""
        frames = [frame for frames in self._frames.values() for frame in frames]
        if not frames:
            return ids.empty(), {}
        rows = pl.concat(frames)
        by_type = rows.group_by("topic", "type").agg(
            twice=pl.len() - pl.struct("kafka_partition", "kafka_offset").n_unique()
        )
        repeated = {(row["topic"], row["type"]): int(row["twice"]) for row in by_type.to_dicts() if row["twice"]}
        return rows.select(list(ids.SCHEMA)).unique(), repeated


def _frame(domain: str, rows: pa.Table) -> pl.DataFrame:
    high, low = ids.from_texts(rows["event_id"])
    return pl.DataFrame(
        {
            "topic": np.full(len(high), domain),
            "type": pl.Series(rows["event_type"]).cast(pl.String),
            "high": high,
            "low": low,
            "kafka_partition": rows["kafka_partition"].to_numpy(),
            "kafka_offset": rows["kafka_offset"].to_numpy(),
        }
    )


def failed(settings: Settings, catalog: Catalog) -> tuple[pl.DataFrame, dict[str, list[tuple[int, int]]]]:
    """Distinct ids of events that fit no contract, and the records by topic that are no events at all."""
    unreadable: dict[str, list[tuple[int, int]]] = defaultdict(list)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    try:
        rows = scan(
            catalog, settings.table(FAILED_TABLE), ("kafka_topic", "kafka_partition", "kafka_offset", "value")
        ).to_pylist()
    except NoSuchTableError:
        rows = []
    for row in rows:
        domain = str(row["kafka_topic"]).removeprefix(settings.kafka_topic_prefix)
        try:
            event_id, event_type, *_ = read_envelope(row["value"], types_of(domain))
        except Unreadable:
            unreadable[domain].append((row["kafka_partition"], row["kafka_offset"]))
        else:
            found[domain, event_type].append(event_id)
    frames = [
        ids.from_bytes(domain, event_type, bytes.fromhex("".join(event_ids).replace("-", "")))
        for (domain, event_type), event_ids in found.items()
    ]
    return pl.concat([ids.empty(), *frames]).unique(), unreadable

"""One look at every place, repeated until they agree."""

import time
from contextlib import closing
from datetime import UTC, datetime

import polars as pl
import structlog

from ingestion.contracts import TOPICS
from ingestion.lake.catalog import open_catalog
from ingestion.proof.accepted import accepted, gone, known_batches, recover, warehouse
from ingestion.proof.compare import UNREADABLE, Proof, compare_events, compare_unreadable
from ingestion.proof.ids import as_texts
from ingestion.proof.landed import Lake, failed, former_topics
from ingestion.proof.stream import Stream
from ingestion.settings import Settings

log = structlog.get_logger(__name__)
UNANSWERED_SECONDS = 30.0
PAUSE = 1.0


class Prover:
    """Compares all places; what was read of Kafka and of the lake once is not read again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stream = Stream(settings)
        self._lake = Lake(settings)

    def prove(self) -> Proof:
        """One comparison now."""
        self._stream.read_on(known_batches(self._settings))
        self._recover_receipts()
        with closing(open_catalog(self._settings)) as catalog:
            self._lake.read_on(catalog)
            former = former_topics(self._settings)
            refused, failed_records = failed(self._settings, catalog, former)
        landed, repeated, landed_before = self._lake.events(former)
        written_off = gone(self._settings)
        places = {
            "accepted": accepted(self._settings),
            "kafka": pl.concat([self._stream.events(), landed_before]).unique(),
            "lake": landed,
            "failed": refused,
            "warehouse": warehouse(self._settings),
            "gone": written_off.filter(pl.col("type") != UNREADABLE),
        }
        unreadable = self._stream.unreadable
        erased = as_texts(written_off.filter(pl.col("type") == UNREADABLE))
        rows = [
            *compare_events(places, repeated),
            *(
                compare_unreadable(domain, unreadable.get(domain, {}), failed_records.get(domain, []), erased)
                for domain in TOPICS
                if unreadable.get(domain) or failed_records.get(domain)
            ),
        ]
        order = {domain: position for position, domain in enumerate(TOPICS)}
        return Proof(datetime.now(UTC), tuple(sorted(rows, key=lambda row: order.get(row.topic, len(order)))))

    def prove_within(self, seconds: float) -> Proof:
        """Compare again and again until nothing differs, for at most `seconds`; the last comparison."""
        deadline = time.monotonic() + seconds
        while (proof := self.prove()).difference and time.monotonic() < deadline:
            time.sleep(min(PAUSE, max(0.0, deadline - time.monotonic())))
        return proof

    def _recover_receipts(self) -> None:
        """Write receipts for batches that reached Kafka while their receipt did not reach Postgres.

        Whoever sent such a batch got an error, and may have sent it again under other ids: it was accepted all the
        same. Young batches are left alone, for their receipt may be on its way.
        """
        known = known_batches(self._settings)
        now = datetime.now(UTC).timestamp()
        stream = self._stream
        late = [
            (batch, domain, event_type, event_ids)
            for (batch, domain, event_type), event_ids in stream.batches.items()
            if batch not in known and now - stream.batch_times[batch] > UNANSWERED_SECONDS
        ]
        if count := recover(self._settings, late):
            log.warning("receipts_recovered", receipts=count)
        done = known | {batch for batch, *_ in late}
        for key in [key for key in stream.batches if key[0] in done]:
            del stream.batches[key]
            stream.batch_times.pop(key[0], None)

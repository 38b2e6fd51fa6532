"""Landers from a full topic to committed rows, beside bare consumers and a Quix Streams sink on the same records.

The lander checks each record's envelope, keeps what it cannot read, and commits rows and offsets to Iceberg on S3 in
one transaction: each record is there once, whatever dies. Quix Streams' file sink parses the JSON into columns, and
writes Parquet, a file for each partition and checkpoint, then commits offsets to Kafka: at least once, for a crash
between the two writes the same records again within other files; there is no table, no contract, and no place for
records that do not fit, which end the process.
"""

import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from time import perf_counter

import psutil
import pyarrow as pa

from ingestion.lander.records import parse
from pipelines.lib.landed import landed
from tests.bench.form import Figure
from tests.bench.quix import quix_rate
from tests.bench.shop import template
from tests.bench.topic import PARTITIONS, PATIENCE, consume_only, consumer, delete_files, fill
from tests.ingestion.plane import Plane, new_plane, wait_for

EVENTS = 6_000_000  # the last commit waits for its time: of fewer it would be much of what is measured
QUIX_EVENTS = 1_000_000
RATE, TWO = "topic to committed rows, 1 process", "2 processes beside 1"


@dataclass(frozen=True)
class Landed:
    """Rows a second, and processor seconds of all landers for a million rows."""

    rate: float
    processor: float


def lander(stack_env: dict[str, str]) -> list[Figure]:
    """A topic of some million events in four partitions, filled before the clock begins."""
    settings = {"AGORA_KAFKA_PARTITIONS": str(PARTITIONS), "AGORA_LANDER_COMMIT_SECONDS": "2"}
    with template(stack_env, "0001") as name, new_plane(stack_env, name, **settings) as plane:
        try:
            fill(plane, EVENTS)
            one, two = (land(shared(plane, count), count) for count in (1, 2))
            bare = [consume_only(plane, EVENTS, count) for count in (1, 2)]
            appended = _append_only(plane)
            quix = quix_rate(plane, QUIX_EVENTS)
        finally:
            delete_files(plane)
    return [
        Figure(RATE, one.rate, "/s", 200_000, "higher", bare[0], "consume only"),
        Figure(RATE, one.rate, "/s", 200_000, "higher", appended, "append only"),
        Figure("processor time of the lander", one.processor, "s per million", 5, "lower"),
        Figure("topic to committed rows, 2 processes", two.rate, "/s", 320_000, "higher", bare[1], "2 consume only"),
        Figure(TWO, two.rate / one.rate, "×", 1.6, "higher", bare[1] / bare[0], "2 bare consumers beside 1"),
        *([Figure("lander beside a Quix Streams sink", one.rate / quix, "×", 1, "higher")] if quix else []),
    ]


def shared(plane: Plane, shards: int) -> Plane:
    """The same topic, other tables: as many landers as that find all of it still to be done."""
    prefix = f"{plane.settings.lake_namespace_prefix}{shards}_"
    env = plane.env | {"AGORA_LAKE_NAMESPACE_PREFIX": prefix, "AGORA_LANDER_SHARDS": str(shards)}
    settings = plane.settings.model_copy(update={"lake_namespace_prefix": prefix, "lander_shards": shards})
    return replace(plane, env=env, settings=settings)


def land(plane: Plane, count: int) -> Landed:
    """Run landers until everything has landed; the clock runs from when each has its lease."""
    processes = [plane.start("ingestion.lander") for _ in range(count)]
    wait_for(lambda: holders(plane) == count, "every lander has a lease", PATIENCE)
    before, began = _cursor(plane), perf_counter()
    wait_for(lambda: _cursor(plane) >= EVENTS, "everything landed", PATIENCE)
    rate = (EVENTS - before) / (perf_counter() - began)
    processor = sum(sum(psutil.Process(process.pid).cpu_times()[:2]) for process in processes)
    if (rows := sum(each.rows for each in landed(plane.pipelines()))) != EVENTS:
        raise RuntimeError(f"{rows} rows of {EVENTS} landed")
    end(processes)
    return Landed(rate, processor / EVENTS * 1_000_000)


def end(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Let them finish what they have in hand."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(30)


def holders(plane: Plane) -> int:
    """How many landers have taken a lease."""
    if plane.lake_sql("select to_regclass('ingest_lease')") == [(None,)]:
        return 0
    like = f"lander/{plane.settings.lake_namespace_prefix}%".replace("_", r"\_")
    return int(plane.lake_sql("select count(*) from ingest_lease where name like %s and epoch > 0", like)[0][0])


def _cursor(plane: Plane) -> int:
    """What has landed: the cursor moves in the transaction that commits the rows, and asking costs a lander nothing."""
    query = "select coalesce(sum(next_offset), 0) from ingest_cursor where table_name = %s"
    return int(plane.lake_sql(query, plane.settings.table("raw.analytics"))[0][0])


def _append_only(plane: Plane) -> float:
    with closing(consumer(plane)) as reading:
        messages = [message for _ in range(25) for message in reading.consume(4_000, 1.0)]
    everything = pa.concat_tables([parse("analytics", messages).rows] * 10)
    with closing(plane.catalog()) as catalog:
        catalog.create_namespace_if_not_exists(plane.settings.table("raw"))
        table = catalog.create_table(plane.settings.table("raw.bench"), everything.schema)
        began = perf_counter()
        table.append(everything)
        return int(everything.num_rows) / (perf_counter() - began)

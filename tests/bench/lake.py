"""A lake of many million events: one day of the typed tables made again, in a process of its own."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pyarrow as pa

from ingestion.contracts.analytics import PageViewed, ProductViewed
from ingestion.lake.catalog import LakeCatalog
from ingestion.lake.files import DataFileWriter
from ingestion.lake.schemas import RAW
from ingestion.lake.tables import create_raw_tables
from pipelines.lib.settings import get_settings
from pipelines.lib.typed import build_day
from tests.bench.form import Figure, Scale
from tests.bench.shop import template
from tests.bench.topic import delete_files
from tests.ingestion.plane import ROOT, Plane, new_plane

DAYS = 30
FIRST = date(2026, 1, 1)
# As the lander commits them.
FILE_ROWS, GROUP_ROWS = 500_000, 100_000
LATE_EVERY = 200  # one in so many is told a day late
TIMEOUT = 900
ENVELOPE = (
    *(
        '{"specversion":"1.0","id":"',
        "id",
        '","type":"',
        "event_type",
        '","source":"/agora/analytics","subject":"',
        "who",
    ),
    *('","time":"', "time", '","datacontenttype":"application/json","dataschema":"', "dataschema"),
    *('","data":{"anonymous_id":"', "who", '","customer_id":null,', "data", "}}"),
)


def day(stack_env: dict[str, str], scale: Scale) -> list[Figure]:
    """Thirty days of raw events as the lander leaves them; then the typed tables of the fifteenth."""
    wanted = FIRST + timedelta(days=DAYS // 2)
    with template(stack_env, "0001") as name, new_plane(stack_env, name) as plane:
        try:
            with closing(plane.catalog()) as catalog:
                expected = _write(plane, catalog, scale.events, wanted)
            command = [sys.executable, "-m", "tests.bench.lake", wanted.isoformat()]
            env = os.environ | plane.env
            done = subprocess.run(
                command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=TIMEOUT
            )
        finally:
            delete_files(plane)
    told = json.loads(done.stdout.splitlines()[-1])
    if told["rows"] != expected:
        raise RuntimeError(f"{told['rows']} typed rows of {expected}")
    of = f"{expected:,} of {scale.events:,} events"
    return [
        Figure(f"a day's typed tables, {of}", told["seconds"], "s", 60, "lower"),
        Figure("most memory", told["bytes"] / 2**30, "GiB", 3, "lower"),
    ]


def _write(plane: Plane, catalog: LakeCatalog, events: int, wanted: date) -> int:
    """Fill raw.analytics, and count the events of one day."""
    create_raw_tables(catalog, plane.settings)
    table = catalog.load_table(plane.settings.table("raw.analytics"))
    expected = 0
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as append:
        for first in range(0, events, FILE_ROWS):
            writer = DataFileWriter(table.schema())
            for start in range(first, min(first + FILE_ROWS, events), GROUP_ROWS):
                rows = _rows(start, min(GROUP_ROWS, events - start), events)
                expected += int((pl.Series(rows["occurred_at"]).dt.date() == wanted).sum())
                writer.write(rows)
            append.append_data_file(writer.finish(table, f"{table.location()}/data/bench-{first}.parquet"))
    return expected


def _rows(first: int, count: int, of: int) -> pa.Table:
    """Raw rows in the order in which they came, spread evenly over the days."""
    began = datetime.combine(FIRST, datetime.min.time(), UTC)
    step = DAYS * 86_400_000_000 // of
    number = pl.int_range(first, first + count, eager=True).alias("n")
    made = pl.DataFrame({"n": number}).with_columns(
        at=pl.lit(began).dt.cast_time_unit("us") + pl.duration(microseconds=pl.col("n") * step),
        id=pl.format("01900000-0000-7000-8000-{}", pl.col("n").cast(pl.String).str.zfill(12)),
        who=pl.format("0190aaaa-0000-4000-8000-{}", (pl.col("n") * 7_919 % 1_000_003).cast(pl.String).str.zfill(12)),
        is_page=pl.col("n") % 3 == 0,
    )
    late = pl.when(pl.col("n") % LATE_EVERY == 0).then(pl.duration(days=1)).otherwise(pl.duration(days=0))
    made = made.with_columns(
        occurred_at=pl.max_horizontal(pl.col("at") - late, pl.lit(began).dt.cast_time_unit("us")),
        event_type=pl.when("is_page").then(pl.lit(PageViewed.type)).otherwise(pl.lit(ProductViewed.type)),
        data=pl.when("is_page")
        .then(pl.format('"path":"/products/{}","referrer":null', pl.col("n") % 9_973))
        .otherwise(pl.format('"product_id":{},"recommendation_id":null', pl.col("n") % 92_331 + 1)),
    )
    made = made.with_columns(dataschema=pl.format("urn:agora:{}:1", "event_type"))
    made = made.with_columns(time=pl.col("occurred_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    # Texts and columns in turn.
    parts = [pl.col(part) if index % 2 else pl.lit(part) for index, part in enumerate(ENVELOPE)]
    found = made.select(
        event_id="id",
        event_type="event_type",
        source=pl.lit("/agora/analytics"),
        subject="who",
        occurred_at="occurred_at",
        dataschema="dataschema",
        trace_id=pl.lit(None, pl.String),
        value=pl.concat_str(parts),
        kafka_topic=pl.lit("bench.analytics"),
        kafka_partition=(pl.col("n") % 4).cast(pl.Int32),
        kafka_offset=pl.col("n") // 4,
        kafka_timestamp="at",
        landed_at="at",
        kafka_topic_id=pl.lit(None, pl.String),
    )
    return found.select(RAW.names).to_arrow().cast(RAW)


def _measure(wanted: date) -> Iterator[tuple[str, float]]:
    began = time.perf_counter()
    yield "rows", sum(report.added for report in build_day(get_settings(), wanted))
    yield "seconds", time.perf_counter() - began
    yield "bytes", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(json.dumps(dict(_measure(date.fromisoformat(sys.argv[1])))))  # noqa: T201

"""One lander under load for as long as one likes: is it as quick, and as small, at the end as at the beginning?

Disk stays bounded: records that have landed are deleted from the topic, and data files from the store. The lander needs
neither again.
"""

import statistics
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field

import psutil
from confluent_kafka import TopicPartition
from confluent_kafka.cimpl import KafkaException
from pyarrow.fs import FileSelector

from ingestion.topics import admin_client
from tests.bench.form import Figure, Scale
from tests.bench.landing import end, holders
from tests.bench.shop import template
from tests.bench.topic import PARTITIONS, PATIENCE, delete_files, fill
from tests.ingestion.plane import Plane, new_plane, wait_for

AHEAD = 1_000_000  # records that wait for the lander at the most
LOOK_SECONDS = 2.0
TIDY_SECONDS = 20.0
FIFTH = 5


@dataclass
class Course:
    """What was seen every two seconds: time, records landed, bytes of the lander's memory, its processor seconds."""

    times: list[float] = field(default_factory=list)
    landed: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def note(self, landed: int, process: psutil.Process) -> None:
        """One more look."""
        self.times.append(time.monotonic())
        self.landed.append(landed)
        self.memory.append(process.memory_info().rss)
        self.processor.append(sum(process.cpu_times()[:2]))

    def part(self, *, is_first: bool) -> tuple[float, float, float]:
        """Rows a second, processor seconds for a million rows, and memory, of the first or the last fifth."""
        size = max(2, len(self.times) // FIFTH)
        these = slice(size) if is_first else slice(-size, None)
        times, landed, processor = self.times[these], self.landed[these], self.processor[these]
        rows = landed[-1] - landed[0]
        spent = (processor[-1] - processor[0]) / rows * 1_000_000
        return rows / (times[-1] - times[0]), spent, statistics.median(self.memory[these])


def soak(stack_env: dict[str, str], scale: Scale) -> list[Figure]:
    """A producer that is always ahead, and one lander; its first fifth of the time beside its last."""
    settings = {"AGORA_KAFKA_PARTITIONS": str(PARTITIONS)}
    with template(stack_env, "0001") as name, new_plane(stack_env, name, **settings) as plane:
        try:
            course = _run(plane, scale.minutes * 60)
        finally:
            delete_files(plane)
    rate_before, spent_before, small = course.part(is_first=True)
    rate, spent, large = course.part(is_first=False)
    after, before = f"after {scale.minutes:g} minutes", "in the first fifth"
    small, large = small / 2**20, large / 2**20
    return [
        Figure(f"rows beside their producer, {after}", rate, "/s", rate_before * 0.95, "higher", rate_before, before),
        Figure(f"processor time, {after}", spent, "s per million", spent_before * 1.05, "lower", spent_before, before),
        Figure(f"memory, {after}", large, "MiB", small * 1.2, "lower", small, before),
    ]


def _run(plane: Plane, seconds: float) -> Course:
    course, stop = Course(), threading.Event()
    process = plane.start("ingestion.lander")
    wait_for(lambda: holders(plane) == 1, "the lander has its lease", PATIENCE)
    pouring = threading.Thread(target=_pour, args=(plane, course, stop))
    pouring.start()
    try:
        wait_for(lambda: _landed(plane) > 0, "it lands", PATIENCE)
        began = tidied = time.monotonic()
        while time.monotonic() - began < seconds:
            course.note(_landed(plane), psutil.Process(process.pid))
            if time.monotonic() - tidied > TIDY_SECONDS:
                _tidy(plane)
                tidied = time.monotonic()
            time.sleep(LOOK_SECONDS)
    finally:
        stop.set()
        pouring.join(PATIENCE)
        end([process])
    return course


def _pour(plane: Plane, course: Course, stop: threading.Event) -> None:
    def go_on(made: int) -> bool:
        while not stop.is_set() and made - (course.landed[-1] if course.landed else 0) > AHEAD:
            time.sleep(0.05)
        return not stop.is_set()

    fill(plane, 10**12, go_on=go_on)


def _offsets(plane: Plane) -> list[TopicPartition]:
    query = "select kafka_partition, next_offset from ingest_cursor where table_name = %s"
    rows = plane.lake_sql(query, plane.settings.table("raw.analytics"))
    return [TopicPartition(plane.topic(), partition, offset) for partition, offset in rows]


def _landed(plane: Plane) -> int:
    return sum(place.offset for place in _offsets(plane))


def _tidy(plane: Plane) -> None:
    """Delete what has landed from the topic, and all but the youngest files from the store."""
    admin = admin_client(plane.settings)
    with suppress(KafkaException):
        for future in admin.delete_records([place for place in _offsets(plane) if place.offset]).values():
            future.result(PATIENCE)
    with closing(plane.catalog()) as catalog:
        table = catalog.load_table(plane.settings.table("raw.analytics"))
        client = table.io.fs_by_scheme("s3", None)  # type: ignore[attr-defined]
        folder = table.location().removeprefix("s3://") + "/data"
        files = sorted(client.get_file_info(FileSelector(folder)), key=lambda found: found.mtime)
        for found in files[:-4]:
            client.delete_file(found.path)

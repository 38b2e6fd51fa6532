"""From an event in the outbox to its row in the typed table, with relay, lander and builds as they run."""

import statistics
import time
from datetime import UTC, datetime

from pipelines.lib import typed
from tests.bench.form import Figure, Scale
from tests.bench.landing import end
from tests.bench.shop import template
from tests.ingestion.plane import Plane, new_plane

# The pipelines' sensor looks every twenty seconds, the lander commits every ten.
SENSOR_SECONDS = 20.0
EVENTS_A_SECOND = 20
TABLE = "typed.analytics_product_viewed"


def freshness(stack_env: dict[str, str], scale: Scale) -> list[Figure]:
    """A steady trickle of events; each is looked for in its typed table when a build has ended."""
    more = {"AGORA_KAFKA_PARTITIONS": "4", "AGORA_LANDER_COMMIT_SECONDS": "10"}
    with template(stack_env, "0001") as name, new_plane(stack_env, name, **more) as plane:
        processes = [plane.start("ingestion.relay"), plane.start("ingestion.lander")]
        ages = _ages(plane, scale.minutes * 60)
        end(processes)
    p95 = statistics.quantiles(ages, n=20)[-1]
    return [
        Figure("event to typed table, p95", p95, "s", 90, "lower"),
        Figure("event to typed table, median", statistics.median(ages), "s", 90, "lower"),
    ]


def _ages(plane: Plane, seconds: float) -> list[float]:
    """Seconds from each event to the end of the build that brought it."""
    settings = plane.pipelines()
    seen: set[str] = set()
    ages: list[float] = []
    began = built = time.monotonic()
    while time.monotonic() - began < seconds:
        plane.accept(EVENTS_A_SECOND)
        if time.monotonic() - built > SENSOR_SECONDS:
            typed.build(settings)
            built, now = time.monotonic(), datetime.now(UTC)
            for row in plane.rows(TABLE, "event_id", "occurred_at"):
                if row["event_id"] not in seen:
                    seen.add(row["event_id"])
                    ages.append((now - row["occurred_at"]).total_seconds())
        time.sleep(1)
    return ages

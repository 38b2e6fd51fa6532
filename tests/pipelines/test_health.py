"""What the data plane says of itself: checks, failed events, the proof, and alerts that end."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import psycopg
import pytest

from ingestion.contracts.analytics import ProductViewed
from pipelines.lib import health, typed
from pipelines.lib.alerts import tell
from pipelines.lib.proofs import prove_and_keep
from pipelines.lib.quality import Verdict
from pipelines.lib.settings import Settings
from tests.ingestion.plane import Plane, new_plane, wait_for
from tests.pipelines.lake_writer import DAY, Lake


@pytest.fixture
def told() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address that takes alerts, and what was posted there."""
    heard: list[dict[str, Any]] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204 if len(heard) < 3 else 500)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on the test's output."""

    server = HTTPServer(("127.0.0.1", 0), Ear)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    thread.join()
    server.server_close()


def rows(settings: Settings, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.warehouse_url) as connection:
        return connection.execute(statement).fetchall()


ALERTS = "select source, message, times, ended_at is null from ops.alerts order by alert_id"


def test_a_source_has_one_alert_until_it_is_well_again(lake: Lake, told: tuple[str, list[dict[str, Any]]]) -> None:
    address, heard = told
    settings = lake.settings.model_copy(update={"pipelines_alert_url": address})
    tell(settings, "job loop", None)
    tell(settings, "job loop", "no space left")
    tell(settings, "job loop", "no space left on device")
    assert rows(settings, ALERTS) == [("job loop", "no space left on device", 2, True)]
    tell(settings, "job loop", None)
    tell(settings, "job loop", "again\0")
    assert rows(settings, ALERTS) == [
        ("job loop", "no space left on device", 2, False),
        ("job loop", "again\ufffd", 1, True),
    ]
    assert [each["message"] for each in heard] == ["no space left", "again\ufffd"]
    tell(settings, "proof", "the ear answers 500 now")
    tell(settings.model_copy(update={"pipelines_alert_url": "http://127.0.0.1:9"}), "other", "nobody listens")
    assert len(rows(settings, ALERTS)) == 4


def test_what_checks_said_is_kept_and_a_critical_one_is_told(lake: Lake) -> None:
    health.note_verdict(lake.settings, "raw", Verdict(passed=True, rows=7, warnings=["a strange time"]))
    health.note_verdict(lake.settings, "raw", Verdict(passed=False, rows=8, failures=["landed twice"]))
    kept = "select suite, passed, rows, failures, warnings from ops.checks order by checked_at"
    assert rows(lake.settings, kept) == [
        ("raw", True, 7, [], ["a strange time"]),
        ("raw", False, 8, ["landed twice"], []),
    ]
    assert rows(lake.settings, ALERTS) == [("checks of raw", "landed twice", 1, True)]
    health.note_verdict(lake.settings, "raw", Verdict(passed=True, rows=9))
    assert rows(lake.settings, ALERTS) == [("checks of raw", "landed twice", 1, False)]


@pytest.fixture
def ops_plane(stack_env: dict[str, str], operational_url: str) -> Iterator[Plane]:
    """A whole data plane."""
    with new_plane(stack_env, operational_url.rpartition("/")[2]) as plane:
        yield plane


def test_the_proof_and_the_failed_events_of_a_plane_are_noted(ops_plane: Plane) -> None:
    settings = ops_plane.pipelines()
    ops_plane.accept(5)
    with ops_plane.relay(), ops_plane.lander():
        wait_for(lambda: len(ops_plane.landed()) == 5, "everything has landed")
    assert prove_and_keep(settings, attempts=1).difference == 0
    with psycopg.connect(settings.warehouse_url) as connection:
        connection.execute("delete from lake.analytics_product_viewed where kafka_offset = 0")
    lost = prove_and_keep(settings, attempts=1).difference
    assert lost >= 1
    noted = rows(settings, "select difference, rows from ops.proof_runs order by proof_id")
    assert [difference for difference, _ in noted] == [0, lost]
    assert {row["type"]: row["accepted"] for row in noted[0][1]}[ProductViewed.type] == 5
    [(source, message, times, is_open)] = rows(settings, ALERTS)
    assert (source, times, is_open) == ("proof", 1, True)
    assert ProductViewed.type in message
    ops_plane.produce([b"{", b"["])
    with ops_plane.lander():
        wait_for(lambda: len(ops_plane.rows("raw.failed_events")) == 2, "both have failed")
    assert health.note_failed_events(settings) == {"open": 2, "repaired": 0, "replayed": 0, "dismissed": 0}
    assert health.note_failed_events(settings)["open"] == 2
    shown = rows(settings, "select topic, stage, state, event_type from ops.failed_events")
    assert shown == [("analytics", "landing", "open", None)] * 2
    assert rows(settings, ALERTS)[-1][:3] == ("failed events", "2 wait: see `agora failed list`", 2)


def test_events_that_fit_no_contract_are_among_them(lake: Lake, operational_url: str) -> None:
    lake.land(lake.record("analytics.product_viewed", "{}", DAY))
    typed.build(lake.settings)
    own = lake.settings.lake.model_copy(update={"postgres_ingestion_url": operational_url})
    settings = lake.settings.model_copy(update={"lake": own})
    assert health.note_failed_events(settings)["open"] == 1
    assert rows(settings, "select stage, reason from ops.failed_events") == [("typing", "data: Field required")]

"""`agora topics`, `agora erase` and `agora lake mend` as an operator uses them, on a real lake."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner, Result

from infra.local import erasing, mending, topics
from infra.local.cli import app
from infra.local.settings import LocalError
from ingestion.contracts import encode, new_event_id
from ingestion.contracts.analytics import ProductViewed
from pipelines.lib.refresh import refresh_typed_and_warehouse
from pipelines.lib.stopped import note_stopped_topics
from tests.ingestion.plane import Plane, migrated_template, new_plane, wait_for
from tests.ingestion.test_lander import _recreate_topic


@pytest.fixture(scope="module")
def outbox_template(stack_env: dict[str, str]) -> Iterator[str]:
    name = migrated_template(stack_env["AGORA_POSTGRES_OWNER_URL"], "head")
    yield name
    with psycopg.connect(stack_env["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def plane(stack_env: dict[str, str], outbox_template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plane]:
    """A data plane in whose environment the commands run."""
    with new_plane(stack_env, outbox_template) as plane:
        for name, value in (stack_env | plane.env).items():
            monkeypatch.setenv(name, value)
        for module in (topics, erasing, mending):
            monkeypatch.setattr(module, "enter", dict)
        yield plane


def agora(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=answer)


def listed() -> dict[str, dict[str, Any]]:
    return {row["topic"]: row for row in json.loads(agora("topics", "list", "--format", "json").stdout)}


def alerts(plane: Plane) -> list[str]:
    """Of topics that do not land, and stand still."""
    note_stopped_topics(plane.pipelines())
    with psycopg.connect(plane.settings.warehouse_url) as connection:
        query = "select message from ops.alerts where source = 'landing' and ended_at is null"
        return [message for (message,) in connection.execute(query)]


def test_a_topic_that_was_made_again_is_seen_told_and_brought_back(plane: Plane) -> None:
    plane.produce_events(5)
    assert listed()["analytics"]["waiting"] == 5
    plane.land(5)
    plane.produce([b'{"never": "landed"}'])
    gone = uuid4()
    statement = "insert into core.capture_receipts values (%s, 'analytics', %s, %s, now())"
    plane.outbox_sql(statement, uuid4(), ProductViewed.type, [gone])
    assert alerts(plane) == []
    _recreate_topic(plane)
    with plane.lander():
        wait_for(lambda: plane.lake_sql("select reason from ingest_stopped"), "it is noticed")
        assert agora("topics", "list").exit_code == 1
        assert "landed from topic" in listed()["analytics"]["stopped"]
        [told] = alerts(plane)
        assert "agora topics resume analytics" in told
        done = agora("topics", "resume", "analytics")
        assert (done.exit_code, str(gone) in done.stdout) == (1, True)
        wait_for(lambda: not plane.lake_sql("select reason from ingest_stopped"), "it lands again", 60)
    assert alerts(plane) == []
    written_off = agora("topics", "resume", "analytics", "--write-off", "a test")
    assert (written_off.exit_code, "noted as lost" in written_off.stdout) == (0, True)
    assert agora("topics", "list").exit_code == 0
    unknown = agora("topics", "resume", "nothing")
    assert isinstance(unknown.exception, LocalError)


def test_a_person_is_counted_and_erased(plane: Plane) -> None:
    person = uuid4()
    event = ProductViewed(anonymous_id=uuid4(), customer_id=person, product_id=1)
    plane.produce(_encoded(event, 3))
    plane.land(3)
    refresh_typed_and_warehouse(plane.pipelines())
    dry = agora("erase", str(person), "--dry-run")
    assert "3 events would be erased" in dry.stdout
    assert "Kafka keeps 3 records" in dry.stdout
    assert agora("erase", str(person), answer="n\n").exit_code == 1
    assert len(plane.landed()) == 3
    done = agora("erase", str(person), "--yes")
    assert (done.exit_code, "3 events of" in done.stdout, "for ever" in done.stdout) == (0, True, True)
    assert plane.landed() == []
    receipt = json.loads(agora("erase", str(person), "--yes", "--json").stdout)
    assert (receipt["customer_id"], receipt["events"]) == (str(person), {})
    assert isinstance(agora("erase", "ada@example.org", "--yes").exception, LocalError)


def _encoded(event: ProductViewed, times: int) -> list[bytes]:
    return [encode(event, new_event_id(), datetime.now(UTC)) for _ in range(times)]


def test_a_table_whose_files_are_whole_is_left_alone(plane: Plane) -> None:
    plane.produce_events(2)
    plane.land(2)
    assert "can be read" in agora("lake", "mend", "raw.analytics").stdout
    assert isinstance(agora("lake", "mend", "raw.failed_events").exception, LocalError)

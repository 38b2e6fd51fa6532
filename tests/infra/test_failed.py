"""`agora failed` as a person uses it, on a real lake and a real outbox."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import orjson
import psycopg
import pytest
from typer.testing import CliRunner, Result

from infra.local import failed
from infra.local.cli import app
from infra.local.failed import changed
from infra.local.settings import LocalError
from tests.ingestion.plane import Plane, migrated_template, new_plane, product_viewed, wait_for


@pytest.fixture(scope="module")
def repair_template(stack_env: dict[str, str]) -> Iterator[str]:
    """The name of a database of the newest revision to copy."""
    name = migrated_template(stack_env["AGORA_POSTGRES_OWNER_URL"], "head")
    yield name
    with psycopg.connect(stack_env["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def desk_plane(stack_env: dict[str, str], repair_template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plane]:
    """A data plane in whose environment the commands run, with two records that are no events."""
    with new_plane(stack_env, repair_template) as plane:
        for name, value in (stack_env | plane.env).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(failed, "enter", dict)
        document = orjson.loads(product_viewed(7)[2])
        plane.produce([orjson.dumps(document | {"time": "yesterday"}), b"{"])
        with plane.lander():
            wait_for(lambda: len(plane.rows("raw.failed_events")) == 2, "both have failed")
        yield plane


def agora(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["failed", *arguments])


def listed(*arguments: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(agora("list", "--format", "json", *arguments).stdout)
    return found


def test_from_the_list_to_the_outbox(desk_plane: Plane) -> None:
    [unset, broken] = sorted(listed(), key=lambda each: each["reason"])
    assert (unset["topic"], unset["state"], unset["reason"][:5]) == ("analytics", "open", "time:")
    short = unset["failed_id"][:8]
    assert '"time": "yesterday"' in agora("show", short).stdout
    refused = agora("replay", short)
    assert (refused.exit_code, "0 are on their way, 1 refused" in refused.stdout) == (1, True)
    assert agora("repair", short, "--set", "time=2026-03-01T12:00:00Z", "--note", "the clock was unset").exit_code == 0
    assert "1 repaired" in agora("list").stdout
    assert "1 would go, 1 refused" in agora("replay", "--all", "--dry-run").stdout
    sent = agora("replay", "--all")
    assert (sent.exit_code, "1 are on their way, 1 refused" in sent.stdout) == (1, True)
    assert agora("dismiss", broken["failed_id"], "--note", "a test of somebody").exit_code == 0
    assert listed() == []
    assert {each["state"] for each in listed("--all")} == {"replayed", "dismissed"}
    assert "1 replayed, 1 dismissed" in agora("list").stdout
    assert "the clock was unset" in agora("show", short).stdout
    [(kind, envelope)] = desk_plane.outbox_sql("select type, envelope from core.outbox")
    assert (kind, orjson.loads(envelope)["time"]) == ("analytics.product_viewed", "2026-03-01T12:00:00Z")


def test_the_list_is_filtered_and_is_csv_too(desk_plane: Plane) -> None:
    assert len(listed("--reason", "NOT JSON")) == len(listed("--type", "analytics.product_viewed")) == 1
    assert listed("--topic", "ordering") == listed("--since", "2999-01-01") == []
    rows = list(csv.DictReader(io.StringIO(agora("list", "--format", "csv").stdout)))
    assert [row["failed_id"] for row in rows] == [each["failed_id"] for each in listed()]


def test_what_cannot_be_done_is_told_in_one_line(desk_plane: Plane, tmp_path: Path) -> None:
    [broken] = listed("--reason", "not JSON")
    short = broken["failed_id"][:8]
    record = tmp_path / "record.json"
    record.write_bytes(product_viewed(9)[2])
    for arguments, why in (
        (["show", "zzzz"], "no failed event has the id"),
        (["show", ""], "begins the ids"),
        (["list", "--format", "xml"], "no such format"),
        (["repair", short], "say what to change"),
        (["repair", short, "--set", "time=now", "--file", str(record)], "say what to change"),
        (["repair", short, "--set", "time=now"], "give the whole of it with --file"),
        (["repair", short, "--file", str(tmp_path / "none.json")], "there is no file"),
        (["replay"], "name the events"),
        (["replay", short, "--all"], "name the events"),
    ):
        told = agora(*arguments)
        assert isinstance(told.exception, LocalError), arguments
        assert why in str(told.exception), arguments
    assert agora("repair", short, "--file", str(record)).exit_code == 0
    assert agora("replay", short).exit_code == 0
    again = agora("repair", short, "--file", str(record))
    assert "was sent again before" in str(again.exception)


@pytest.mark.parametrize(
    ("change", "why"),
    [("data", "PATH=VALUE"), ("data.lines.9.quantity=1", "no such place"), ("data.total.x=1", "no such place")],
)
def test_a_place_that_is_not_there(change: str, why: str) -> None:
    with pytest.raises(LocalError, match=why):
        changed(b'{"data": {"lines": [], "total": 3}}', [change])


def test_values_are_json_and_else_text() -> None:
    value = changed(b'{"data": {"lines": [{"quantity": 1}]}}', ["data.lines.0.quantity=2", "data.note=two, please"])
    assert json.loads(value) == {"data": {"lines": [{"quantity": 2}], "note": "two, please"}}

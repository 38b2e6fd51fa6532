"""Questions to lake and warehouse: answered from the files themselves, and never a change."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import polars as pl
import pytest
from pyiceberg.types import StringType
from typer.testing import CliRunner, Result

from infra.local import ask
from infra.local.cli import app
from infra.local.settings import LocalError
from pipelines.lib.query import BadQuery, lake, warehouse
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.pipelines.lake_writer import DAY, Lake


@pytest.fixture
def filled(lake: Lake) -> Lake:
    """Three orders of two days, typed and in the warehouse."""
    for day, product in ((0, 7), (0, 8), (1, 7)):
        lake.land(lake.order(DAY + timedelta(days=day), uuid4(), (product, 2, 100)))
    refresh_typed_and_warehouse(lake.settings)
    return lake


def test_raw_and_typed_tables_are_joined_and_lists_unfolded(filled: Lake) -> None:
    query = """
        select line.product_id, sum(line.quantity) as units, count(distinct o.order_id) as orders
        from typed.ordering_order_placed o, unnest(o.lines) as each(line)
        join raw.ordering r on r.event_id = o.event_id
        group by 1 order by 1
    """
    assert lake(query, settings=filled.settings).rows() == [(7, 4, 2), (8, 2, 1)]


def test_a_table_without_files_has_its_columns(filled: Lake) -> None:
    found = lake("select * from typed.ordering_order_cancelled", settings=filled.settings)
    assert found.height == 0
    assert {"event_id", "order_id", "reason"} <= set(found.columns)


def test_a_table_as_it_was(filled: Lake) -> None:
    count = "select count(*) from raw.ordering"
    moments = [each.timestamp_ms for each in filled.table("raw.ordering").metadata.snapshots]
    second = datetime.fromtimestamp(moments[1] / 1000, UTC)
    assert lake(count, at=second, settings=filled.settings).item() == 2
    assert lake(count, settings=filled.settings).item() == 3
    with pytest.raises(BadQuery, match=r"raw\.ordering has no snapshot as old as 2001"):
        lake(count, at=datetime(2001, 1, 1), settings=filled.settings)  # noqa: DTZ001 -- read as UTC


def test_a_column_that_a_contract_got_later_is_there_for_older_files_too(filled: Lake) -> None:
    with filled.table("typed.ordering_order_placed").update_schema() as update:
        update.add_column("gift_note", StringType())
    found = lake("select distinct gift_note from typed.ordering_order_placed", settings=filled.settings)
    assert found.rows() == [(None,)]


@pytest.mark.parametrize(
    "query",
    [
        "drop view raw.ordering",
        "copy (select 1) to '/tmp/agora_copied.csv'",
        "copy (select 1) to 's3://agora-lake/copied.csv'",
        "explain analyze copy (select 1) to 's3://agora-lake/copied.csv'",
        "select 1; select 2",
        "insert into raw.ordering values (1)",
        "attach '/tmp/agora_attached.db'",
        "set enable_external_access = true",
        "selec",
        "select nobody from raw.ordering",
        "select * from read_text('/etc/hostname')",
        "select * from read_csv('s3://agora-media/anything.csv')",
    ],
)
def test_the_lake_answers_questions_only_and_reads_no_other_file(filled: Lake, query: str) -> None:
    with pytest.raises(BadQuery):
        lake(query, settings=filled.settings)
    assert lake("select count(*) from raw.ordering", settings=filled.settings).item() == 3


def test_the_warehouse_answers_and_changes_nothing(filled: Lake) -> None:
    assert warehouse("select count(*) from lake.ordering_order_placed", filled.settings).item() == 3
    assert warehouse("select 1 as a where false", filled.settings).columns == ["a"]
    for query in (
        "delete from lake.ordering_order_placed",
        "set transaction read write; delete from lake.ordering_order_placed; commit",
        "create table lake.x (a int)",
        "begin",
        "selec",
    ):
        with pytest.raises(BadQuery):
            warehouse(query, filled.settings)
    assert warehouse("select count(*) from lake.ordering_order_placed", filled.settings).item() == 3


def test_a_question_that_takes_too_long_ends(filled: Lake) -> None:
    with pytest.raises(BadQuery, match="statement timeout"):
        warehouse("select pg_sleep(5)", filled.settings, seconds=0.1)


@pytest.fixture
def on_command(filled: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The commands in the environment of this lake."""
    monkeypatch.setattr(ask, "enter", dict)
    return filled


def agora(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_the_commands_answer_as_table_csv_and_json(on_command: Lake) -> None:
    query = "select event_type, count(*) as events from raw.ordering group by 1"
    assert json.loads(agora("lake", "sql", query, "--format", "json").stdout) == [
        {"event_type": "ordering.order_placed", "events": 3}
    ]
    assert agora("lake", "sql", query, "--format", "csv").stdout == "event_type,events\nordering.order_placed,3\n"
    assert "ordering.order_placed" in agora("lake", "sql", query).stdout
    nested = agora("lake", "sql", "select lines from typed.ordering_order_placed", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(nested.stdout)))
    assert [[line["product_id"] for line in json.loads(row["lines"])] for row in rows] == [[7], [8], [7]]
    assert "2 of 3 rows" in agora("lake", "sql", "select event_id from raw.ordering", "--rows", "2").stdout
    orders = "select count(*) as orders from lake.ordering_order_placed"
    assert agora("warehouse", "sql", orders, "--format", "csv").stdout == "orders\n3\n"


def test_tables_and_their_history_are_shown(on_command: Lake) -> None:
    tables = {row["table"]: row for row in json.loads(agora("lake", "tables", "--format", "json").stdout)}
    assert (tables["raw.ordering"]["rows"], tables["raw.ordering"]["files"]) == (3, 3)
    assert tables["typed.ordering_order_cancelled"]["changed_at"] is None
    steps = json.loads(agora("lake", "history", "raw.ordering", "--format", "json").stdout)
    assert [(step["what"], step["rows"]) for step in steps] == [("append", 3), ("append", 2), ("append", 1)]
    assert steps[0]["names"] == "main"


def test_care_shows_what_it_did(on_command: Lake) -> None:
    done = json.loads(agora("lake", "care", "--format", "json").stdout)
    assert next(row for row in done if row["table"] == "raw.ordering")["files"] == "3 → 3"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("lake", "sql", "drop table x"), "write a SELECT"),
        (("lake", "history", "raw.nothing"), "there is no table raw.nothing"),
        (("lake", "history", "nothing"), "there is no table nothing"),
        (("lake", "tables", "--format", "xml"), "no such format"),
        (("warehouse", "sql", "selec"), "syntax error"),
    ],
)
def test_what_cannot_be_answered_is_one_line(on_command: Lake, arguments: tuple[str, ...], why: str) -> None:
    told = agora(*arguments)
    assert isinstance(told.exception, LocalError)
    assert why in str(told.exception)


def test_types_come_as_they_are(filled: Lake) -> None:
    [row] = lake(
        "select occurred_at, kafka_offset from raw.ordering order by 2 limit 1", settings=filled.settings
    ).rows()
    assert row == (DAY, 0)
    frame = warehouse("select occurred_at from lake.ordering_order_placed order by 1 limit 1", filled.settings)
    assert frame.schema["occurred_at"] == pl.Datetime("us", "UTC")

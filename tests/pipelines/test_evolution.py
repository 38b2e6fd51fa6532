"""A contract that grows: the new field reaches typed table, warehouse and mart, and no old row is written again."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pyarrow as pa
import pytest

from ingestion.contracts import EVENT_TYPES, Event
from ingestion.contracts.identity import CustomerRegistered
from ingestion.lake.schemas import arrow_schema
from pipelines.lib import typed, warehouse, warehouse_schema
from pipelines.lib.marts import build_marts
from pipelines.lib.rebuild import checksums
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.pipelines.lake_writer import DAY, Lake

pytestmark = pytest.mark.timeout(900)
REGISTERED = "typed.identity_customer_registered"
FIELD = "age_band"


def query(lake: Lake, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(lake.settings.warehouse_url) as connection:
        return connection.execute(statement).fetchall()


def files(lake: Lake) -> set[str]:
    return {task.file.file_path for task in lake.table(REGISTERED).scan().plan_files()}


def test_a_new_optional_field_reaches_the_mart_without_a_rewrite(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract of before is the one of today without a field that marts use."""
    older = arrow_schema(CustomerRegistered)
    older = older.remove(older.get_field_index(FIELD))
    ann, bob = uuid4(), uuid4()

    def as_it_was_then(kind: type[Event]) -> pa.Schema:
        return older if kind is CustomerRegistered else arrow_schema(kind)

    with monkeypatch.context() as before:
        for module in (typed, warehouse_schema):
            before.setattr(module, "arrow_schema", as_it_was_then)
        lake.land(lake.event(CustomerRegistered.type, DAY, customer_id=str(ann), source="test"))
        refresh_typed_and_warehouse(lake.settings)
    assert FIELD not in lake.table(REGISTERED).schema().column_names
    versions = "select ctid::text, xmin::text from lake.identity_customer_registered order by occurred_at"
    old_files, old_rows = files(lake), query(lake, versions)
    later = DAY + timedelta(days=1)
    lake.land(lake.event(CustomerRegistered.type, later, customer_id=str(bob), source="test", age_band="35-44"))
    refresh_typed_and_warehouse(lake.settings)
    assert old_files < files(lake)
    assert [row[FIELD] for row in sorted(lake.rows(REGISTERED), key=lambda row: row["occurred_at"])] == [None, "35-44"]
    assert query(lake, versions)[:1] == old_rows
    build_marts(lake.settings, data_tests=False)
    found = query(lake, f"select customer_id::text, {FIELD} from marts.dim_customers")  # noqa: S608 -- from above
    assert dict(found)[str(bob)] == "35-44"
    assert dict(found)[str(ann)] in {None, "unknown"}
    # Made again the column stands elsewhere, and the comparison of a rebuild does not mind.
    as_it_was = checksums(lake.settings)
    with psycopg.connect(lake.settings.warehouse_url) as connection:
        connection.execute("drop table lake.identity_customer_registered cascade")
    warehouse.load(lake.settings, rebuild=True)
    build_marts(lake.settings, full_refresh=True, data_tests=False)
    assert checksums(lake.settings) == as_it_was
    assert EVENT_TYPES[CustomerRegistered.type] is CustomerRegistered

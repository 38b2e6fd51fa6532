"""Data health: what it shows before and after the pipelines ran, and to whom."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import AsyncClient
from psycopg.types.json import Jsonb
from sqlalchemy import text

from tests.api.conftest import OneConnection, SignUp

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
ROW = {
    "topic": "ordering", "type": "ordering.order_placed", "accepted": 5, "kafka": 5, "lake": 5, "failed": 1,
    "warehouse": 3, "difference": 1,
}  # fmt: skip
PATHS = ("/v1/data/health", "/v1/data/proof", "/data", "/data/proof", "/data/proof.csv")


@pytest.fixture
async def ops(rolled_back: OneConnection, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """What the pipelines would have written, in temporary tables."""
    from api.domains.analytics.repository import health, overview  # noqa: PLC0415
    from pipelines.lib.ops import TABLES  # noqa: PLC0415

    for name in ("_PROOFS", "_PROOF", "_CHECKS", "_WAITING", "_STATES", "_ALERTS"):
        monkeypatch.setattr(health, name, text(getattr(health, name).text.replace("ops.", "pg_temp.")))
    monkeypatch.setattr(overview, "_AS_OF", text("SELECT as_of, as_of AS built_at FROM pg_temp.as_of"))
    async with rolled_back.warehouse() as connection:
        await connection.execute(text("CREATE TEMP TABLE as_of (as_of timestamptz)"))
        temporary = TABLES.replace("if not exists ", "").replace("create schema ops;", "")
        temporary = temporary.replace("create table ops.", "create temp table ").replace(" ops.", " ")
        for statement in filter(str.strip, temporary.split(";")):
            await connection.execute(text(statement))
        yield connection


@pytest.mark.parametrize("path", PATHS)
async def test_only_who_may_read_figures_sees_it(client: AsyncClient, sign_up: SignUp, path: str) -> None:
    person = await sign_up()
    assert (await client.get(path)).status_code in {303, 401, 403}
    assert (await client.get(path, headers=person.headers)).status_code == 403
    analyst = await sign_up("analyst")
    answer = await client.get(path, headers=analyst.headers)
    assert answer.status_code == (503 if path.startswith("/v1") or path.endswith("csv") else 200)
    if answer.status_code == 200:
        assert "Nothing to show yet" in answer.text


async def test_health_and_proof_are_told_as_they_were_written(client: AsyncClient, sign_up: SignUp, ops: Any) -> None:
    insert = "INSERT INTO proofs VALUES (:at, 2.5, :difference, :rows)"
    before = AT.replace(hour=11)
    for at, difference in ((before, 0), (AT, 1)):
        row = ROW | {"difference": difference}
        await ops.execute(text(insert), {"at": at, "difference": difference, "rows": Jsonb([row])})
    await ops.execute(text("INSERT INTO checks VALUES (:at, 'raw', true, 7, '{}', '{odd}')"), {"at": AT})
    await ops.execute(
        text(
            "INSERT INTO failed_events SELECT gen_random_uuid(), :at, 'ordering', 'typing', 'ordering.order_placed',"
            " 'data.total_minor: wrong; data.currency: wrong', state FROM unnest(ARRAY['open', 'repaired', 'replayed'])"
            " AS state"
        ),
        {"at": AT},
    )
    await ops.execute(text("INSERT INTO alerts (source, message) VALUES ('proof', '1 events differ')"))
    analyst = await sign_up("analyst")
    health = (await client.get("/v1/data/health", headers=analyst.headers)).json()
    assert [proof["difference"] for proof in health["proofs"]] == [1, 0]
    assert health["failed_events"] == {"open": 1, "repaired": 1, "replayed": 1}
    [waiting] = health["waiting"]
    assert (waiting["events"], waiting["reason"]) == (2, "data.total_minor: wrong")
    assert (health["checks"][0]["warnings"], health["alerts"][0]["source"]) == (["odd"], "proof")
    assert (await client.get("/v1/data/proof", headers=analyst.headers)).json()["rows"] == [ROW]
    then = {"at": before.isoformat()}
    assert (await client.get("/v1/data/proof", params=then, headers=analyst.headers)).json()["difference"] == 0
    never = {"at": "2001-01-01T00:00:00Z"}
    assert (await client.get("/v1/data/proof", params=never, headers=analyst.headers)).status_code == 404
    page = await client.get("/data", headers=analyst.headers)
    assert "1 differs" in page.text
    assert "data.total_minor: wrong" in page.text
    file = await client.get("/data/proof.csv", headers=analyst.headers)
    assert file.headers["content-disposition"] == 'attachment; filename="proof-20260310T120000Z.csv"'
    [line] = csv.DictReader(io.StringIO(file.text))
    assert (line["type"], line["difference"]) == ("ordering.order_placed", "1")

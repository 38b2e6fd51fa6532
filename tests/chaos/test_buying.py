"""A shop that is killed in the middle of many checkouts: every order, unit, cent and event is accounted for."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from api.core.auth import Principal
from api.core.client import close_client
from api.core.db import Database, reading, set_database
from api.core.settings import get_settings
from api.domains.identity.service.tokens import sign_access_token
from ingestion.proof import Prover
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.api.ordering.conftest import stock_shop
from tests.api.ordering.invariants import assert_all_is_well
from tests.gateway_process import RunningGateway, free_port, running_gateway
from tests.ingestion.plane import Plane, migrated_template, new_plane, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
KILLS, BUYERS, AT_ONCE, UNITS = 3, 90, 8, 25
ORDERS = "ordering.order_placed"


@dataclass
class Shop:
    """A shop of its own from the database to the warehouse."""

    plane: Plane
    gateway: RunningGateway
    folder: Path
    url: str
    process: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Start the API and wait until it answers."""
        address = ["--host", "127.0.0.1", "--port", self.url.rpartition(":")[2], "--workers", "1", "--no-ws"]
        options = ["--interface", "asgi", "--factory", "--loop", "uvloop", *address]
        with (self.folder / "api.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "granian", *options, "api.app:create_app"],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._answers, "the shop is open", seconds=60)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """No process of it lives on, and none had the time to say good-bye."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def shop(stack_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Everything of its own; closed at first."""
    owner_url = stack_env["AGORA_POSTGRES_OWNER_URL"]
    template = migrated_template(owner_url, "head")
    try:
        with new_plane(stack_env, template) as plane, running_gateway(tmp_path) as gateway:
            url = f"http://127.0.0.1:{free_port()}"
            mine = plane.env | gateway.environment | {"AGORA_API_URL": url, "AGORA_API_LIMITS": "false"}
            for name, value in mine.items():
                monkeypatch.setenv(name, value)
            get_settings.cache_clear()
            yield Shop(plane, gateway, tmp_path, url)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
        with psycopg.connect(owner_url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(template)))


async def buy(url: str, product_id: int) -> int | None:
    """A person who tries once; None where the shop died meanwhile."""
    token, _ = sign_access_token(Principal(uuid4(), frozenset({"customer"}), uuid4()))
    headers = {"Authorization": f"Bearer {token}", "X-Agora-Anonymous-Id": str(uuid4())}
    try:
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
            await client.post("/v1/cart/items", json={"product_id": product_id})
            body, key = {"payment_token": "tok_ok"}, {"Idempotency-Key": str(uuid4())}
            return (await client.post("/v1/checkout", json=body, headers=key)).status_code
    except httpx.TransportError:
        return None


async def test_killed_among_buyers(shop: Shop) -> None:
    seed = int(os.environ.get("CHAOS_SEED", random.randrange(2**32)))
    sys.stdout.write(f"CHAOS_SEED={seed}\n")
    dice = random.Random(seed)
    database = Database(get_settings())
    set_database(database)
    try:
        products = list((await stock_shop(UNITS)).values())
        gate, busy, answers = asyncio.Semaphore(AT_ONCE), asyncio.Event(), list[int | None]()

        async def person(number: int) -> None:
            async with gate:
                answers.append(await buy(shop.url, products[number % len(products)]))
                if len(answers) % AT_ONCE == 0:
                    busy.set()

        async def killer() -> None:
            for _ in range(KILLS):
                busy.clear()
                await busy.wait()
                await asyncio.sleep(dice.uniform(0.0, 0.3))
                await asyncio.to_thread(shop.kill)
                await asyncio.to_thread(shop.open)

        await asyncio.to_thread(shop.open)
        killing = asyncio.create_task(killer())
        for first in range(0, 10 * BUYERS, BUYERS):
            await asyncio.gather(*(person(first + number) for number in range(BUYERS)))
            if killing.done():
                break
        await killing
        await asyncio.to_thread(shop.kill)
        assert answers.count(None) >= KILLS
        await assert_all_is_well()
        async with reading() as connection:
            placed = text("SELECT count(*), sum(total_minor) FROM ordering.orders WHERE status = 'placed'")
            orders, worth = (await connection.execute(placed)).one()
        assert orders >= answers.count(201)  # who did not hear of it may have an order as well
        kept = shop.gateway.balance()
        assert kept["captured"] == (orders, worth)
        await asyncio.to_thread(_prove, shop.plane, orders)
    finally:
        set_database(None)
        await close_client()
        await database.close()


def _prove(plane: Plane, orders: int) -> None:
    with plane.relay(), plane.lander():
        landed = [sys.maxsize]

        def is_quiet() -> bool:
            before = landed[0]
            landed[0] = len(plane.rows("raw.ordering", "event_id"))
            return 0 < landed[0] == before

        wait_for(lambda: plane.outbox_sql("SELECT count(*) FROM core.outbox") and is_quiet(), "it landed", seconds=120)
        refresh_typed_and_warehouse(plane.pipelines())
        proof = Prover(plane.settings).prove_within(60)
    assert proof.difference == 0, proof.document()
    [row] = [row for row in proof.rows if row.type == ORDERS]
    assert (row.accepted, row.lake, row.warehouse) == (orders, orders, orders)

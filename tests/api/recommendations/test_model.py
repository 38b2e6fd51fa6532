"""The model in the process: loaded as it was written, swapped while requests run, kept when the next one is broken."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from httpx import AsyncClient
from structlog.testing import capture_logs

from api.core.db import reading, transaction
from api.core.settings import get_settings
from api.domains.recommendations.repository import serving
from api.domains.recommendations.service import model as holding
from api.domains.recommendations.service.model import Holder
from ml.recommendations.serving import files as blend_files
from tests.api.conftest import SignUp
from tests.api.recommendations.conftest import Shop, activate_version, blend, stock_shop, write_version

Ask = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for a new version at every request."""
    monkeypatch.setattr(holding, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(holding, "RETRY_SECONDS", 0.0)


@pytest.fixture
def pipelines(migrated_env: dict[str, str]) -> str:
    """The role that writes serving tables."""
    return migrated_env["AGORA_POSTGRES_PIPELINES_URL"]


async def until(ask: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    deadline = time.monotonic() + 10
    while (found := await ask()) != wanted:
        assert time.monotonic() < deadline, f"still {found}"
        await asyncio.sleep(0.02)


async def test_a_version_is_read_as_it_was_written(committed: Any, pipelines: str, tmp_path: Path) -> None:
    factors = {5: [0.5, -1.25], 9: [1e-8, 3.0], 2**40: [0.0, 1.0]}
    version = write_version(pipelines, factors, [9, 5])
    with psycopg.connect(pipelines) as connection:
        connection.execute("INSERT INTO serving.item_neighbours VALUES (%s, 'similar', 5, '{}', '{}')", [version])
    found = await asyncio.to_thread(serving.load, get_settings().postgres_url, version, tmp_path)
    assert (found.version, found.name) == (version, "content")
    assert found.scorer.product_ids.tolist() == list(factors)
    assert found.scorer.factors is not None
    assert np.array_equal(found.scorer.factors, np.array(list(factors.values()), np.float32))
    assert found.scorer.popularity.tolist() == [0.5, 1.0, 0.0]
    assert found.scorer.product_ids[found.popular].tolist() == [9, 5]
    assert found.together.of(9)[0].tolist() == [5, 2**40]
    assert found.similar.of(5)[0].tolist() == []
    with pytest.raises(LookupError):
        serving.load(get_settings().postgres_url, version + 1, tmp_path)


async def test_a_new_version_replaces_the_old_while_requests_run(committed_client: AsyncClient, pipelines: str) -> None:
    async with transaction() as session:
        shop = await stock_shop(session)
    bread, tea = shop["bread-0"], shop["tea-0"]

    async def version() -> int:
        answer = await committed_client.get("/v1/recommendations", params={"surface": "home"})
        assert answer.status_code == 200
        body = answer.json()
        if body["version"]:  # what a version says of itself and what it answers belong together
            assert body["items"][0]["product_id"] == (bread if body["version"] == first else tea)
        return int(body["version"])

    first = 0
    assert await version() == 0
    first = write_version(pipelines, {bread: [1.0], tea: [0.5]}, [bread, tea])
    second = write_version(pipelines, {bread: [1.0], tea: [0.5]}, [tea, bread], activate=False)
    await until(version, first)
    stop = asyncio.Event()

    async def keep_asking() -> set[int]:
        seen = set()
        while not stop.is_set():
            seen.add(await version())
        return seen

    asking = [asyncio.create_task(keep_asking()) for _ in range(3)]
    activate_version(pipelines, second)
    await until(version, second)
    stop.set()
    assert set().union(*await asyncio.gather(*asking)) <= {first, second}
    activate_version(pipelines, first)
    await until(version, first)


async def test_a_blend_comes_and_goes_while_requests_run(
    committed_client: AsyncClient, pipelines: str, sign_up: SignUp, tmp_path: Path
) -> None:
    """A version of before, one whose blend answers, and the way back: no request fails, each is of one version."""
    async with transaction() as session:
        shop = await stock_shop(session)
    customer = await sign_up()
    lately, long_ago = shop["soap-1"], shop["tea-1"]
    folder = blend_files.save(blend(list(shop.values()), {lately: [shop["milk-0"]]}), tmp_path / "blend")
    single = write_version(pipelines, {lately: [1.0], long_ago: [0.5]}, list(shop.values()))
    both = write_version(pipelines, {lately: [1.0], long_ago: [0.5]}, list(shop.values()), activate=False, files=folder)
    today = time.time() / 86_400
    with psycopg.connect(pipelines) as connection:
        for version, days in ((single, None), (both, [today - 1, today - 40])):
            values = [version, str(customer.customer_id), [lately, long_ago], [3.0, 2.0], days]
            connection.execute(
                "INSERT INTO serving.customer_histories (version, customer_id, product_ids, weights, days)"
                " VALUES (%s, %s, %s, %s, %s)",
                values,
            )

    async def version() -> int:
        answer = await committed_client.get("/v1/recommendations", params={"surface": "home"}, headers=customer.headers)
        assert answer.status_code == 200
        body = answer.json()
        if body["version"]:
            often = [item["product_id"] for item in body["items"] if item["reason"] == "You buy these often"]
            assert often == ([long_ago, lately] if body["version"] == both else [lately, long_ago])
        return int(body["version"])

    await until(version, single)
    stop = asyncio.Event()

    async def keep_asking() -> set[int]:
        seen = set()
        while not stop.is_set():
            seen.add(await version())
        return seen

    asking = [asyncio.create_task(keep_asking()) for _ in range(3)]
    activate_version(pipelines, both)
    await until(version, both)
    activate_version(pipelines, single)
    await until(version, single)
    stop.set()
    assert set().union(*await asyncio.gather(*asking)) == {single, both}


@pytest.mark.parametrize("is_the_first", [True, False])
async def test_a_broken_version_leaves_the_other_in_place(committed: Any, pipelines: str, is_the_first: bool) -> None:
    holder = Holder()

    async def version() -> int | None:
        async with reading() as connection:
            found = await holder.current(connection)
        return found.version if found else None

    ragged = {1: [1.0, 2.0], 2: [1.0]}
    with capture_logs() as logs:
        if is_the_first:
            write_version(pipelines, ragged, [1])
            assert await version() is None
        good = write_version(pipelines, {1: [1.0]}, [1])
        await until(version, good)
        write_version(pipelines, ragged, [1])
        for _ in range(3):
            assert await version() == good
            await asyncio.sleep(0.05)
    assert {each["log_level"] for each in logs if each["event"] == "model_not_loaded"} == {"error"}


async def test_the_history_of_a_customer_is_that_of_the_version(
    committed_client: AsyncClient, pipelines: str, sign_up: SignUp
) -> None:
    async with transaction() as session:
        shop: Shop = await stock_shop(session)
    customer = await sign_up()
    often, once = shop["soap-1"], shop["wine-1"]
    version = write_version(pipelines, {often: [1.0, 0.0], once: [0.0, 1.0]}, list(shop.values()), activate=False)
    with psycopg.connect(pipelines) as connection:
        connection.execute(
            "INSERT INTO serving.customer_histories VALUES (%s, %s, %s, %s)",
            [version, str(customer.customer_id), [often, once], [3.0, 0.9]],
        )
    activate_version(pipelines, version)
    answer = await committed_client.get("/v1/recommendations", params={"surface": "home"}, headers=customer.headers)
    found = {item["product_id"]: item["reason"] for item in answer.json()["items"]}
    assert found[often] == "You buy these often"
    assert found[once] == "You bought these before"

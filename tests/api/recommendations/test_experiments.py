"""Experiments: who sees what, for how long, who may say so, and what is written down of it."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.buffered import get_buffer
from api.domains.recommendations.domain.experiments import Experiment, Variant, position
from api.domains.recommendations.domain.policy import USUAL
from api.domains.recommendations.schemas import Parameters
from api.domains.recommendations.service import house
from tests.api.conftest import SignUp
from tests.api.recommendations.conftest import Did, Shop, answer_with
from tests.api.recommendations.test_endpoints import a_model, ask, reasons

SIDES = (Variant("control", 0.5, Parameters()), Variant("alike", 0.3, Parameters(is_personal=False)))
WISH: dict[str, Any] = {
    "experiment_id": "alike-for-all",
    "hypothesis": "Who sees what everybody sees buys less.",
    "surface": "home",
    "variants": [
        {"name": "control", "share": 0.5},
        {"name": "alike", "share": 0.5, "parameters": {"is_personal": False}},
    ],
}


def experiment(name: str = "alike-for-all", unit: Any = "browser") -> Experiment:
    return Experiment(name, "?", "home", unit, SIDES, "running")


@pytest.fixture(autouse=True)
def attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "LOOK_SECONDS", 0.0)


@given(some.uuids())
def test_a_unit_never_changes_sides(unit: UUID) -> None:
    assert 0 <= position("alike-for-all", unit) < 1
    assert experiment().variant_of(unit) == experiment().variant_of(UUID(str(unit)))


def test_shares_are_kept_and_experiments_are_independent() -> None:
    units = [UUID(int=number) for number in range(20_000)]
    first = [experiment("one").variant_of(unit) for unit in units]
    second = [experiment("two").variant_of(unit) for unit in units]
    for sides in (first, second):
        assert sides.count(SIDES[0]) / len(units) == pytest.approx(0.5, abs=0.015)
        assert sides.count(SIDES[1]) / len(units) == pytest.approx(0.3, abs=0.015)
        assert sides.count(None) / len(units) == pytest.approx(0.2, abs=0.015)
    both = sum(a == b == SIDES[0] for a, b in zip(first, second, strict=True))
    assert both / len(units) == pytest.approx(0.25, abs=0.015)


def test_customers_are_assigned_once_they_are_known() -> None:
    browser, customer = uuid4(), uuid4()
    assert experiment().unit_of(browser, customer) == browser
    assert experiment(unit="customer").unit_of(browser, customer) == customer
    assert experiment(unit="customer").unit_of(browser, None) is None


def test_a_variant_changes_what_it_says_and_nothing_else() -> None:
    assert USUAL.changed(Parameters()) == USUAL
    changed = USUAL.changed(Parameters(slot_every=0, relevance=1.0))
    assert (changed.slot_every, changed.relevance, changed.pool) == (0, 1.0, USUAL.pool)
    assert changed.slots(24) == 0


async def test_an_experiment_runs_from_its_start_to_its_stop(
    client: AsyncClient, shop: Shop, did: Did, sign_up: SignUp
) -> None:
    answer_with(a_model(shop))
    analyst = await sign_up("analyst")
    browsers = [uuid4() for _ in range(12)]
    for browser in browsers:
        did(browser, shop["bread-0"])

    async def sides() -> list[tuple[str | None, bool]]:
        found = []
        for browser in browsers:
            answer = await ask(client, headers={"X-Agora-Anonymous-Id": str(browser)})
            is_alike = set(reasons(answer).values()) == {"Popular this month"}
            found.append((answer["variants"].get("alike-for-all"), is_alike))
        return found

    assert (await client.post("/v1/experiments", headers=analyst.headers, json=WISH)).status_code == 201
    assert set(await sides()) == {(None, False)}
    started = await client.post("/v1/experiments/alike-for-all/start", headers=analyst.headers)
    assert (started.status_code, started.json()["status"]) == (200, "running")
    once, again = await sides(), await sides()
    assert once == again
    assert set(once) == {("control", False), ("alike", True)}
    stopped = await client.post(
        "/v1/experiments/alike-for-all/stop", headers=analyst.headers, json={"outcome": "As was thought."}
    )
    assert (stopped.json()["status"], stopped.json()["outcome"]) == ("stopped", "As was thought.")
    assert set(await sides()) == {(None, False)}
    other = await client.get("/v1/experiments", headers=analyst.headers)
    assert [each["experiment_id"] for each in other.json()] == ["alike-for-all"]


@pytest.mark.usefixtures("kafka_away")
async def test_who_was_exposed_is_written_down_with_the_answer(
    client: AsyncClient, shop: Shop, session: AsyncSession, sign_up: SignUp, visitor_headers: dict[str, str]
) -> None:
    answer_with(a_model(shop))
    analyst = await sign_up("analyst")
    await client.post("/v1/experiments", headers=analyst.headers, json=WISH)
    await client.post("/v1/experiments/alike-for-all/start", headers=analyst.headers)
    answer = await ask(client, headers=visitor_headers)
    await ask(client, "product", headers=visitor_headers, product_id=shop["bread-0"])
    await get_buffer().flush()
    query = text("SELECT envelope FROM core.outbox WHERE type = 'recommendations.experiment_exposed'")
    (data,) = [orjson.loads(row.envelope)["data"] for row in await session.execute(query)]
    assert data == {
        "anonymous_id": visitor_headers["X-Agora-Anonymous-Id"],
        "customer_id": None,
        "experiment_id": "alike-for-all",
        "variant": answer["variants"]["alike-for-all"],
        "unit": visitor_headers["X-Agora-Anonymous-Id"],
        "recommendation_id": answer["recommendation_id"],
    }


@pytest.mark.parametrize("role", [None, "executive", "seller", "moderator"])
async def test_who_may_not_neither_sees_nor_changes_experiments(
    client: AsyncClient, sign_up: SignUp, role: str | None
) -> None:
    person = await sign_up(*([role] if role else []))
    answers = [
        await client.get("/v1/experiments", headers=person.headers),
        await client.post("/v1/experiments", headers=person.headers, json=WISH),
        await client.post("/v1/experiments/alike-for-all/start", headers=person.headers),
        await client.post("/v1/experiments/alike-for-all/stop", headers=person.headers, json={"outcome": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert (await client.get("/v1/experiments")).status_code == 401


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"experiment_id": "No Name"}, "experiment_id"),
        ({"surface": "cellar"}, "surface"),
        ({"variants": WISH["variants"][:1]}, "variants"),
        ({"variants": [{"name": "control", "share": 0.9}, {"name": "two", "share": 0.2}]}, "body"),
        ({"variants": [{"name": "control", "share": 0.1}, {"name": "control", "share": 0.2}]}, "body"),
        ({"variants": [{"name": "one", "share": 0.1}, {"name": "two", "share": 0.2}]}, "body"),
        ({"variants": [{"name": "control", "share": 0.5}, {"name": "two", "share": 0.5, "parameters": {"x": 1}}]}, "x"),
        ({"variants": [{"name": "control", "share": 0.5}, {"name": "two", "share": 0.0}]}, "share"),
    ],
)
async def test_what_cannot_be_an_experiment_is_refused(
    client: AsyncClient, sign_up: SignUp, change: dict[str, Any], field: str
) -> None:
    analyst = await sign_up("analyst")
    answer = await client.post("/v1/experiments", headers=analyst.headers, json=WISH | change)
    assert answer.status_code == 422
    assert field in answer.json()["errors"][0]["field"]


async def test_an_experiment_is_defined_started_and_stopped_once(client: AsyncClient, sign_up: SignUp) -> None:
    headers = (await sign_up("operator")).headers
    over = {"outcome": "Enough."}

    async def post(path: str, body: Any = None) -> tuple[int, str]:
        answer = await client.post(f"/v1/experiments{path}", headers=headers, json=body)
        return answer.status_code, answer.json().get("type", "").rpartition(":")[2]

    assert await post("/alike-for-all/start") == (404, "not-found")
    assert (await post("", WISH))[0] == 201
    assert await post("", WISH) == (409, "experiment-exists")
    assert await post("/alike-for-all/stop", over) == (409, "experiment-not-running")
    assert (await post("/alike-for-all/start"))[0] == 200
    assert await post("/alike-for-all/start") == (409, "experiment-not-a-draft")
    assert (await post("", WISH | {"experiment_id": "another"}))[0] == 201
    assert await post("/another/start") == (409, "another-experiment-runs")
    assert (await post("/alike-for-all/stop", over))[0] == 200
    assert await post("/alike-for-all/start") == (409, "experiment-not-a-draft")
    assert (await post("/another/start"))[0] == 200


async def test_of_two_that_start_at_once_one_runs(committed_client: AsyncClient, sign_up: SignUp) -> None:
    headers = (await sign_up("operator")).headers
    for name in ("first", "second"):
        await committed_client.post("/v1/experiments", headers=headers, json=WISH | {"experiment_id": name})
    answers = await asyncio.gather(
        *(committed_client.post(f"/v1/experiments/{name}/start", headers=headers) for name in ("first", "second"))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]

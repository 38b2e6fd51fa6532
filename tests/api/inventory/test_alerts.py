"""Low stock is told once per crossing; who waits is told in order, as many as there are units, and nobody twice."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database, transaction
from api.core.inbox import ReceivedEvent
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.inventory import facade as inventory
from api.domains.inventory.domain import reorder_point
from api.domains.inventory.handlers import HANDLERS
from api.domains.inventory.service import alerts
from ingestion.contracts.inventory import StockMoved
from tests.api.conftest import SignedUp, SignUp

PAGE = {"Accept": "text/html"}


async def a_product(units: int, seller_id: UUID | None = None) -> int:
    async with transaction() as session:
        new = ProductImport(f"S-{uuid4().hex[:8]}", "Green tea", "Grocery", "Tea", "Tea", "Own", None, 400)
        product_id = next(iter((await catalog.import_products(session, [new])).values()))
        if units:
            await inventory.receive_many(session, [(product_id, units)])
        if seller_id:
            statement = "UPDATE catalog.products SET seller_id = :seller WHERE product_id = :id"
            await session.execute(text(statement), {"seller": seller_id, "id": product_id})
    return product_id


async def sell(product_id: int, units: int) -> UUID:
    order_id = uuid4()
    async with transaction() as session:
        await inventory.reserve(session, order_id, [(product_id, units)])
        await inventory.allocate(session, order_id)
    return order_id


async def hear(*product_ids: int) -> None:
    """What the worker does with the movements of these products."""
    events = [
        ReceivedEvent(uuid4(), datetime.now(UTC), StockMoved(product_id=each, movement="allocated", quantity=1))
        for each in product_ids
    ]
    async with transaction() as session:
        await HANDLERS[StockMoved.type](session, events)


async def told(session: AsyncSession, kind: str) -> list[dict[str, Any]]:
    statement = "SELECT convert_from(envelope, 'UTF8')::jsonb -> 'data' FROM core.outbox WHERE type = :type ORDER BY id"
    return [row[0] for row in await session.execute(text(statement), {"type": f"inventory.{kind}"})]


async def mails(session: AsyncSession) -> list[tuple[str, str]]:
    statement = "SELECT args->'args'->>'to', args->'args'->>'subject' FROM procrastinate_jobs ORDER BY id"
    return [tuple(row) for row in await session.execute(text(statement))]


async def watch(client: AsyncClient, operator: SignedUp, product_id: int, low_at: int) -> int:
    path = f"/v1/operate/stock/{product_id}/thresholds/main"
    answer = await client.put(path, json={"low_at": low_at, "lead_time_days": 4}, headers=operator.headers)
    return answer.status_code


async def test_a_crossing_is_told_once_and_again_only_after_it_was_above(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    operator, product_id = await sign_up("operator"), await a_product(10)
    assert await watch(client, operator, product_id, 4) == 204
    await hear(product_id)
    assert await told(session, "stock_low") == []
    await sell(product_id, 6)
    for _ in range(3):
        await hear(product_id)
    [event] = await told(session, "stock_low")
    assert (event["available"], event["low_at"], event["location"]) == (4, 4, "main")
    assert await mails(session) == [(operator.email, "Low stock: Green tea")]
    async with transaction() as own:
        await inventory.receive(own, [(product_id, 20)])
    await hear(product_id)
    await sell(product_id, 21)
    await hear(product_id)
    assert len(await told(session, "stock_low")) == 2


async def test_a_threshold_set_below_what_is_there_is_told_at_once_to_the_seller(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    operator, seller = await sign_up("operator"), await sign_up("seller")
    product_id = await a_product(3, seller.customer_id)
    assert await watch(client, operator, product_id, 5) == 204
    assert await mails(session) == [(seller.email, "Low stock: Green tea")]
    acts = await session.execute(text("SELECT action, subject FROM core.audit_log"))
    assert acts.all() == [("stock.threshold", f"variant:{product_id}")]


async def test_what_to_order_follows_from_what_was_sold(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    operator, product_id = await sign_up("operator"), await a_product(100)
    await sell(product_id, 10)
    await session.execute(
        text("""
            INSERT INTO inventory.movements (variant_id, location, movement, quantity, on_hand_change, moved_at)
            VALUES (:id, 'main', 'allocated', 18, 0, now() - interval '36 hours')
        """),
        {"id": product_id},
    )
    assert await watch(client, operator, product_id, 95) == 204
    [row] = (await client.get("/v1/operate/stock/reorder", headers=operator.headers)).json()
    mean = 28 / 28
    deviation = ((10**2 + 18**2) / 28 - mean**2) ** 0.5
    assert row["daily_mean"] == pytest.approx(mean)
    assert row["daily_deviation"] == pytest.approx(deviation, abs=0.01)
    assert row["reorder_at"] == -(-reorder_point(mean, deviation, 4) // 1)
    assert (row["available"], row["units"]) == (90, 5)  # up to the threshold, for the demand asks for less
    assert reorder_point(3.0, 2.0, 4) == pytest.approx(3 * 4 + 1.645 * 2 * 2)


async def test_a_fresh_forecast_decides_what_to_order(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp, migrated_env: dict[str, str]
) -> None:
    operator, product_id, young = await sign_up("operator"), await a_product(10), await a_product(10)
    assert [await watch(client, operator, each, 20) for each in (product_id, young)] == [204, 204]
    forecast = (
        "INSERT INTO serving.demand_forecasts (variant_id, location, daily_mean, daily_deviation, forecaster,"
        " known_until, made_at) VALUES (%s, 'main', 5, 2, 'blended', current_date, now() - %s::interval)"
    )
    try:
        with psycopg.connect(migrated_env["AGORA_POSTGRES_PIPELINES_URL"]) as pipelines:
            pipelines.execute(forecast, (product_id, "1 day"))
            pipelines.execute(forecast, (young, "8 days"))  # nobody renewed it
        found = (await client.get("/v1/operate/stock/reorder", headers=operator.headers)).json()
        by_variant = {row["variant_id"]: row for row in found}
        row = by_variant[product_id]
        assert (row["is_forecast"], row["daily_mean"], row["daily_deviation"]) == (True, 5, 2)
        assert row["reorder_at"] == -(-reorder_point(5, 2, 4) // 1) == 27
        assert row["units"] == 27 + 5 * 4 - 10
        assert (by_variant[young]["is_forecast"], by_variant[young]["units"]) == (False, 10)
        page = (await client.get("/operate/stock", headers=operator.headers | PAGE)).text
        assert ("forecast" in page, "last 28 days" in page) == (True, True)
    finally:
        with psycopg.connect(migrated_env["AGORA_POSTGRES_PIPELINES_URL"]) as pipelines:
            pipelines.execute("DELETE FROM serving.demand_forecasts")


async def test_two_that_see_one_crossing_tell_it_once(committed: Database, sign_up: SignUp) -> None:
    operator, product_id = await sign_up("operator"), await a_product(10)
    async with transaction() as session:
        await alerts.set_threshold(session, operator.customer_id, product_id, "main", 5, 7)
    await sell(product_id, 8)
    await asyncio.gather(*(hear(product_id) for _ in range(6)))
    async with committed.transaction() as session:
        assert len(await told(session, "stock_low")) == 1


async def test_who_may_not_and_what_cannot_be(client: AsyncClient, sign_up: SignUp) -> None:
    operator, product_id = await sign_up("operator"), await a_product(10)
    assert await watch(client, operator, 999_999_999, 5) == 404
    assert await watch(client, operator, product_id, -1) == 422
    nowhere = f"/v1/operate/stock/{product_id}/thresholds/moon"
    assert (await client.put(nowhere, json={"low_at": 1}, headers=operator.headers)).status_code == 404
    assert (await client.delete(nowhere, headers=operator.headers)).status_code == 404
    await sell(product_id, 7)
    adjusting = {"location": "main", "quantity_change": -4, "reason": "count"}
    refused = await client.post(f"/v1/operate/stock/{product_id}/adjust", json=adjusting, headers=operator.headers)
    assert (refused.status_code, refused.json()["allocated"]) == (409, 7)


async def test_people_are_told_in_their_order_as_many_as_there_are_units(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    product_id = await a_product(1)
    await sell(product_id, 1)
    people = [await sign_up() for _ in range(4)]
    for person in [*people, people[0]]:  # asking again keeps the place
        answer = await client.put(f"/v1/variants/{product_id}/waiting", headers=person.headers)
        assert answer.status_code == 204
    assert await inventory.tell_waiting() == 0
    async with transaction() as own:
        await inventory.receive(own, [(product_id, 2)])
    assert await inventory.tell_waiting() == 2
    assert await inventory.tell_waiting() == 0  # both units are spoken for
    assert [event["customer_id"] for event in await told(session, "back_in_stock")] == [
        str(person.customer_id) for person in people[:2]
    ]
    assert [to for to, _ in await mails(session)] == [person.email for person in people[:2]]
    await sell(product_id, 2)  # both bought
    async with transaction() as own:
        await inventory.receive(own, [(product_id, 1)])
    await client.delete(f"/v1/variants/{product_id}/waiting", headers=people[2].headers)
    assert await inventory.tell_waiting() == 1
    assert (await told(session, "back_in_stock"))[-1]["customer_id"] == str(people[3].customer_id)


async def test_an_invitation_that_is_not_taken_goes_to_the_next_after_a_day(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    product_id = await a_product(1)
    order_id = await sell(product_id, 1)
    people = [await sign_up() for _ in range(2)]
    for person in people:
        await client.put(f"/v1/variants/{product_id}/waiting", headers=person.headers)
    async with transaction() as own:
        await inventory.release(own, order_id)
    assert await inventory.tell_waiting() == 1
    assert await inventory.tell_waiting() == 0
    await session.execute(text("UPDATE inventory.waiting SET told_at = told_at - interval '25 hours'"))
    assert await inventory.tell_waiting() == 1


async def test_sales_before_an_invitation_do_not_answer_it(session: AsyncSession, sign_up: SignUp) -> None:
    product_id, people = await a_product(1), [await sign_up() for _ in range(5)]

    async def stand_in_line(*those: SignedUp) -> None:
        async with transaction() as own:
            for person in those:
                await alerts.wait_for(own, person.customer_id, product_id)

    async def arrive(units: int) -> None:
        async with transaction() as own:
            await inventory.receive(own, [(product_id, units)])

    await sell(product_id, 1)
    await stand_in_line(people[0])
    await arrive(1)
    assert await inventory.tell_waiting() == 1
    await arrive(20)
    await sell(product_id, 21)
    await stand_in_line(*people[1:])
    await arrive(2)
    assert [await inventory.tell_waiting() for _ in range(3)] == [2, 0, 0]
    await sell(product_id, 1)
    assert await inventory.tell_waiting() == 0
    await arrive(1)
    assert await inventory.tell_waiting() == 1


async def test_two_sweeps_at_once_and_two_arrivals_tell_nobody_twice(committed: Database, sign_up: SignUp) -> None:
    product_id = await a_product(1)
    await sell(product_id, 1)
    people = [await sign_up() for _ in range(6)]
    for person in people:
        async with transaction() as session:
            await alerts.wait_for(session, person.customer_id, product_id)

    async def arrive() -> None:
        async with transaction() as session:
            await inventory.receive(session, [(product_id, 2)])
        await inventory.tell_waiting()

    await asyncio.gather(arrive(), arrive(), inventory.tell_waiting(), inventory.tell_waiting())
    await inventory.tell_waiting()
    async with committed.transaction() as session:
        heard = [event["customer_id"] for event in await told(session, "back_in_stock")]
    assert heard == [str(person.customer_id) for person in people[:4]]


async def test_who_wants_no_such_mails_keeps_the_place_but_gets_none(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    product_id, person = await a_product(0), await sign_up()
    await client.put("/v1/me/preferences", json={"wanted": []}, headers=person.headers)
    await client.put(f"/v1/variants/{product_id}/waiting", headers=person.headers)
    async with transaction() as own:
        await inventory.receive(own, [(product_id, 5)])
    assert await inventory.tell_waiting() == 1
    assert await mails(session) == []


async def test_nobody_waits_for_what_is_there(client: AsyncClient, sign_up: SignUp) -> None:
    product_id, person = await a_product(3), await sign_up()
    refused = await client.put(f"/v1/variants/{product_id}/waiting", headers=person.headers)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:agora:problem:is-in-stock")


async def test_the_line_has_an_end(client: AsyncClient, session: AsyncSession, sign_up: SignUp) -> None:
    product_id, person = await a_product(0), await sign_up()
    await session.execute(
        text("INSERT INTO inventory.waiting (customer_id, variant_id) SELECT :who, n FROM generate_series(1, 100) n"),
        {"who": person.customer_id},
    )
    answer = await client.put(f"/v1/variants/{product_id + 1000}/waiting", headers=person.headers)
    assert answer.status_code == 404
    refused = await client.put(f"/v1/variants/{product_id}/waiting", headers=person.headers)
    is_new = product_id > 100
    assert refused.status_code == (409 if is_new else 204)


async def test_the_desk_shows_finds_and_changes_stock(client: AsyncClient, sign_up: SignUp) -> None:
    operator, product_id = await sign_up("operator"), await a_product(10)
    headers = operator.headers | PAGE | {"X-Agora-Anonymous-Id": str(uuid4())}
    page = (await client.get(f"/operate/stock/{product_id}", headers=headers)).text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]

    async def send(**fields: str) -> tuple[int, str]:
        form = {"csrf_token": token, "location": "main"} | fields
        answer = await client.post(f"/operate/stock/{product_id}", data=form, headers=headers)
        return answer.status_code, answer.text

    assert (await send(act="receive", units="5", reason="note 7"))[0] == 303
    assert (await send(act="adjust", units="-1", reason="broken"))[0] == 303
    assert (await send(act="threshold", units="20"))[0] == 303
    code, text_ = await send(act="adjust", units="-50", reason="lost")
    assert (code, "would be left" in text_, 'value="-50"' in text_) == (422, True, True)
    assert (await send(act="receive", units="none"))[0] == 422
    listed = (await client.get("/v1/operate/stock?show=low", headers=operator.headers)).json()["items"]
    assert [(row["level"]["variant_id"], row["level"]["available"]) for row in listed] == [(product_id, 14)]
    found = (await client.get("/operate/stock?query=green+tea", headers=headers)).text
    assert f"/operate/stock/{product_id}" in found
    ledger = (await client.get(f"/operate/stock/{product_id}", headers=headers)).text
    assert "note 7" in ledger
    assert "broken" in ledger


async def test_a_form_or_a_key_that_is_sent_twice_moves_stock_once(client: AsyncClient, sign_up: SignUp) -> None:
    operator, product_id = await sign_up("operator"), await a_product(10)
    headers = operator.headers | PAGE | {"X-Agora-Anonymous-Id": str(uuid4())}
    here = f"/operate/stock/{product_id}"
    page = (await client.get(here, headers=headers)).text
    form = {name: page.split(f'name="{name}" value="')[1].split('"')[0] for name in ("csrf_token", "form_id")}
    form |= {"act": "receive", "location": "main", "units": "5"}
    for _ in range(2):
        assert (await client.post(here, data=form, headers=headers)).status_code == 303
    other = await client.post(here, data=form | {"units": "6"}, headers=headers)
    assert other.status_code == 422
    keyed = operator.headers | {"Idempotency-Key": "d1"}
    answers = [
        await client.post(f"/v1{here}/{act}", json=body, headers=keyed)
        for act, body in (("receive", {"quantity": 7}), ("adjust", {"quantity_change": -2, "reason": "broken"}))
        for _ in range(2)
    ]
    assert [answer.json()["available"] for answer in answers] == [22, 22, 20, 20]


async def test_a_location_is_made_closed_and_refused(client: AsyncClient, sign_up: SignUp) -> None:
    operator, product_id = await sign_up("operator"), await a_product(10)
    path = "/v1/operate/locations"
    made = await client.put(f"{path}/north", json={"name": "North", "priority": 5}, headers=operator.headers)
    assert made.json() == {"location": "north", "name": "North", "priority": 5, "is_active": True}
    assert [each["location"] for each in (await client.get(path, headers=operator.headers)).json()] == ["north", "main"]
    closed = await client.put(f"{path}/main", json={"name": "Main", "is_active": False}, headers=operator.headers)
    assert closed.status_code == 200
    assert (await client.get(f"/v1/products/{product_id}/stock")).json()["available"] == 0
    assert (await client.put(f"{path}/No%20Where", json={"name": "x"}, headers=operator.headers)).status_code == 422


async def test_the_product_page_offers_to_tell(client: AsyncClient, sign_up: SignUp) -> None:
    product_id, person = await a_product(0), await sign_up()
    headers = person.headers | PAGE | {"X-Agora-Anonymous-Id": str(uuid4())}
    page = (await client.get(f"/p/{product_id}", headers=headers, follow_redirects=True)).text
    assert "Tell me when it is back" in page
    form = {"csrf_token": page.split('name="csrf_token" value="')[1].split('"')[0]}
    assert (await client.post(f"/p/{product_id}/waiting", data=form, headers=headers)).status_code == 303
    page = (await client.get(f"/p/{product_id}", headers=headers, follow_redirects=True)).text
    assert "You are in line" in page
    await client.post(f"/p/{product_id}/waiting", data=form | {"leave": "true"}, headers=headers)
    page = (await client.get(f"/p/{product_id}", headers=headers, follow_redirects=True)).text
    assert "Tell me when it is back" in page


async def test_a_reservation_that_runs_out_ends_low_stock(
    client: AsyncClient, sign_up: SignUp, session: AsyncSession
) -> None:
    operator, product_id = await sign_up("operator"), await a_product(10)
    order_id = uuid4()
    async with transaction() as claiming:
        await inventory.reserve(claiming, order_id, [(product_id, 7)])
    await watch(client, operator, product_id, 4)
    assert len(await told(session, "stock_low")) == 1
    async with transaction() as giving_back:
        await inventory.release(giving_back, order_id)
    assert [await alerts.look_again() for _ in range(2)] == [0, 0]
    async with transaction() as claiming:
        await inventory.reserve(claiming, uuid4(), [(product_id, 7)])
    await hear(product_id)
    assert len(await told(session, "stock_low")) == 2, "it was above in between"

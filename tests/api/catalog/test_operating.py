"""Operators add variants, change prices and withdraw: audit-logged, with refusals."""

from uuid import uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.api.conftest import SignedUp, SignUp

XL = {"sku": "gum-xl", "options": {"Size": "XL"}, "price_minor": 199}


@pytest.fixture
async def operator(client: AsyncClient, sign_up: SignUp, session: AsyncSession, shop: dict[str, int]) -> SignedUp:
    await session.commit()
    signed_up = await sign_up("operator")
    client.headers.update(signed_up.headers)
    return signed_up


async def add(client: AsyncClient, product_id: int, key: str | None = None, **other: object) -> Response:
    path, headers = f"/v1/operate/products/{product_id}/variants", {"Idempotency-Key": key or str(uuid4())}
    return await client.post(path, json=XL | other, headers=headers)


async def acts(session: AsyncSession) -> list[str]:
    rows = await session.execute(text("SELECT action FROM core.audit_log ORDER BY action"))
    return list(rows.scalars())


async def test_a_variant_is_added_once_withdrawn_and_restored(
    client: AsyncClient, operator: SignedUp, session: AsyncSession, shop: dict[str, int]
) -> None:
    key = str(uuid4())
    first, again = [await add(client, shop["gum-1"], key) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, again.json())
    variant_id = first.json()["variant_id"]
    for is_active in (False, True):
        answer = await client.put(f"/v1/operate/variants/{variant_id}/state", json={"is_active": is_active})
        assert (answer.status_code, answer.json()["is_active"]) == (200, is_active)
    assert await acts(session) == ["catalog.add_variant", "catalog.restore_variant", "catalog.withdraw_variant"]


async def test_a_price_is_changed_and_counts_follow(
    client: AsyncClient, operator: SignedUp, session: AsyncSession, shop: dict[str, int]
) -> None:
    path = f"/v1/operate/variants/{shop['gum-1']}/price"
    for _ in range(2):
        answer = await client.put(path, json={"price_minor": 700})
        assert (answer.status_code, answer.json()["price_minor"]) == (200, 700)
    assert await acts(session) == ["catalog.change_price"]
    history = text("SELECT price_minor FROM catalog.prices WHERE variant_id = :id ORDER BY price_id")
    assert list((await session.execute(history, {"id": shop["gum-1"]})).scalars()) == [99, 700]
    facets = (await client.get("/v1/facets", params={"price": "500-1000"})).json()
    assert facets["total"] == 1


async def test_refusals(client: AsyncClient, operator: SignedUp, session: AsyncSession, shop: dict[str, int]) -> None:
    assert (await add(client, 999999999)).status_code == 404
    assert (await add(client, shop["gum-1"], sku="milk-1")).status_code == 409
    for wrong in (
        {"options": {}},
        {"sku": "a\0b"},
        {"options": {"Size": "a\0"}},
        {"gtin": "4006381333932"},
        {"price_minor": 0},
    ):
        assert (await add(client, shop["gum-1"], **wrong)).status_code == 422, wrong
    variant = "/v1/operate/variants"
    assert (await client.put(f"{variant}/999999999/price", json={"price_minor": 5})).status_code == 404
    assert (await client.put(f"{variant}/{shop['gum-1']}/price", json={"price_minor": 0})).status_code == 422
    assert (await client.put(f"{variant}/{shop['gum-1']}/state", json={"is_active": False})).status_code == 404
    assert await acts(session) == []


async def test_only_operators(client: AsyncClient, sign_up: SignUp) -> None:
    somebody = await sign_up("executive")
    for method, path in (
        ("POST", "products/1/variants"), ("PUT", "variants/1/price"), ("PUT", "variants/1/state"),
    ):  # fmt: skip
        headers = {"Idempotency-Key": str(uuid4())}
        body = XL | {"is_active": True}
        answer = await client.request(method, f"/v1/operate/{path}", headers=somebody.headers | headers, json=body)
        assert answer.status_code == 403, path
        assert (await client.request(method, f"/v1/operate/{path}", headers=headers, json=body)).status_code == 401

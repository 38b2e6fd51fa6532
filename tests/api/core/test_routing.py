"""A router is looked through for the paths that can be its own, and for no others."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from api.core.routing import Router


def _telling(template: str) -> Callable[[], str]:
    return lambda: template


def client() -> AsyncClient:
    """Routers inside a router, with parameters in every place, one of them in the first segment."""
    app, outer = FastAPI(), Router()
    orders, leaves, files = Router(prefix="/v1/orders"), Router(), Router()
    for router, path in (
        (orders, ""),
        (orders, "/{order_id}"),
        (leaves, "/"),
        (leaves, "/c/{path:path}"),
        (leaves, "/v1/{kind}/all"),
        (files, "/map-{number}.xml"),
    ):
        router.add_api_route(path, _telling(router.prefix + path), methods=["GET"])
    for router in (orders, leaves, files):
        outer.include_router(router)
    app.include_router(outer)
    return AsyncClient(transport=ASGITransport(app), base_url="http://test", follow_redirects=True)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/v1/orders", "/v1/orders"),
        ("/v1/orders/", "/v1/orders"),
        ("/v1/orders/7", "/v1/orders/{order_id}"),
        ("/c", "/c/{path:path}"),
        ("/c/a/b/c", "/c/{path:path}"),
        ("/v1/toys/all", "/v1/{kind}/all"),
        ("/map-3.xml", "/map-{number}.xml"),
    ],
)
async def test_each_path_finds_its_route(path: str, route: str) -> None:
    answer = await client().get(path)
    assert (answer.status_code, answer.json()) == (200, route)


async def test_a_path_of_nobody_is_not_found_and_a_wrong_method_is_told() -> None:
    asked = client()
    assert (await asked.get("/v2/orders")).status_code == 404
    assert (await asked.post("/v1/orders/7")).status_code == 405

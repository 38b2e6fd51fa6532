"""What every answer has: problems, headers, cookies, traces, metrics, and the manual."""

import re
from uuid import UUID

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from httpx import ASGITransport, AsyncClient

from api.core.auth import CsrfDep, VisitorDep, csrf_token
from api.core.errors import Invalid
from api.core.paging import decode_cursor, encode_cursor
from tests.api.conftest import OneConnection

BROWSER = {"accept": "text/html"}


@pytest.fixture(scope="module")
def probe(app: FastAPI) -> FastAPI:
    """The application with a form and an endpoint that crashes."""

    @app.get("/probe/form")
    async def form(request: Request, visitor: VisitorDep) -> HTMLResponse:
        return HTMLResponse(csrf_token(request))

    @app.post("/probe/form")
    async def submit(_: CsrfDep) -> dict[str, bool]:
        return {"done": True}

    @app.get("/probe/crash")
    async def crash() -> None:
        raise RuntimeError("secret detail")

    return app


@pytest.fixture
async def other(probe: FastAPI, client: AsyncClient, rolled_back: OneConnection) -> AsyncClient:
    """A second browser."""
    return AsyncClient(transport=ASGITransport(probe, raise_app_exceptions=False), base_url="http://test")


async def test_problems_name_themselves_and_their_trace(client: AsyncClient) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await client.get("/v1/nothing", headers={"traceparent": traceparent})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-trace-id"] == "0af7651916cd43dd8448eb211c80319c"
    assert answer.json() == {
        "type": "urn:agora:problem:not-found",
        "title": "Not Found",
        "status": 404,
        "instance": "/v1/nothing",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
    }


async def test_a_crash_says_nothing_about_itself(probe: FastAPI, client: AsyncClient) -> None:
    answer = await client.get("/probe/crash")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:agora:problem:internal"
    assert "secret" not in answer.text
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"]


@pytest.mark.parametrize("traceparent", ["", "rubbish", "00-0-0-0", "00-" + "0" * 32 + "-b7ad6b7169203331-01"])
async def test_a_trace_that_cannot_be_read_is_replaced(client: AsyncClient, traceparent: str) -> None:
    answer = await client.get("/healthz", headers={"traceparent": traceparent})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-trace-id"])
    assert answer.headers["x-trace-id"] != "0" * 32


async def test_a_new_browser_gets_an_id_and_keeps_it(probe: FastAPI, client: AsyncClient) -> None:
    first = await client.get("/probe/form")
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("agora_anon=")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert UUID(client.cookies["agora_anon"]).version == 7
    assert "set-cookie" not in (await client.get("/probe/form")).headers


async def test_pages_carry_a_strict_policy(probe: FastAPI, client: AsyncClient) -> None:
    headers = (await client.get("/probe/form")).headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


async def test_a_form_works_only_for_the_browser_that_got_it(
    probe: FastAPI, client: AsyncClient, other: AsyncClient
) -> None:
    token = (await client.get("/probe/form")).text
    assert (await client.post("/probe/form", data={"csrf_token": token})).json() == {"done": True}
    await other.get("/probe/form")
    for given in ({"csrf_token": token}, {"csrf_token": ""}, {}):
        answer = await other.post("/probe/form", data=given)
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:agora:problem:forged-form"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
    ],
)
async def test_other_sites_cannot_write_with_a_browsers_cookies(client: AsyncClient, headers: dict[str, str]) -> None:
    cookie = {"cookie": "agora_session=x"}
    answer = await client.post("/v1/tokens", json={}, headers=headers | cookie)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:agora:problem:cross-site"
    assert (await client.post("/v1/tokens", json={}, headers={"origin": "http://test"} | cookie)).status_code == 422


async def test_the_manual_loads_nothing_from_elsewhere(client: AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert addresses
    assert all(address.startswith("/docs/assets/") for address in addresses)
    for address in addresses:
        assert (await client.get(address)).status_code == 200
    assert "'sha256-" in page.headers["content-security-policy"]


async def test_the_manual_tells_of_problems_and_tokens(client: AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()
    assert schema["openapi"].startswith("3.1")
    me = schema["paths"]["/v1/me"]["get"]
    assert me["security"] == [{"access token": []}]
    assert me["x-access"] == ["signed in"]
    assert "security" not in schema["paths"]["/v1/products/{product_id}"]["get"]
    assert list(me["responses"]["4XX"]["content"]) == ["application/problem+json"]
    batch = schema["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert batch["properties"]["events"]["maxItems"] == 500
    assert "$ref" not in str(batch)


async def test_metrics_count_by_template_and_never_by_path(client: AsyncClient) -> None:
    await client.get("/v1/products/123456")
    await client.get("/secret-word-in-a-path")
    metrics = (await client.get("/metrics")).text
    assert 'route="/v1/products/{product_id}"' in metrics
    assert "products/123456" not in metrics
    assert "secret-word" not in metrics
    assert "agora_outbox_backlog 0.0" in metrics


async def test_readiness_needs_postgres_and_only_reports_the_others(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> str:
        return "away"

    monkeypatch.setattr("api.core.observability._kafka", away)
    degraded = await client.get("/readyz")
    assert degraded.status_code == 200
    assert degraded.json()["status"] == "degraded"
    assert degraded.json()["parts"]["postgres"] == "ok"
    monkeypatch.setattr("api.core.observability._postgres", away)
    assert (await client.get("/readyz")).status_code == 503


def test_cursors_come_back_as_they_were_and_others_are_refused() -> None:
    assert decode_cursor(encode_cursor(5, "tea"), int, str) == (5, "tea")
    for wrong in ("", "!", "W10", encode_cursor("5", "tea"), encode_cursor(5), "é"):
        with pytest.raises(Invalid):
            decode_cursor(wrong, int, str)

"""Browser sessions: the service that the sign-in page calls."""

from uuid import UUID

import pytest
from fastapi import FastAPI, Request
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import VisitorDep
from api.core.db import SessionDep
from api.domains.identity.service import sign_in
from tests.api.conftest import SignUp


@pytest.fixture(scope="module")
def doors(app: FastAPI) -> FastAPI:
    """The application with bare doors to the service."""

    @app.post("/doors/in/{customer_id}")
    async def enter(request: Request, customer_id: UUID, visitor: VisitorDep, session: SessionDep) -> None:
        await sign_in.create_session(session, request, customer_id, visitor.anonymous_id)

    @app.post("/doors/out")
    async def leave(request: Request, session: SessionDep) -> None:
        await sign_in.end_session(session, request)

    return app


async def test_a_browser_session_lasts_until_sign_out(
    doors: FastAPI, client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    someone = await sign_up("executive")
    entered = await client.post(f"/doors/in/{someone.customer_id}")
    cookie = next(value for value in entered.headers.get_list("set-cookie") if value.startswith("agora_session"))
    assert "HttpOnly" in cookie
    assert (await client.get("/v1/me")).json()["roles"] == ["customer", "executive"]
    secret = client.cookies["agora_session"]
    row = (await session.execute(text("SELECT * FROM identity.sessions"))).one()
    assert secret.encode() not in bytes(row.token_hash)
    await client.post("/doors/out")
    assert "agora_session" not in client.cookies
    client.cookies.set("agora_session", secret, domain="test.local")
    assert (await client.get("/v1/me", headers={"cookie": f"agora_session={secret}"})).status_code == 401


async def test_signing_in_again_ends_the_browsers_older_session(
    doors: FastAPI, client: AsyncClient, sign_up: SignUp
) -> None:
    anne, ben = await sign_up(), await sign_up()
    await client.post(f"/doors/in/{anne.customer_id}")
    older = client.cookies["agora_session"]
    await client.post(f"/doors/in/{ben.customer_id}")
    assert (await client.get("/v1/me")).json()["email"] == ben.email
    client.cookies.clear()
    assert (await client.get("/v1/me", headers={"cookie": f"agora_session={older}"})).status_code == 401


async def test_an_unknown_session_is_nobody_and_its_cookie_goes(client: AsyncClient) -> None:
    client.cookies.set("agora_session", "made up")
    answer = await client.get("/v1/me")
    assert answer.status_code == 401
    assert any("agora_session=" in value and "Max-Age=0" in value for value in answer.headers.get_list("set-cookie"))

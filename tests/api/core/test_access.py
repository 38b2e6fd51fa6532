"""Who may use what: every route says it, and every route does what it says."""

import re

import pytest
from fastapi import APIRouter, FastAPI
from httpx import AsyncClient

from api.app import create_app
from api.core.access import (
    EVERYBODY,
    KNOWN,
    PERMISSIONS,
    ROLES,
    SIGNED_IN,
    UndeclaredAccess,
    _calls,
    access_of,
    check_routes,
    open_to_all,
    permits,
    routes_of,
)
from api.core.auth import CurrentDep, require
from api.core.csrf import check_csrf
from api.core.http import SAFE_METHODS
from api.domains.analytics.service import live
from tests.api.conftest import SignUp

NOBODY_S = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def declared(migrated_env: dict[str, str]) -> list[tuple[str, str, frozenset[str]]]:
    """(method, path, what it asks for) of every route of the whole application."""
    return [
        (method, re.sub(r"{\w+}", NOBODY_S, route.path), access_of(route))
        for route in routes_of(create_app())
        for method in sorted(route.methods or ())
    ]


def kind(answer: object) -> str:
    """The problem's type, or nothing."""
    document = answer.json() if answer.headers.get("content-type") == "application/problem+json" else {}  # type: ignore[attr-defined]
    return str(document.get("type", "")).removeprefix("urn:agora:problem:")


def test_every_route_says_who_may_use_it(declared: list[tuple[str, str, frozenset[str]]]) -> None:
    assert len(declared) > 130
    assert all(access <= KNOWN | {EVERYBODY, SIGNED_IN} and access for _, _, access in declared)
    operating = [(path, access) for _, path, access in declared if "/operate" in path]
    assert len(operating) > 50
    assert [path for path, access in operating if access & {EVERYBODY, SIGNED_IN}] == []


def test_every_form_of_a_page_is_bound_to_its_browser(app: FastAPI) -> None:
    """A route of a page that changes something checks the form's token; JSON takes no cookie from another site."""
    forms = [each for each in routes_of(app) if not each.path.startswith("/v1/") and set(each.methods) - SAFE_METHODS]
    assert len(forms) > 40
    assert [route.path for route in forms if check_csrf not in set(_calls(route.dependant))] == []


async def test_without_a_sign_in_only_open_routes_answer(
    client: AsyncClient, declared: list[tuple[str, str, frozenset[str]]]
) -> None:
    closed = [(method, path) for method, path, access in declared if EVERYBODY not in access]
    let_in = []
    for method, path in closed:
        answer = await client.request(method, path)
        if (answer.status_code, kind(answer)) != (401, "sign-in-needed"):
            let_in.append((method, path, answer.status_code))
    assert let_in == []


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_opens_what_it_permits_and_nothing_else(
    role: str,
    client: AsyncClient,
    sign_up: SignUp,
    declared: list[tuple[str, str, frozenset[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "STREAM_SECONDS", 0.0)
    person = await sign_up(role)
    wrong = []
    # Without marts a report is an error of the database, and the one connection of this test then answers no more.
    for method, path, access in sorted(
        declared, key=lambda route: ("data.read" in route[2], "figures.read" in route[2])
    ):
        if access & {EVERYBODY, SIGNED_IN}:
            continue
        answer = await client.request(method, path, headers=person.headers)
        is_refused = kind(answer) == "forbidden"
        if is_refused == all(permits(frozenset({role}), permission) for permission in access):
            wrong.append((method, path, answer.status_code))
    assert wrong == []


def test_a_route_that_says_nothing_stops_the_application() -> None:
    app = FastAPI()
    router = APIRouter()

    @router.get("/silent/{thing_id}")
    async def silent() -> None: ...

    @router.get("/open")
    @open_to_all
    async def opened() -> None: ...

    app.include_router(router)
    with pytest.raises(UndeclaredAccess, match=r"GET /silent/\{thing_id\}$"):
        check_routes(app)


def test_a_route_cannot_be_open_and_closed_at_once() -> None:
    app = FastAPI()

    @app.get("/both")
    @open_to_all
    async def both(_: CurrentDep) -> None: ...

    with pytest.raises(UndeclaredAccess, match="open to all and asks for signed in"):
        check_routes(app)


def test_a_permission_that_no_role_grants_is_a_typing_error() -> None:
    with pytest.raises(ValueError, match="no role grants stock\\.mange"):
        require("stock.mange")


def test_roles_that_nobody_knows_permit_nothing() -> None:
    assert not permits(frozenset({"emperor"}), "orders.read")
    assert permits(frozenset({"emperor", "operator"}), "orders.read")
    assert PERMISSIONS["customer"] == frozenset()

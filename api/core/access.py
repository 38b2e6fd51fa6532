"""Who may use a route: roles, what each role permits, and the refusal of a route that does not say.

A permission is `area.verb`. A route declares one beside itself (`Depends(require("stock.manage"))` of `api.core.auth`),
or takes any person who signed in (`CurrentDep`), or says `@open_to_all`. A route without any of these is for nobody:
the application does not start with it.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

EVERYBODY = "everybody"
SIGNED_IN = "signed in"

# What each role permits beyond what everybody who signed in may do with their own things.
PERMISSIONS: dict[str, frozenset[str]] = {
    "customer": frozenset(),
    "seller": frozenset({"webhooks.own"}),
    "creator": frozenset({"content.publish"}),
    "moderator": frozenset(
        {
            "articles.moderate",
            "cases.decide",
            "communities.moderate",
            "desk.open",
            "policies.manage",
            "reviews.moderate",
            "rules.manage",
        }
    ),
    "analyst": frozenset({"data.read", "experiments.manage", "figures.read"}),
    "executive": frozenset({"data.read", "figures.read"}),
    "operator": frozenset(
        {
            "articles.moderate",
            "audit.read",
            "cases.decide",
            "catalog.manage",
            "communities.moderate",
            "data.read",
            "desk.open",
            "disputes.answer",
            "experiments.manage",
            "orders.manage",
            "orders.read",
            "orders.refund",
            "payments.manage",
            "payments.read",
            "people.manage",
            "policies.manage",
            "promotions.manage",
            "recommendations.manage",
            "reviews.moderate",
            "rules.manage",
            "stock.manage",
            "stock.read",
            "webhooks.manage",
            "webhooks.own",
        }
    ),
}
ROLES = tuple(PERMISSIONS)
KNOWN = frozenset[str]().union(*PERMISSIONS.values())

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class UndeclaredAccess(RuntimeError):
    """Routes that do not say who may use them, or say two things at once."""


def open_to_all(endpoint: Endpoint) -> Endpoint:
    """Declare that everybody may use this route; stands between the route's decorator and the function."""
    setattr(endpoint, "access", EVERYBODY)  # noqa: B010 -- a function has no such attribute for the type checker
    return endpoint


def permits(roles: frozenset[str], permission: str) -> bool:
    """Whether one of these roles grants the permission; a role that nobody knows grants nothing."""
    return any(permission in PERMISSIONS.get(role, ()) for role in roles)


def access_of(route: APIRoute) -> frozenset[str]:
    """What a route asks for: {EVERYBODY}, {SIGNED_IN} or permissions, all of which are needed; empty: undeclared."""
    declared = {str(said) for call in _calls(route.dependant) if (said := getattr(call, "access", None))}
    permissions = frozenset(declared - {EVERYBODY, SIGNED_IN})
    if EVERYBODY in declared and len(declared) > 1:
        raise UndeclaredAccess(f"{route.path} is open to all and asks for {', '.join(sorted(declared - {EVERYBODY}))}")
    return permissions or frozenset(declared)


def routes_of(app: FastAPI) -> list[APIRoute]:
    """Every route with a function of ours, also of routers inside routers."""
    contexts = iter_route_contexts(app.routes)
    return [context.original_route for context in contexts if isinstance(context.original_route, APIRoute)]


def check_routes(app: FastAPI) -> None:
    """Raises UndeclaredAccess that names every route without a declaration."""
    silent = [
        f"{','.join(sorted(route.methods or ()))} {route.path}" for route in routes_of(app) if not access_of(route)
    ]
    if silent:
        raise UndeclaredAccess(f"no access declared beside: {'; '.join(silent)}")


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)

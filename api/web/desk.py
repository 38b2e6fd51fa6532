"""The first page of the people who run the shop: what each may do, as doors."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response

from api.core.access import permits, routes_of
from api.core.auth import Principal, require
from api.core.rendering import render
from api.core.routing import Router

router = Router(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Door:
    """A page of the desk, and the permission that opens it."""

    path: str
    title: str
    text: str
    icon: str
    permission: str


DOORS = (
    Door("/operate/orders", "Orders", "Send, take back, refund", "box", "orders.read"),
    Door("/operate/payments", "Payments", "Every payment and its postings", "credit-card", "payments.read"),
    Door("/operate/refunds", "Refunds", "What failed or is paid by hand", "rotate-left", "payments.read"),
    Door("/operate/gift-cards", "Gift cards", "Issue one, see what is left", "gift", "payments.manage"),
    Door("/operate/disputes", "Disputes", "Answer before the deadline", "scale-balanced", "payments.read"),
    Door("/operate/reconciliation", "Reconciliation", "Ledger against gateway", "calculator", "payments.read"),
    Door("/operate/promotions", "Promotions", "Codes and their limits", "tag", "promotions.manage"),
    Door("/operate/products", "Products", "Catalogue, prices, pictures", "boxes-stacked", "catalog.manage"),
    Door("/operate/categories", "Categories", "The tree that products stand in", "sitemap", "catalog.manage"),
    Door("/operate/imports", "Product files", "Bring in and take out", "file-import", "catalog.manage"),
    Door("/operate/stock", "Stock", "On hand, low, to reorder", "warehouse", "stock.read"),
    Door("/operate/reviews", "Reviews", "Held for a look", "star", "reviews.moderate"),
    Door("/operate/questions", "Questions", "Held for a look", "circle-question", "reviews.moderate"),
    Door("/operate/cases", "Review queue", "Held, reported, appealed", "gavel", "cases.decide"),
    Door("/policies", "Policies", "What holds, in versions", "book", "policies.manage"),
    Door("/operate/articles", "Articles", "Held for a look", "newspaper", "articles.moderate"),
    Door("/operate/rules", "Rules", "What is looked at before it stands", "shield-halved", "rules.manage"),
    Door("/operate/webhooks", "Webhooks", "Who is told, and whether it arrived", "bell", "webhooks.manage"),
    Door("/operate/people", "People", "Who may do what", "users", "people.manage"),
    Door("/dashboards/data", "Data health", "Loads, failed events, proof", "heart-pulse", "data.read"),
    Door("/operate/audit", "Audit log", "Who did what to what", "clipboard-list", "audit.read"),
)


@router.get("/operate")
async def show_desk(request: Request, person: Annotated[Principal, Depends(require("desk.open"))]) -> Response:
    """The doors that the person's roles open."""
    served = {route.path for route in routes_of(request.app)}  # a process may serve some domains alone
    doors = [door for door in DOORS if door.path in served and permits(person.roles, door.permission)]
    return render(request, "operate.html", doors=doors)

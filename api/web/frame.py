"""What surrounds every page: the departments in the header, the number in the cart, the page of an error."""

import re
import time
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

from fastapi import BackgroundTasks, Request
from fastapi.responses import RedirectResponse, Response

from api.core import rendering
from api.core.auth import VisitorDep
from api.core.db import ReadDep
from api.core.tracking import track_page
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import DepartmentCount
from api.domains.communities import facade as communities
from api.domains.ordering import facade as ordering
from api.web import presentation
from api.web.discovery import canonical
from api.web.shelves import goes_with_cart, goes_with_order

AISLES_SHOWN = 10
FEWEST_PRODUCTS = 100
REFRESH_SECONDS = 60.0
CART = "/cart"
ORDER = re.compile(r"/orders/(?P<order_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
NO_AISLE = frozenset({"miscellaneous", "coupon"})


class Aisles:
    """The departments of the header, read anew once a minute: they change when a catalogue is loaded, else hardly."""

    def __init__(self) -> None:
        self.departments: tuple[DepartmentCount, ...] = ()
        self._read_at = float("-inf")

    async def refresh(self, reader: ReadDep) -> None:
        """Read them when they are old, and at every call while there are none."""
        if self.departments and time.monotonic() - self._read_at < REFRESH_SECONDS:
            return
        everything = await catalog.departments(reader)
        self.departments = tuple(each for each in everything if each.slug not in NO_AISLE)
        self._read_at = time.monotonic()

    def shown(self) -> tuple[DepartmentCount, ...]:
        """The largest ones, for the header."""
        return (
            tuple(each for each in self.departments if each.products >= FEWEST_PRODUCTS)[:AISLES_SHOWN]
            or (self.departments[:AISLES_SHOWN])
        )

    def size(self) -> int:
        """How many products there are to search."""
        return sum(each.products for each in self.departments)


AISLES = Aisles()
presentation.install().globals |= {"aisles": AISLES.shown, "shop_size": AISLES.size, "canonical": canonical}


async def frame(request: Request, reader: ReadDep, visitor: VisitorDep, background: BackgroundTasks) -> None:
    """A dependency of every page: fills what the layout needs, and records that the page was shown."""
    await AISLES.refresh(reader)
    request.state.cart_count = await ordering.count_units(reader, visitor)
    if visitor.customer_id is not None:
        request.state.unread = await communities.unread(reader, visitor.customer_id)
    if request.method == "GET" and request.url.path == CART:
        request.state.beside = await goes_with_cart(reader, visitor)
    elif request.method == "GET" and (order := ORDER.fullmatch(request.url.path)):
        request.state.beside = await goes_with_order(reader, visitor, UUID(order["order_id"]))
    track_page(request, background, visitor)


def error_page(request: Request, document: dict[str, Any]) -> Response:
    """A problem as a person should see it: sign in first, or a page that says what to do next."""
    if document["status"] == 401:
        here = request.url.path if request.method == "GET" else "/"
        return RedirectResponse(f"/sign-in?next={quote(here)}", status_code=303)
    if document["type"].endswith(":step-up-needed"):
        back = urlsplit(request.headers.get("referer", "")).path
        here = request.url.path if request.method == "GET" else back or "/account/security"
        return RedirectResponse(f"/account/confirm?next={quote(here)}", status_code=303)
    return rendering.error_page(request, document)

"""What templates can call: pictures, icons, money, dates, addresses of static files."""

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.dates import get_month_names
from babel.numbers import format_currency
from jinja2 import Environment
from markupsafe import Markup, escape

from api.core.access import permits
from api.core.rendering import environment
from api.web.pictures import department_url, icon, line_url, picture_url, symbol

STATIC = Path(__file__).parent / "static"
LOCALE = "en_US"
CURRENCY = "USD"
MONTHS = get_month_names("abbreviated", locale=LOCALE)


@lru_cache(maxsize=20_000)  # a list writes two dozen prices: an eighth of its time went into them
def money(minor: int, currency: str) -> str:
    """Minor units → text: 1299, USD → $12.99."""
    return format_currency(Decimal(minor) / 100, currency, locale=LOCALE)


def day(at: date) -> str:
    """The day alone, in UTC."""
    return f"{MONTHS[at.month]} {at.day}, {at.year}"


def moment(at: datetime) -> str:
    """Day and minute, in UTC and saying so."""
    at = at.astimezone(UTC)
    return f"{day(at)}, {at:%H:%M} UTC"


def title_parts(product: Any) -> list[Any]:
    """`name · brand · size` → its parts; after a search with the words marked that it was found by."""
    found = getattr(product, "highlight", None)
    # The catalogue has escaped it before it put the marks in.
    parts: list[Any] = (Markup(found) if found else escape(product.title)).split(" · ")  # noqa: S704
    return parts


@lru_cache
def static(name: str) -> str:
    """Address of a static file; it changes with the content, so that no browser keeps an old one."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def install() -> Environment:
    """Make the functions known to this process's templates."""
    templates = environment()
    templates.globals |= {
        "department_picture": department_url,
        "icon": icon,
        "picture": picture_url,
        "line_picture": line_url,
        "money": money,
        "day": day,
        "moment": moment,
        "static": static,
        "symbol": symbol,
        "title_parts": title_parts,
        "permits": permits,
        "opens_desk": lambda roles: permits(roles, "desk.open"),
        "reads_figures": lambda roles: permits(roles, "figures.read"),
    }
    return templates

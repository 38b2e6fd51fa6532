"""How values are written: for a person on a page, and for a program in a file."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_percent, get_currency_precision

from api.domains.analytics.domain.periods import Period

Kind = Literal["text", "number", "money", "percent", "change", "score", "seconds", "day", "time"]
LOCALE = "en_US"


def plain(kind: Kind, value: Any, currency: str) -> Any:
    """A value as a program reads it. A text that a spreadsheet would take for a formula is quoted for it."""
    if value is None:
        return ""
    if kind == "money":
        return _decimal(round(value), currency)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def show(kind: Kind, value: Any, currency: str = "USD") -> str:
    """A value as a person reads it."""
    if value is None:
        return "–"
    if kind == "money":
        return str(format_currency(_decimal(round(value), currency), currency, locale=LOCALE))
    return SHOWN[kind](value) if kind in SHOWN else str(value)


def _decimal(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-get_currency_precision(currency))


def percent(value: float) -> str:
    """0.123 → 12.3%."""
    return str(format_percent(value, "#,##0.0%", locale=LOCALE))


def short_day(day: date) -> str:
    """Mar 4."""
    return str(format_date(day, "MMM d", locale=LOCALE))


SHOWN: dict[str, Callable[[Any], str]] = {
    "number": lambda value: f"{value:,.0f}",
    "percent": percent,
    "change": lambda value: f"{'+' if value >= 0.0005 else ''}{percent(value if abs(value) >= 0.0005 else 0)}",
    "score": lambda value: f"{value:.4f}",
    "seconds": lambda value: f"{value:,.1f}",
    "day": short_day,
    "time": lambda value: f"{format_datetime(value, 'MMM d, y, HH:mm', locale=LOCALE)} UTC",
}


def span(period: Period) -> str:
    """The first and the last day, with years where they are not the same."""
    style = "MMM d" if period.first.year == period.last.year else "MMM d, y"
    return f"{format_date(period.first, style, locale=LOCALE)} – {format_date(period.last, style, locale=LOCALE)}"


def whole_money(currency: str) -> Callable[[float], str]:
    """Money without its small part, for charts and large figures."""

    def shown(minor: float) -> str:
        value = _decimal(round(minor), currency)
        return str(format_currency(value, currency, "¤#,##0", locale=LOCALE, currency_digits=False))

    return shown


def change(now: float, before: float) -> float | None:
    """How much more it is than before, as a share of that; None where there was nothing."""
    return now / before - 1 if before else None


def compared_share(now: float, before: float, shown: Callable[[float], str]) -> str:
    """How a share moved, in words: in points, since a per cent of a per cent is misread."""
    points = round(100 * (now - before), 1)
    if not points:
        return "the same as before"
    return f"{'up' if points > 0 else 'down'} {abs(points):.1f} points from {shown(before)}"


def compared(now: float, before: float, shown: Callable[[float], str]) -> str:
    """How a figure moved, in words."""
    if not before:
        return "nothing to compare with before"
    if now == before:
        return "the same as before"
    return f"{'up' if now > before else 'down'} {percent(abs(now / before - 1))} from {shown(before)}"

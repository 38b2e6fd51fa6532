"""Named values in one cell of a product file: `Size: L | Colour: red`, or the same as a JSON object."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from api.core.errors import Invalid
from api.domains.catalog.contracts.keeping import AttributeDefinition, AttributeValue
from api.domains.catalog.errors import InvalidAttributes
from api.domains.catalog.service.attributes import check
from api.domains.catalog.service.variants import checked_gtin, checked_options

YES_NO = {"true": True, "yes": True, "false": False, "no": False}


class Refused(Exception):
    """A value that cannot be used; `field` and `reason` go into the report."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


def _pairs(field: str, text: str) -> dict[str, Any]:
    """Raises Refused for what is neither form, and for a name that comes twice."""
    if not text:
        return {}
    if text.startswith("{"):
        try:
            found: dict[str, Any] = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Refused(field, "is no JSON object") from None
        return found
    named: dict[str, Any] = {}
    for part in text.split("|"):
        name, colon, value = (each.strip() for each in part.partition(":"))
        if not (name and colon and value):
            raise Refused(field, "is not of the form `Size: L | Colour: red`")
        if name in named:
            raise Refused(field, f"names {name[:60]} twice")
        named[name] = value
    return named


def options(text: str) -> dict[str, str]:
    """What sets a variant apart; empty for nothing. Raises Refused."""
    named = _pairs("options", text)
    if not named:
        return {}
    if not all(isinstance(value, str) for value in named.values()):
        raise Refused("options", "has a value that is no text")
    try:
        return checked_options(named)
    except Invalid as error:
        raise Refused("options", _reason(error)) from error


def gtin(text: str) -> str:
    """A number in trade whose check digit fits; empty for none. Raises Refused."""
    if not text:
        return ""
    try:
        return checked_gtin(text) or ""
    except Invalid as error:
        raise Refused("gtin", _reason(error)) from error


def _reason(error: Invalid) -> str:
    return str(error.extra["errors"][0]["reason"])


def attributes(text: str) -> dict[str, AttributeValue]:
    """What a row says of its product, as it stands there: which type each value has, only its kind of product tells."""
    named = _pairs("attributes", text)
    if not all(isinstance(value, bool | int | float | str) for value in named.values()):
        raise Refused("attributes", "has a value that is no text, number, true or false")
    return named


def typed(defined: Sequence[AttributeDefinition], said: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """The values in the types of their definitions. Raises Refused with the first that does not fit."""
    kinds = {each.name: each.kind for each in defined}
    values = {name: _typed(kinds.get(name, "text"), value) for name, value in said.items()}
    try:
        return check(defined, values)
    except InvalidAttributes as error:
        first = error.extra["errors"][0]
        raise Refused(first["field"][:100], first["reason"]) from error


def _typed(kind: str, value: AttributeValue) -> AttributeValue:
    if not isinstance(value, str):
        return value
    if kind == "boolean":
        return YES_NO.get(value.lower(), value)
    if kind == "number":
        try:
            return int(value) if value.lstrip("-").isdigit() else float(value)
        except ValueError:
            return value
    return value

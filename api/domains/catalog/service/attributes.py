"""Typed attributes: what is defined for a product type, and whether values fit it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from api.core.audit import record_act
from api.core.db import Reader, reading, transaction
from api.core.errors import Invalid
from api.domains.catalog.contracts.keeping import AttributeDefinition, AttributeValue
from api.domains.catalog.errors import InvalidAttributes
from api.domains.catalog.repository import keeping

LONGEST_TEXT = 200
LARGEST_NUMBER = 1e12
MOST_ATTRIBUTES = 40
MOST_TYPES = 200

definitions = keeping.definitions


async def types(reader: Reader) -> Sequence[Any]:
    """(name, products, attributes) of the types that operators most likely look for."""
    return await keeping.types(reader, MOST_TYPES)


async def define(
    actor_id: UUID | None, product_type: str, wanted: Sequence[AttributeDefinition]
) -> list[AttributeDefinition]:
    """What may be said of a type from now on; what products have already stays until they are edited. Raises Invalid.

    A number may have a unit, a choice needs different choices, and no name occurs twice.
    """
    names = [each.name.strip().casefold() for each in wanted]
    if len(set(names)) < len(names) or len(names) > MOST_ATTRIBUTES:
        raise Invalid("attributes", f"name each attribute once, and at most {MOST_ATTRIBUTES}")
    for each in wanted:
        if (each.kind == "choice") != bool(each.choices) or len(set(each.choices)) < len(each.choices):
            raise Invalid(f"attributes.{each.name}", "a choice, and nothing else, has choices, each once")
        if each.unit and each.kind != "number":
            raise Invalid(f"attributes.{each.name}", "only a number has a unit")
    async with transaction() as session:
        await keeping.define(session, product_type, wanted)
        subject = f"product_type:{product_type}"
        await record_act(session, actor_id, "catalog.define_attributes", subject, names=[each.name for each in wanted])
        return await keeping.definitions(session, product_type)


async def define_once(product_type: str, wanted: Sequence[AttributeDefinition]) -> None:
    """The same for a loader: what a type may say already stays, only other names join it. Raises Invalid."""
    async with reading() as connection:
        known = await keeping.definitions(connection, product_type)
    more = [each for each in wanted if each.name not in {known_one.name for known_one in known}]
    if more:
        await define(None, product_type, [*known, *more])


def check(defined: Sequence[AttributeDefinition], values: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """The values in the order of their definitions. Raises InvalidAttributes, which names each that does not fit."""
    reasons = {name: "is not defined for this type" for name in values if name not in {each.name for each in defined}}
    for each in defined:
        if each.name not in values:
            if each.is_required:
                reasons[each.name] = "is needed"
        elif reason := _wrong(each, values[each.name]):
            reasons[each.name] = reason
    if reasons:
        raise InvalidAttributes(reasons)
    return {each.name: values[each.name] for each in defined if each.name in values}


def _wrong(defined: AttributeDefinition, value: AttributeValue) -> str | None:
    """Why a value does not fit; a boolean is no number, though Python says so."""
    if defined.kind == "boolean":
        return None if isinstance(value, bool) else "must be true or false"
    if defined.kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "must be a number"
        return None if abs(value) <= LARGEST_NUMBER else "is too large a number"
    if defined.kind == "choice":
        return None if value in defined.choices else f"must be one of {', '.join(defined.choices)}"
    fits = isinstance(value, str) and 0 < len(value.strip()) <= LONGEST_TEXT
    return None if fits else f"must be a text of 1 to {LONGEST_TEXT} characters"

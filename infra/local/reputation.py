"""`agora reputation`: how far people are trusted, held to what the lake says happened, or made anew from it."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC
from uuid import UUID

from rich.console import Console
from rich.table import Table

from api.core.db import get_database, reading, set_database, transaction
from api.domains.communities import facade as communities
from api.domains.communities.facade import Facts, Happening
from pipelines.lib.query import BadQuery, lake
from pipelines.lib.typed import typed_name

SHOWN = 20
FIELDS = (
    *("customer_id", "seller_id", "post_id", "comment_id", "review_id", "order_id", "subject_id"),
    *("status", "value", "kind", "effect", "outcome", "reason"),
)


def news() -> Iterator[Happening]:
    """All in the typed tables of the lake that means something for trust; a type without a table is passed over."""
    for event_class in communities.TRUST_EVENTS:
        names = [name for name in FIELDS if name in event_class.model_fields]
        columns = ", ".join(f"{name}::varchar AS {name}" if name.endswith("_id") else name for name in names)
        try:
            rows = lake(f"SELECT occurred_at, {columns} FROM {typed_name(event_class.type)}")  # noqa: S608
        except BadQuery as error:
            if "does not exist" in str(error):
                continue
            raise
        for row in rows.iter_rows(named=True):
            at = row.pop("occurred_at")
            # As the contract has them: ids are UUIDs.
            fields = dict(event_class.model_construct(**row))
            fields |= {name: UUID(str(row[name])) if row[name] else None for name in names if name.endswith("_id")}
            yield from communities.meaning(event_class, fields, at if at.tzinfo else at.replace(tzinfo=UTC))


def check() -> int:
    """Compare what is kept with the lake; prints who differs, and returns the exit code."""
    expected, known = communities.facts_from(news()), asyncio.run(_known())
    nothing = Facts()
    wrong = [
        (person, known.get(person, nothing), expected.get(person, nothing))
        for person in sorted(known.keys() | expected.keys(), key=str)
        if known.get(person, nothing) != expected.get(person, nothing)
    ]
    if not wrong:
        print(f"{len(known):,} people: what is kept follows from the lake")
        return 0
    table = Table(title=f"{len(wrong):,} people differ", title_justify="left", box=None, pad_edge=False)
    for column in ("person", "fact", "kept", "lake"):
        table.add_column(column, justify="right" if column in ("kept", "lake") else "left")
    for person, kept, true in wrong[:SHOWN]:
        for (name, one), other in zip(asdict(kept).items(), asdict(true).values(), strict=True):
            if one != other:
                table.add_row(str(person), name, str(one), str(other))
    Console().print(table)
    return 1


def rebuild() -> None:
    """Forget what is kept and make it anew from the lake, in one transaction; what is not landed yet is missing."""
    asyncio.run(_rebuild())


async def _known() -> dict[UUID, Facts]:
    try:
        async with reading() as reader:
            return await communities.known_facts(reader)
    finally:
        await get_database().close()
        set_database(None)


async def _rebuild() -> None:
    try:
        async with transaction() as session:
            await communities.rebuild_trust(session, news())
    finally:
        await get_database().close()
        set_database(None)

"""Movements as events, and the product that a variant belongs to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.outbox import publish, publish_many
from api.domains.catalog import facade as catalog
from api.domains.inventory.contracts import Claim
from ingestion.contracts.inventory import StockMoved


async def product_of(session: AsyncSession, variant_ids: Iterable[int]) -> dict[int, int]:
    """Variant → product. Stock may come before its catalogue; then it is a product's first variant."""
    ids = list(variant_ids)
    known = await catalog.get_variants(session, ids)
    return {each: known[each].product_id if each in known else each for each in ids}


async def publish_claims(
    session: AsyncSession, claims: Sequence[Claim], movement: str, order_id: UUID, cause: str | None = None
) -> None:
    """An event for each claim that moved."""
    events = [
        StockMoved(
            product_id=claim.product_id,
            movement=movement,
            quantity=claim.quantity,
            order_id=order_id,
            variant_id=claim.variant_id,
            location=claim.location,
            cause=cause,
        )
        for claim in claims
    ]
    await publish(session, *events)


async def publish_received(
    session: AsyncSession,
    rows: Sequence[tuple[int, int]],
    products: Mapping[int, int],
    location: str,
    cause: str | None,
) -> None:
    """The bulk path: an event for each (variant, quantity)."""
    now = datetime.now(UTC)

    def data(variant_id: int, quantity: int) -> dict[str, object]:
        return {
            "product_id": products[variant_id],
            "movement": "received",
            "quantity": quantity,
            "order_id": None,
            "variant_id": variant_id,
            "location": location,
            "cause": cause,
        }

    await publish_many(
        session, ((StockMoved, str(products[variant]), data(variant, units), now) for variant, units in rows)
    )

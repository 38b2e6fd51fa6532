"""Promotions as operators make and end them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from api.core.audit import record_act
from api.core.db import reading, transaction
from api.domains.ordering.domain import Promotion
from api.domains.ordering.errors import PromotionExists, PromotionNotFound
from api.domains.ordering.repository import promotions
from ingestion.contracts import new_event_id

SHOWN = 200


async def list_promotions() -> list[Promotion]:
    """The newest ones, with how often each was used."""
    async with reading() as connection:
        return await promotions.newest(connection, SHOWN)


async def create_promotion(actor_id: UUID, values: Mapping[str, Any]) -> Promotion:
    """A new code. Raises PromotionExists."""
    promotion_id = new_event_id()
    code = str(values["code"]).upper()
    async with transaction() as session:
        stored = {**values, "promotion_id": promotion_id, "code": code, "kind": str(values["kind"])}
        if not await promotions.insert(session, stored):
            raise PromotionExists(f"The code {code} is taken.")
        await record_act(session, actor_id, "promotions.create", f"promotion:{promotion_id}", code=code)
        return await _get(session, promotion_id)


async def switch_promotion(actor_id: UUID, promotion_id: UUID, *, is_active: bool) -> Promotion:
    """End a promotion, or take it up again. Raises PromotionNotFound."""
    async with transaction() as session:
        await _get(session, promotion_id)
        await promotions.switch(session, promotion_id, is_active)
        act = "promotions.resume" if is_active else "promotions.end"
        await record_act(session, actor_id, act, f"promotion:{promotion_id}")
        return await _get(session, promotion_id)


async def _get(reader: Any, promotion_id: UUID) -> Promotion:
    promotion = await promotions.get(reader, promotion_id)
    if promotion is None:
        raise PromotionNotFound
    return promotion

"""Collections: products picked by hand, in their order; each change in the audit log."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import Reader, transaction
from api.core.errors import Invalid
from api.core.slugs import slugify
from api.domains.catalog.contracts import ProductView
from api.domains.catalog.contracts.keeping import Collection, CollectionDraft
from api.domains.catalog.errors import CollectionExists, CollectionNotFound, StaleCollection
from api.domains.catalog.repository import collections, products

MOST_PRODUCTS = 200

list_collections = collections.collections


async def shown_collection(reader: Reader, slug: str) -> tuple[Collection, list[ProductView]]:
    """A collection that shoppers may see, and what is for sale of it, in order. Raises CollectionNotFound."""
    found = await collections.by_slug(reader, slug)
    if found is None or not found.is_active:
        raise CollectionNotFound
    return found, await collections.products(reader, found.collection_id)


async def get(reader: Reader, collection_id: int) -> Collection:
    """One in whatever state. Raises CollectionNotFound."""
    return _there(await collections.by_id(reader, collection_id))


async def create(actor_id: UUID, draft: CollectionDraft) -> Collection:
    """A new one; its address comes from its first title and stays. Raises Invalid, CollectionExists."""
    async with transaction() as session:
        await _check(session, draft.product_ids)
        words = {name: value for name, value in asdict(draft).items() if name != "product_ids"}
        collection_id = await collections.add(session, words | {"slug": slugify(draft.title)})
        if collection_id is None:
            raise CollectionExists(f"There is a collection at /collections/{slugify(draft.title)}.")
        await collections.fill(session, collection_id, draft.product_ids)
        await _note(session, actor_id, "catalog.create_collection", collection_id, draft)
        return await get(session, collection_id)


async def edit(actor_id: UUID, collection_id: int, version: int, draft: CollectionDraft) -> Collection:
    """New words and products. Raises CollectionNotFound, StaleCollection, Invalid."""
    async with transaction() as session:
        before = _there(await collections.by_id(session, collection_id, lock=True))
        wanted = asdict(draft)
        differs = {name: getattr(before, name) for name in wanted if getattr(before, name) != wanted[name]}
        if before.version != version:
            raise StaleCollection(before.version, differs)
        if not differs:
            return before
        await _check(session, draft.product_ids)
        await collections.update(session, collection_id, wanted)
        await collections.fill(session, collection_id, draft.product_ids)
        await _note(session, actor_id, "catalog.edit_collection", collection_id, draft)
        return await get(session, collection_id)


async def _check(session: AsyncSession, product_ids: Sequence[int]) -> None:
    if len(set(product_ids)) < len(product_ids) or len(product_ids) > MOST_PRODUCTS:
        raise Invalid("product_ids", f"name each product once, and at most {MOST_PRODUCTS}")
    if missing := set(product_ids) - (await products.products(session, product_ids)).keys():
        raise Invalid("product_ids", f"there is no product {min(missing)}")


async def _note(session: AsyncSession, actor_id: UUID, act: str, collection_id: int, draft: CollectionDraft) -> None:
    await record_act(session, actor_id, act, f"collection:{collection_id}", **asdict(draft))


def _there(found: Collection | None) -> Collection:
    if found is None:
        raise CollectionNotFound
    return found

"""SQL of pictures. A product's `image` is that of its first ready picture, kept in step by every change here."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.catalog.contracts import ImageView

_COLUMNS = "image_id, product_id, state, alt, content_type, size_bytes, width, height, digest, reason"
_OF_PRODUCT = text(f"SELECT {_COLUMNS} FROM catalog.images WHERE product_id = :product_id ORDER BY position, image_id")  # noqa: S608 -- columns above
_READY = text(f"""
    SELECT {_COLUMNS} FROM catalog.images WHERE product_id = :product_id AND state = 'ready' ORDER BY position, image_id
""")  # noqa: S608 -- columns above
_ONE = text(f"SELECT {_COLUMNS} FROM catalog.images WHERE image_id = :image_id")  # noqa: S608 -- columns above
_LOCKED = text(_ONE.text + " FOR UPDATE")
_LOCK_PRODUCT = text("SELECT 1 FROM catalog.products WHERE product_id = :product_id FOR NO KEY UPDATE")
_COUNT = text("SELECT count(*) FROM catalog.images WHERE product_id = :product_id AND state <> 'refused'")
_ADD = text("""
    INSERT INTO catalog.images (image_id, product_id, state, position, alt, content_type, size_bytes)
    SELECT :image_id, :product_id, 'uploading', coalesce(max(position), 0) + 1, :alt, :content_type, :size_bytes
    FROM catalog.images WHERE product_id = :product_id
""")
_SET_STATE = text("""
    UPDATE catalog.images SET state = :state, reason = :reason, digest = coalesce(:digest, digest), updated_at = now()
    WHERE image_id = :image_id AND state = :before
""")
_FINISH = text("""
    UPDATE catalog.images SET state = 'ready', width = :width, height = :height, updated_at = now()
    WHERE image_id = :image_id AND state = 'processing'
""")
_SET_ALT = text("UPDATE catalog.images SET alt = :alt, updated_at = now() WHERE image_id = :image_id")
_PLACE_FIRST = text("""
    UPDATE catalog.images SET updated_at = now(), position =
        (SELECT min(position) - 1 FROM catalog.images WHERE product_id = :product_id)
    WHERE image_id = :image_id
""")
_REMOVE = text("DELETE FROM catalog.images WHERE image_id = :image_id")
_LOCK_FILES = text("SELECT pg_advisory_xact_lock(hashtextextended('catalog.image:' || :digest, 0))")
_IN_USE = text(
    "SELECT EXISTS (SELECT 1 FROM catalog.images WHERE digest = :digest AND state IN ('processing', 'ready'))"
)
_KEEP_IN_STEP = text("""
    UPDATE catalog.products SET updated_at = now(), image = (
        SELECT '/media/' || digest FROM catalog.images WHERE product_id = :product_id AND state = 'ready'
        ORDER BY position, image_id LIMIT 1
    ) WHERE product_id = :product_id
""")
_STALLED = text("""
    UPDATE catalog.images SET updated_at = now()
    WHERE state = 'processing' AND updated_at < clock_timestamp() - CAST(:age AS interval) RETURNING image_id
""")
_ABANDONED = text("""
    DELETE FROM catalog.images WHERE image_id IN (
        SELECT image_id FROM catalog.images
        WHERE state IN ('uploading', 'refused') AND created_at < clock_timestamp() - CAST(:age AS interval)
        ORDER BY created_at LIMIT 100 FOR UPDATE SKIP LOCKED
    ) RETURNING image_id
""")


def _view(row: Any) -> ImageView:
    return ImageView(**row)


async def of_product(reader: Reader, product_id: int, *, is_ready: bool = False) -> list[ImageView]:
    """All of a product's pictures in their order, or those that can be shown."""
    rows: Any = await reader.execute(_READY if is_ready else _OF_PRODUCT, {"product_id": product_id})
    return [_view(row) for row in rows.mappings()]


async def find(reader: Reader, image_id: UUID) -> ImageView | None:
    """One picture."""
    row = (await reader.execute(_ONE, {"image_id": image_id})).mappings().one_or_none()
    return None if row is None else _view(row)


async def lock(session: AsyncSession, image_id: UUID) -> ImageView | None:
    """One picture that nobody else changes until the transaction ends."""
    row = (await session.execute(_LOCKED, {"image_id": image_id})).mappings().one_or_none()
    return None if row is None else _view(row)


async def count_locked(session: AsyncSession, product_id: int) -> int | None:
    """How many pictures a product has, which nobody adds to until the transaction ends; None without the product."""
    if (await session.execute(_LOCK_PRODUCT, {"product_id": product_id})).one_or_none() is None:
        return None
    return int((await session.execute(_COUNT, {"product_id": product_id})).scalar_one())


async def add(
    session: AsyncSession, image_id: UUID, product_id: int, content_type: str, size_bytes: int, alt: str
) -> None:
    """An upload is about to begin; it stands last."""
    values = {"product_id": product_id, "content_type": content_type, "size_bytes": size_bytes, "alt": alt}
    await session.execute(_ADD, {"image_id": image_id, **values})


async def set_state(
    session: AsyncSession, image_id: UUID, before: str, state: str, digest: str | None = None, reason: str | None = None
) -> bool:
    """Move on from one state to another; False when it is not there any more."""
    values = {"image_id": image_id, "before": before, "state": state, "digest": digest, "reason": reason}
    done: Any = await session.execute(_SET_STATE, values)
    return bool(done.rowcount)


async def finish(session: AsyncSession, image: ImageView, width: int, height: int) -> bool:
    """It can be shown; False when it is ready already or gone."""
    done: Any = await session.execute(_FINISH, {"image_id": image.image_id, "width": width, "height": height})
    await _keep_in_step(session, image.product_id)
    return bool(done.rowcount)


async def set_alt(session: AsyncSession, image_id: UUID, alt: str) -> None:
    """What it says to people who do not see it."""
    await session.execute(_SET_ALT, {"image_id": image_id, "alt": alt})


async def place_first(session: AsyncSession, image: ImageView) -> None:
    """It stands for the product."""
    await session.execute(_PLACE_FIRST, {"image_id": image.image_id, "product_id": image.product_id})
    await _keep_in_step(session, image.product_id)


async def remove(session: AsyncSession, image: ImageView) -> bool:
    """Forget it; whether its files are nobody else's and may go."""
    await session.execute(_REMOVE, {"image_id": image.image_id})
    await _keep_in_step(session, image.product_id)
    return image.digest is not None and not await is_in_use(session, image.digest)


async def lock_files(session: AsyncSession, digest: str) -> None:
    """Until this transaction ends nobody else writes or removes the files made of a picture."""
    await session.execute(_LOCK_FILES, {"digest": digest})


async def is_in_use(session: AsyncSession, digest: str) -> bool:
    """Whether a picture made of this file is shown, or about to be."""
    return bool((await session.execute(_IN_USE, {"digest": digest})).scalar_one())


async def stalled(session: AsyncSession, age: timedelta) -> list[UUID]:
    """Pictures whose sizes should have been made so long ago; they are given as much time again."""
    return list((await session.execute(_STALLED, {"age": age})).scalars())


async def forget_abandoned(session: AsyncSession, age: timedelta) -> list[UUID]:
    """Uploads that were never completed, or were refused, so long ago."""
    return list((await session.execute(_ABANDONED, {"age": age})).scalars())


async def _keep_in_step(session: AsyncSession, product_id: int) -> None:
    await session.execute(_KEEP_IN_STEP, {"product_id": product_id})

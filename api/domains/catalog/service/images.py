"""Pictures of products: uploaded to the store by a signed address, looked at, made smaller, shown.

uploading → processing → ready, or → refused. What is uploaded is only trusted once it was decoded here; the file that
came, with whatever stands in it beside the picture, is never shown to anybody.
"""

import hashlib
from datetime import timedelta
from io import BytesIO
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core import outbox, pictures, storage
from api.core.audit import record_act
from api.core.db import Reader, transaction
from api.core.errors import Conflict
from api.core.jobs import enqueue
from api.core.pictures import LARGEST, SIZES, Upload
from api.domains.catalog.contracts import ImageView
from api.domains.catalog.errors import ImageNotFound, ImageRefused, ProductNotFound, TooManyImages
from api.domains.catalog.repository import images as repository
from ingestion.contracts import new_event_id
from ingestion.contracts.catalog import ImageAdded, ImageRemoved

TASK = "catalog.make_pictures"
MOST_IMAGES = 12
ABANDONED = timedelta(hours=1)


def _upload_name(image_id: UUID | str) -> str:
    return f"images/uploads/{image_id}"


def _picture_name(digest: str, size: int) -> str:
    return f"images/{digest}/{size}.webp"


async def of_product(reader: Reader, product_id: int) -> list[ImageView]:
    """A product's pictures that can be shown, in their order."""
    return await repository.of_product(reader, product_id, is_ready=True)


async def all_of_product(reader: Reader, product_id: int) -> list[ImageView]:
    """All of them, also those that are not done."""
    return await repository.of_product(reader, product_id)


async def begin_upload(actor_id: UUID | None, product_id: int, content_type: str, size: int, alt: str = "") -> Upload:
    """A place for one more picture. Raises Invalid, ProductNotFound, TooManyImages, Unavailable."""
    pictures.check(content_type, size)
    image_id = new_event_id()
    upload = await pictures.sign(_upload_name(image_id), image_id, content_type, size)
    async with transaction() as session:
        await _add(session, actor_id, image_id, product_id, content_type, size, alt)
    return upload


async def _add(
    session: AsyncSession,
    actor_id: UUID | None,
    image_id: UUID,
    product_id: int,
    content_type: str,
    size: int,
    alt: str,
) -> None:
    count = await repository.count_locked(session, product_id)
    if count is None:
        raise ProductNotFound(product_id)
    if count >= MOST_IMAGES:
        raise TooManyImages(MOST_IMAGES)
    await repository.add(session, image_id, product_id, content_type, size, alt)
    await record_act(session, actor_id, "catalog.upload_image", f"product:{product_id}", image_id=image_id)


async def complete(product_id: int, image_id: UUID) -> ImageView:
    """Look at what was uploaded; what is no picture of the promised kind is removed and refused.

    Completing again tells how it stands. Raises ImageNotFound, ImageRefused, Conflict before the upload, Unavailable.
    """
    image = await _find(product_id, image_id)
    if image.state != "uploading":
        if image.state == "refused":
            raise ImageRefused(image.reason or "it is no picture")
        return image
    try:
        digest, fault = await pictures.examine(_upload_name(image_id), image.content_type, image.size_bytes)
    except storage.FileMissing:
        if (now := await _find(product_id, image_id)).state != "uploading":
            return now  # another call and the worker were quicker
        raise Conflict("The file has not arrived; PUT it to the address first.") from None
    async with transaction() as session:
        state = "refused" if fault else "processing"
        moved = await repository.set_state(session, image_id, "uploading", state, digest, fault)
        if moved and not fault:
            await enqueue(session, TASK, image_id=str(image_id))
    if fault and moved:
        await storage.remove(_upload_name(image_id))
        raise ImageRefused(fault)
    return await _find(product_id, image_id)  # if it was not this call that moved it, as the other one left it


async def make_pictures(image_id: str) -> None:
    """The task: the sizes that pages show, without what a camera notes beside the picture. It may run twice."""
    async with transaction() as session:
        image = await repository.find(session, UUID(image_id))
    if image is None or image.state != "processing" or image.digest is None:
        return
    try:
        made = await pictures.make(_upload_name(image_id), image.digest)
    except storage.FileMissing:
        await _give_up(image, "the upload is gone")
        return
    except pictures.FileChanged:
        await _give_up(image, "the file changed after it was looked at")
        await storage.remove(_upload_name(image_id))
        return
    async with transaction() as session:
        await repository.lock_files(session, image.digest)
        for size, picture in made.sizes.items():
            await storage.put(_picture_name(image.digest, size), BytesIO(picture))
        current = await repository.lock(session, image.image_id)
        is_done = current is not None and await repository.finish(session, image, made.width, made.height)
        if is_done:
            await outbox.publish(session, ImageAdded(product_id=image.product_id, image_id=image.image_id))
    await storage.remove(_upload_name(image_id))
    if current is None:
        await _remove_unused_files(image.digest)


async def _give_up(image: ImageView, reason: str) -> None:
    """Refuse what cannot be finished; one that another run has finished stays as it is."""
    async with transaction() as session:
        await repository.set_state(session, image.image_id, "processing", "refused", reason=reason)


async def attach(
    product_id: int, content: bytes, content_type: str, alt: str = "", actor_id: UUID | None = None
) -> UUID:
    """Take in a picture that is here already, by the same way as an upload; returns its id.

    Raises what `begin_upload` and `complete` raise.
    """
    pictures.check(content_type, len(content), "file", "file")
    image_id = new_event_id()
    async with transaction() as session:
        await _add(session, actor_id, image_id, product_id, content_type, len(content), alt)
    await storage.put(_upload_name(image_id), BytesIO(content))
    await complete(product_id, image_id)
    return image_id


async def attach_now(product_id: int, content: bytes, content_type: str) -> bool:
    """The same for a loader, which waits until it can be shown; False for a picture that the product has."""
    digest = hashlib.sha256(content).hexdigest()
    async with transaction() as session:
        if any(image.digest == digest for image in await repository.of_product(session, product_id)):
            return False
    await make_pictures(str(await attach(product_id, content, content_type)))
    return True


async def describe(actor_id: UUID, product_id: int, image_id: UUID, alt: str) -> None:
    """Say what it shows. Raises ImageNotFound."""
    await _find(product_id, image_id)
    async with transaction() as session:
        await repository.set_alt(session, image_id, alt)
        await record_act(session, actor_id, "catalog.describe_image", f"product:{product_id}", image_id=image_id)


async def place_first(actor_id: UUID, product_id: int, image_id: UUID) -> None:
    """Let it stand for the product. Raises ImageNotFound."""
    image = await _find(product_id, image_id)
    async with transaction() as session:
        await repository.count_locked(session, product_id)
        await repository.place_first(session, image)
        await record_act(session, actor_id, "catalog.place_image_first", f"product:{product_id}", image_id=image_id)


async def remove(actor_id: UUID, product_id: int, image_id: UUID) -> None:
    """Take it away, with its files. Raises ImageNotFound."""
    async with transaction() as session:
        image = await repository.lock(session, image_id)
        if image is None or image.product_id != product_id:
            raise ImageNotFound
        files_go = await repository.remove(session, image)
        await record_act(session, actor_id, "catalog.remove_image", f"product:{product_id}", image_id=image_id)
        if image.state == "ready":
            await outbox.publish(session, ImageRemoved(product_id=product_id, image_id=image_id))
    await storage.remove(_upload_name(image_id))
    if files_go and image.digest:
        await _remove_unused_files(image.digest)


async def sweep_abandoned(age: timedelta = ABANDONED) -> int:
    """Forget uploads that nobody completed, and refused ones; finish what stood still; returns how many."""
    async with transaction() as session:
        for image_id in await repository.stalled(session, age):
            await enqueue(session, TASK, image_id=str(image_id))
        gone = await repository.forget_abandoned(session, age)
    for image_id in gone:
        await storage.remove(_upload_name(image_id))
    return len(gone)


async def open_picture(digest: str, size: int) -> bytes:
    """One size of a picture. Raises FileMissing."""
    if size not in SIZES:
        raise storage.FileMissing
    return await storage.read(_picture_name(digest, size), LARGEST)


async def _remove_unused_files(digest: str) -> None:
    """Looks once more under the lock of the files: another product may have brought the same picture meanwhile."""
    async with transaction() as session:
        await repository.lock_files(session, digest)
        if not await repository.is_in_use(session, digest):
            for size in SIZES:
                await storage.remove(_picture_name(digest, size))


async def _find(product_id: int, image_id: UUID) -> ImageView:
    async with transaction() as session:
        image = await repository.find(session, image_id)
    if image is None or image.product_id != product_id:
        raise ImageNotFound
    return image

"""Pictures that people send in for what they write: posts, articles.

uploading → processing → ready, or → refused. Whoever sent it in names it where they write; the domain that shows it
keeps it with its own work, and releases it when the words go. What nothing keeps is forgotten after a day.
"""

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import pictures, storage
from api.core.db import Reader, transaction
from api.core.errors import AppError, Conflict, NotFound
from api.core.jobs import Task, enqueue
from api.core.pictures import LARGEST, SIZES, Upload
from ingestion.contracts import new_event_id

MAKE = "core.make_pictures"
MOST_UNKEPT = 20
LONGEST_ALT = 300
FORGOTTEN_AFTER = timedelta(days=1)
ABANDONED = timedelta(hours=1)

State = Literal["uploading", "processing", "ready", "refused", "released"]

_COLUMNS = "image_id, owner_id, state, alt, content_type, size_bytes, width, height, digest, reason, kept_by"
# Two uploads of one person that begin at once take turns, so that the count holds.
_LOCK_OWNER = text("SELECT pg_advisory_xact_lock(hashtextextended('pictures of ' || :owner_id, 0))")
_COUNT = text(
    "SELECT count(*) FROM core.pictures WHERE owner_id = :owner_id AND kept_by IS NULL AND state <> 'refused'"
)
_ADD = text("""
    INSERT INTO core.pictures (image_id, owner_id, state, alt, content_type, size_bytes)
    VALUES (:image_id, :owner_id, 'uploading', :alt, :content_type, :size_bytes)
""")
_FIND = text(f"SELECT {_COLUMNS} FROM core.pictures WHERE image_id = :image_id")  # noqa: S608 -- columns above
_LOCKED = text(f"{_FIND.text} FOR UPDATE")
_SET_STATE = text("""
    UPDATE core.pictures SET state = :state, reason = :reason, digest = coalesce(:digest, digest), updated_at = now()
    WHERE image_id = :image_id AND state = :before
""")
_FINISH = text("""
    UPDATE core.pictures SET state = 'ready', width = :width, height = :height, updated_at = now()
    WHERE image_id = :image_id AND state = 'processing'
""")
_KEEP = text("UPDATE core.pictures SET kept_by = :kept_by, updated_at = now() WHERE image_id = :image_id")
_RELEASE = text("""
    UPDATE core.pictures SET state = 'released', kept_by = NULL, updated_at = now() WHERE kept_by = :kept_by
""")
_RELEASE_OF = text("""
    UPDATE core.pictures SET state = 'released', kept_by = NULL, updated_at = now() WHERE owner_id = :owner_id
""")
_STALLED = text("""
    UPDATE core.pictures SET updated_at = now()
    WHERE state = 'processing' AND updated_at < clock_timestamp() - CAST(:age AS interval) RETURNING image_id
""")
_FORGET = text("""
    DELETE FROM core.pictures WHERE image_id IN (
        SELECT image_id FROM core.pictures
        WHERE state = 'released'
           OR (state IN ('uploading', 'refused') AND updated_at < clock_timestamp() - CAST(:abandoned AS interval))
           OR (kept_by IS NULL AND updated_at < clock_timestamp() - CAST(:forgotten AS interval))
        ORDER BY updated_at LIMIT 100 FOR UPDATE SKIP LOCKED
    ) RETURNING image_id
""")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and how it stands; `owner_id` is for the house's own use."""

    image_id: UUID
    owner_id: UUID
    state: State
    alt: str
    content_type: str
    size_bytes: int
    width: int | None
    height: int | None
    digest: str | None
    reason: str | None
    kept_by: str | None


class PictureNotFound(NotFound):
    """No picture of this person has this id."""

    type = "picture-not-found"
    title = "There is no such picture"


class PictureRefused(AppError):
    """What was uploaded is not the picture that was promised."""

    status = 422
    type = "picture-refused"
    title = "This file cannot be shown"


class TooManyPictures(Conflict):
    """A person sent in many pictures and used none of them."""

    type = "too-many-pictures"
    title = f"You sent in {MOST_UNKEPT} pictures that nothing shows; use some, or wait a day"


def _upload_name(image_id: UUID | str) -> str:
    return f"pictures/uploads/{image_id}"


def _name(image_id: UUID | str, size: int) -> str:
    return f"pictures/{image_id}/{size}.webp"


async def begin(owner_id: UUID, content_type: str, size: int, alt: str = "") -> Upload:
    """A place for one more picture. Raises Invalid, TooManyPictures, Unavailable."""
    pictures.check(content_type, size)
    image_id = new_event_id()
    upload = await pictures.sign(_upload_name(image_id), image_id, content_type, size)
    async with transaction() as session:
        await _add(session, owner_id, image_id, content_type, size, alt)
    return upload


async def _add(session: AsyncSession, owner_id: UUID, image_id: UUID, content_type: str, size: int, alt: str) -> None:
    await session.execute(_LOCK_OWNER, {"owner_id": str(owner_id)})
    if (await session.execute(_COUNT, {"owner_id": owner_id})).scalar_one() >= MOST_UNKEPT:
        raise TooManyPictures
    values = {"image_id": image_id, "owner_id": owner_id, "alt": alt, "content_type": content_type}
    await session.execute(_ADD, values | {"size_bytes": size})


async def find(reader: Reader, image_id: UUID) -> Picture | None:
    """A picture, whoever's and however it stands."""
    row = (await reader.execute(_FIND, {"image_id": image_id})).mappings().one_or_none()
    return None if row is None else Picture(**row)


async def own(owner_id: UUID, image_id: UUID) -> Picture:
    """One of a person's. Raises PictureNotFound."""
    async with transaction() as session:
        found = await find(session, image_id)
    if found is None or found.owner_id != owner_id or found.state == "released":
        raise PictureNotFound
    return found


async def complete(owner_id: UUID, image_id: UUID) -> Picture:
    """Look at what was uploaded; what is no picture of the promised kind is removed and refused.

    Completing again tells how it stands. Raises PictureNotFound, PictureRefused, Conflict before the upload,
    Unavailable.
    """
    image = await own(owner_id, image_id)
    if image.state == "refused":
        raise PictureRefused(image.reason)
    if image.state != "uploading":
        return image
    try:
        digest, fault = await pictures.examine(_upload_name(image_id), image.content_type, image.size_bytes)
    except storage.FileMissing:
        if (now := await own(owner_id, image_id)).state != "uploading":
            return now  # another call and the worker were quicker
        raise Conflict("The file has not arrived; PUT it to the address first.") from None
    async with transaction() as session:
        moved = await _set_state(session, image_id, "uploading", "refused" if fault else "processing", digest, fault)
        if moved and not fault:
            await enqueue(session, MAKE, image_id=str(image_id))
    if fault and moved:
        await storage.remove(_upload_name(image_id))
        raise PictureRefused(fault)
    return await own(owner_id, image_id)  # if it was not this call that moved it, as the other one left it


async def take_in(owner_id: UUID, content: bytes, content_type: str, alt: str = "") -> Picture:
    """A picture that came with a form, by the same way as an upload.

    Raises what `begin` and `complete` raise, about the field `file`.
    """
    pictures.check(content_type, len(content), "file", "file")
    image_id = new_event_id()
    async with transaction() as session:
        await _add(session, owner_id, image_id, content_type, len(content), alt)
    await storage.put(_upload_name(image_id), BytesIO(content))
    return await complete(owner_id, image_id)


async def make(image_id: str) -> None:
    """The task: the sizes that pages show. It may run twice."""
    async with transaction() as session:
        image = await find(session, UUID(image_id))
    if image is None or image.state != "processing" or image.digest is None:
        return
    try:
        made = await pictures.make(_upload_name(image_id), image.digest)
    except (storage.FileMissing, pictures.FileChanged) as error:
        gone = isinstance(error, storage.FileMissing)
        reason = "the upload is gone" if gone else "the file changed after it was looked at"
        async with transaction() as session:
            await _set_state(session, image.image_id, "processing", "refused", reason=reason)
        await storage.remove(_upload_name(image_id))
        return
    for size, picture in made.sizes.items():
        await storage.put(_name(image_id, size), BytesIO(picture))
    async with transaction() as session:
        values = {"image_id": image.image_id, "width": made.width, "height": made.height}
        done: Any = await session.execute(_FINISH, values)
        is_gone = not done.rowcount and await find(session, image.image_id) is None
    await storage.remove(_upload_name(image_id))
    if is_gone:
        await _remove_files(image.image_id)


async def keep(session: AsyncSession, owner_id: UUID, image_id: UUID, kept_by: str, before: str | None = None) -> None:
    """Show a picture of this person's from now on, with the session's other work; `before`: what kept it until now.

    Raises PictureNotFound for another's, one that was refused or never came, and one that shows elsewhere already.
    """
    row = (await session.execute(_LOCKED, {"image_id": image_id})).mappings().one_or_none()
    image = None if row is None else Picture(**row)
    if image is None or image.owner_id != owner_id or image.state not in ("processing", "ready"):
        raise PictureNotFound
    if image.kept_by not in (None, kept_by, before):
        raise PictureNotFound
    await session.execute(_KEEP, {"image_id": image_id, "kept_by": kept_by})


async def release(session: AsyncSession, kept_by: str) -> None:
    """What this showed goes, files and all, once the session's work stands."""
    await session.execute(_RELEASE, {"kept_by": kept_by})


async def release_of(session: AsyncSession, owner_id: UUID) -> int:
    """Every picture that a person sent in goes; how many."""
    done: Any = await session.execute(_RELEASE_OF, {"owner_id": owner_id})
    return int(done.rowcount)


async def open_picture(image_id: UUID, size: int) -> bytes:
    """One size of a picture. Whether somebody may see it, the domain that keeps it knows. Raises FileMissing."""
    if size not in SIZES:
        raise storage.FileMissing
    return await storage.read(_name(image_id, size), LARGEST)


async def sweep_pictures() -> int:
    """Forget what was released, refused, or never used; finish what stood still; how many were forgotten."""
    async with transaction() as session:
        stalled: Any = await session.execute(_STALLED, {"age": ABANDONED})
        for image_id in stalled.scalars():
            await enqueue(session, MAKE, image_id=str(image_id))
        ages = {"abandoned": ABANDONED, "forgotten": FORGOTTEN_AFTER}
        forgotten: Any = await session.execute(_FORGET, ages)
        gone: list[UUID] = list(forgotten.scalars())
    for image_id in gone:
        await storage.remove(_upload_name(image_id))
        await _remove_files(image_id)
    return len(gone)


async def _remove_files(image_id: UUID) -> None:
    for size in SIZES:
        await storage.remove(_name(image_id, size))


async def _set_state(
    session: AsyncSession,
    image_id: UUID,
    before: State,
    now: State,
    digest: str | None = None,
    reason: str | None = None,
) -> bool:
    values = {"image_id": image_id, "before": before, "state": now, "digest": digest or None, "reason": reason}
    done: Any = await session.execute(_SET_STATE, values)
    return bool(done.rowcount)


TASKS: dict[str, Task] = {MAKE: make}
SWEEPS = (sweep_pictures,)

"""Pictures that people send in: which are taken, how they are looked at, and what is made of them.

What is uploaded is only trusted once it was decoded here; the file that came, with whatever stands in it beside the
picture, is never shown to anybody.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import IO
from uuid import UUID

from fastapi import Request

from api.core import storage
from api.core.errors import Invalid, TooLarge

TYPES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
LARGEST = 10 * 1024**2
MOST_PIXELS = 40_000_000
SIZES = (160, 480, 960)  # pixels of the longer side
UPLOAD_SECONDS = 900
QUALITY = 82
FORM_MARGIN = 200_000  # the other fields of a form, and what holds them apart
ORIENTATION = 0x0112  # the EXIF tag; these values of it mean that the picture lies on its side
LYING = frozenset({5, 6, 7, 8})

# A decoded picture takes up to 160 MB, and as much again while its mode changes: one at a time in each process.
_one_at_a_time = asyncio.Semaphore(1)


@dataclass(frozen=True, slots=True)
class Upload:
    """Where to PUT the file, with which headers, and for how long."""

    image_id: UUID
    url: str
    headers: dict[str, str]
    expires_in: int


@dataclass(frozen=True, slots=True)
class Made:
    """Width and height of the whole, and by size a WebP picture whose longer side has at most so many pixels."""

    width: int
    height: int
    sizes: dict[int, bytes]


class FileChanged(ValueError):
    """Another file was put to the address after the first one was looked at, while the signature still held."""


async def bounded_form(request: Request) -> None:
    """A dependency that refuses a form larger than a picture may be, before any of it is read. Raises TooLarge.

    It has to stand before the check of the form's token, which reads the whole form.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LARGEST + FORM_MARGIN:
        raise TooLarge(f"A picture may have {LARGEST // 1024**2} MB.")


def check(content_type: str, size: int, field: str = "content_type", size_field: str = "size_bytes") -> None:
    """Raises Invalid, about one of the two fields, for what is not taken."""
    if content_type not in TYPES:
        raise Invalid(field, f"must be one of {', '.join(TYPES)}")
    if not 0 < size <= LARGEST:
        raise Invalid(size_field, f"must have between 1 and {LARGEST} bytes")


async def sign(name: str, image_id: UUID, content_type: str, size: int) -> Upload:
    """An address to PUT one file to. Raises Unavailable."""
    url = await storage.sign_upload(name, content_type, size, UPLOAD_SECONDS)
    return Upload(image_id, url, {"Content-Type": content_type, "Content-Length": str(size)}, UPLOAD_SECONDS)


async def examine(name: str, content_type: str, size_bytes: int) -> tuple[str, str | None]:
    """The digest of what was uploaded, and why it is not what was promised, if it is not.

    Raises FileMissing and Unavailable.
    """
    size = await storage.size_of(name)
    if size != size_bytes:
        return "", f"{size_bytes} bytes were promised, {size} came"
    content = await storage.read(name, LARGEST + 1)
    async with _one_at_a_time:
        fault = await asyncio.to_thread(_look, content, content_type)
    return hashlib.sha256(content).hexdigest(), fault


async def make(name: str, digest: str) -> Made:
    """The sizes that pages show, of the very file that was looked at. Raises FileMissing and FileChanged."""
    content = await storage.read(name, LARGEST)
    if hashlib.sha256(content).hexdigest() != digest:
        raise FileChanged
    async with _one_at_a_time:
        return await asyncio.to_thread(shrink, content)


def _look(content: bytes, content_type: str) -> str | None:
    """Why this is not a picture of that type, decoded in full; None when it is."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 -- only who looks at pictures pays for it

    try:
        with Image.open(BytesIO(content), formats=list(TYPES.values())) as picture:
            if picture.format != TYPES[content_type]:
                return f"it is {picture.format} and not {content_type}"
            if picture.width * picture.height > MOST_PIXELS:
                return f"it has more than {MOST_PIXELS:,} pixels"
            picture.load()
    except UnidentifiedImageError:
        return f"it is not {content_type}"
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return "it cannot be decoded: the file is damaged"
    return None


def shrink(content: bytes) -> Made:
    """The sizes, upright, without what a camera notes beside the picture; blocks."""
    from PIL import Image, ImageOps  # noqa: PLC0415

    made = {}
    with Image.open(BytesIO(content), formats=list(TYPES.values())) as opened:
        is_lying = opened.getexif().get(ORIENTATION, 1) in LYING
        width, height = (opened.height, opened.width) if is_lying else opened.size
        mode = "RGBA" if _has_alpha(opened.mode, opened.info) else "RGB"
        # Smaller first, then upright: what follows costs a fraction of the memory. JPEG can be decoded smaller at once.
        opened.draft("RGB", (2 * SIZES[-1], 2 * SIZES[-1]))
        small = opened if opened.mode == mode else opened.convert(mode)
        small.thumbnail((SIZES[-1], SIZES[-1]), Image.Resampling.LANCZOS)
        upright = ImageOps.exif_transpose(small)
        for side in sorted(SIZES, reverse=True):
            upright.thumbnail((side, side), Image.Resampling.LANCZOS)
            out = BytesIO()
            upright.save(out, "WEBP", quality=QUALITY, method=4, exif=b"", icc_profile=None)
            made[side] = out.getvalue()
        return Made(width, height, made)


def _has_alpha(mode: str, info: dict[str | tuple[int, int], object]) -> bool:
    return mode in ("RGBA", "LA", "PA") or "transparency" in info


def file_type(file: IO[bytes]) -> str:
    """The type of a file by its first bytes; `application/octet-stream` for none that is taken."""
    file.seek(0)
    head = file.read(12)
    file.seek(0)
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if head[:4] == b"RIFF" and head[8:] == b"WEBP" else "application/octet-stream"

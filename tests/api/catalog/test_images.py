"""Pictures of products on a real store: uploaded by a signed address, looked at, made smaller, shown, refused."""

import asyncio
import hashlib
import io
import zlib
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from httpx import AsyncClient, Response
from PIL import Image
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import pictures, storage
from api.core.db import Database, transaction
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.catalog.errors import ImageRefused
from api.domains.catalog.service import images
from tests.api.conftest import SignUp


def picture(width: int = 1200, height: int = 800, kind: str = "JPEG", **options: Any) -> bytes:
    """A picture that no other test has: its colour is random."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#" + uuid4().hex[:6]).save(out, kind, **options)
    return out.getvalue()


class Desk:
    """An operator with one product."""

    def __init__(self, client: AsyncClient, headers: dict[str, str], product_id: int) -> None:
        self.client, self.headers, self.product_id = client, headers, product_id
        self.path = f"/v1/operate/products/{product_id}/images"

    async def begin(self, content: bytes, kind: str = "image/jpeg", **more: Any) -> Response:
        body = {"content_type": kind, "size_bytes": len(content)} | more
        return await self.client.post(self.path, json=body, headers=self.headers)

    async def upload(self, content: bytes, kind: str = "image/jpeg", **more: Any) -> str:
        """Begin and PUT; returns the picture's id."""
        begun = (await self.begin(content, kind, **more)).json()
        async with httpx.AsyncClient(trust_env=False) as outside:
            answer = await outside.put(begun["url"], content=content, headers=begun["headers"])
        assert answer.status_code == 200, answer.text
        return str(begun["image_id"])

    async def complete(self, image_id: str) -> Response:
        return await self.client.post(f"{self.path}/{image_id}/complete", headers=self.headers)

    async def show(self, content: bytes, kind: str = "image/jpeg", **more: Any) -> str:
        """All of the way, the worker's part included."""
        image_id = await self.upload(content, kind, **more)
        answer = await self.complete(image_id)
        assert answer.json()["state"] == "processing", answer.text
        await images.make_pictures(image_id)
        return image_id

    async def listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.client.get(self.path, headers=self.headers)).json()
        return found

    async def product(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get(f"/v1/products/{self.product_id}")).json()
        return found


async def a_product() -> int:
    async with transaction() as session:
        new = ProductImport(f"S-{uuid4().hex[:8]}", "A green coat", "Clothes", "Coats", "Coat", "Own", None, 9900)
        return next(iter((await catalog.import_products(session, [new])).values()))


@pytest.fixture
async def desk(client: AsyncClient, sign_up: SignUp) -> Desk:
    operator = await sign_up("operator")
    return Desk(client, operator.headers, await a_product())


async def exists(name: str) -> bool:
    try:
        await storage.size_of(name)
    except storage.FileMissing:
        return False
    return True


async def test_an_uploaded_picture_is_shown_in_three_sizes(desk: Desk, session: AsyncSession) -> None:
    content = picture()
    image_id = await desk.show(content, alt="A coat from the front")
    digest = hashlib.sha256(content).hexdigest()
    [shown] = (await desk.client.get(f"/v1/products/{desk.product_id}/images")).json()
    assert (shown["state"], shown["width"], shown["height"], shown["alt"]) == (
        "ready", 1200, 800, "A coat from the front",
    )  # fmt: skip
    assert (await desk.product())["image"] == f"/media/{digest}"
    for size in (160, 480, 960):
        answer = await desk.client.get(f"/media/{digest}/{size}.webp")
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        with Image.open(io.BytesIO(answer.content)) as made:
            assert made.size == (size, round(size * 800 / 1200))
    again = await desk.client.get(f"/media/{digest}/160.webp", headers={"if-none-match": f'"{digest[:32]}-160"'})
    assert (again.status_code, again.content) == (304, b"")
    assert not await exists(f"images/uploads/{image_id}")
    events = await session.execute(text("SELECT type FROM core.outbox WHERE type LIKE 'catalog.image%'"))
    assert events.scalars().all() == ["catalog.image_added"]
    acts = await session.execute(text("SELECT action FROM core.audit_log"))
    assert acts.scalars().all() == ["catalog.upload_image"]


async def test_what_a_camera_notes_is_taken_out_and_the_picture_stands_upright(desk: Desk) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "Maker of cameras"
    content = picture(300, 200, exif=exif)
    await desk.show(content)
    made = await images.open_picture(hashlib.sha256(content).hexdigest(), 160)
    assert b"Maker" not in made
    with Image.open(io.BytesIO(made)) as upright:
        assert upright.height > upright.width
        assert not upright.getexif()


def huge_png() -> bytes:
    """A small file that claims 30,000 × 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    header = (30_000).to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes(3751) * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


BAD: dict[str, tuple[bytes, str, str]] = {
    "text": (b"not a picture at all" * 10, "image/png", "it is not image/png"),
    "renamed": (picture(20, 20, "PNG"), "image/jpeg", "it is PNG and not image/jpeg"),
    "damaged": (picture()[:-600], "image/jpeg", "it cannot be decoded"),
    "huge": (huge_png(), "image/png", ""),
    "script": (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "image/webp", "it is not image/webp"),
}


@pytest.mark.parametrize("name", sorted(BAD))
async def test_what_is_no_picture_of_its_kind_is_refused_and_removed(desk: Desk, name: str) -> None:
    content, kind, reason = BAD[name]
    image_id = await desk.upload(content, kind)
    answer = await desk.complete(image_id)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:agora:problem:image-refused")
    assert reason in answer.json()["reason"]
    assert not await exists(f"images/uploads/{image_id}")
    assert (await desk.complete(image_id)).status_code == 422
    assert [image["state"] for image in await desk.listed()] == ["refused"]
    assert (await desk.product())["image"] is None


async def test_the_address_takes_no_more_and_no_other_than_was_promised(desk: Desk) -> None:
    begun = (await desk.begin(picture(50, 50))).json()
    async with httpx.AsyncClient(trust_env=False) as outside:
        for content, kind in ((picture(900, 900) * 3, "image/jpeg"), (b"<html>", "text/html")):
            answer = await outside.put(begun["url"], content=content, headers={"Content-Type": kind})
            assert answer.status_code in (400, 403), answer.text
    missing = await desk.complete(begun["image_id"])
    assert (missing.status_code, missing.json()["type"]) == (409, "urn:agora:problem:conflict")


@pytest.mark.parametrize(
    "body",
    [
        {"content_type": "image/gif", "size_bytes": 10},
        {"content_type": "image/png", "size_bytes": 0},
        {"content_type": "image/png", "size_bytes": 11 * 1024**2},
    ],
    ids=["gif", "empty", "large"],
)
async def test_an_upload_that_could_not_be_taken_does_not_begin(desk: Desk, body: dict[str, Any]) -> None:
    answer = await desk.client.post(desk.path, json=body, headers=desk.headers)
    assert answer.status_code == 422


async def test_a_product_has_twelve_pictures_at_most(desk: Desk) -> None:
    codes = [(await desk.begin(b"x" * 10)).status_code for _ in range(13)]
    assert codes == [201] * 12 + [409]
    nothing = await desk.client.post("/v1/operate/products/999999999/images", headers=desk.headers,
                                     json={"content_type": "image/png", "size_bytes": 10})  # fmt: skip
    assert nothing.status_code == 404


async def test_the_first_stands_for_the_product_and_files_go_with_the_last_use(desk: Desk) -> None:
    one, two = picture(40, 40), picture(41, 41)
    first, second = await desk.show(one), await desk.show(two)
    digests = [hashlib.sha256(content).hexdigest() for content in (one, two)]
    assert (await desk.product())["image"] == f"/media/{digests[0]}"
    moved = await desk.client.patch(
        f"{desk.path}/{second}", json={"is_first": True, "alt": "Back"}, headers=desk.headers
    )
    assert moved.status_code == 204
    assert (await desk.product())["image"] == f"/media/{digests[1]}"
    assert [image["image_id"] for image in await desk.listed()] == [second, first]
    same = await desk.show(two)  # the same file twice
    assert (await desk.client.delete(f"{desk.path}/{second}", headers=desk.headers)).status_code == 204
    assert await exists(f"images/{digests[1]}/160.webp")
    for image_id in (same, first):
        assert (await desk.client.delete(f"{desk.path}/{image_id}", headers=desk.headers)).status_code == 204
    assert not await exists(f"images/{digests[1]}/160.webp")
    assert (await desk.product())["image"] is None
    assert (await desk.client.get(f"/media/{digests[1]}/160.webp")).status_code == 404


async def test_another_products_picture_is_not_there(desk: Desk) -> None:
    image_id = await desk.show(picture(30, 30))
    other = f"/v1/operate/products/{await a_product()}/images/{image_id}"
    for answer in (
        await desk.client.delete(other, headers=desk.headers),
        await desk.client.patch(other, json={"alt": "x"}, headers=desk.headers),
        await desk.client.post(f"{other}/complete", headers=desk.headers),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:agora:problem:image-not-found")


async def test_completing_twice_at_once_and_a_task_that_runs_twice(committed: Database) -> None:
    product_id, content = await a_product(), picture(600, 400)
    upload = await images.begin_upload(None, product_id, "image/jpeg", len(content))
    async with httpx.AsyncClient(trust_env=False) as outside:
        await outside.put(upload.url, content=content, headers=upload.headers)
    done = await asyncio.gather(*(images.complete(product_id, upload.image_id) for _ in range(5)))
    assert {image.state for image in done} == {"processing"}
    async with committed.reading() as connection:
        counting = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :task")
        jobs = await connection.execute(counting, {"task": images.TASK})
        assert jobs.scalar_one() == 1
    await asyncio.gather(*(images.make_pictures(str(upload.image_id)) for _ in range(3)))
    async with committed.reading() as connection:
        told = await connection.execute(text("SELECT count(*) FROM core.outbox WHERE type = 'catalog.image_added'"))
        assert told.scalar_one() == 1
        assert [image.state for image in await catalog.images_of(connection, product_id)] == ["ready"]


async def test_uploads_that_nobody_completed_are_forgotten_with_their_files(desk: Desk, session: AsyncSession) -> None:
    left = await desk.upload(picture(25, 25))
    kept = await desk.show(picture(26, 26))
    assert await images.sweep_abandoned() == 0
    await session.execute(text("UPDATE catalog.images SET created_at = created_at - interval '2 hours'"))
    assert await images.sweep_abandoned() == 1
    assert not await exists(f"images/uploads/{left}")
    assert [image["image_id"] for image in await desk.listed()] == [kept]


async def test_a_loader_gives_a_picture_once(rolled_back: Database) -> None:
    product_id, content = await a_product(), picture(64, 64)
    assert await catalog.attach_image(product_id, content, "image/jpeg")
    assert not await catalog.attach_image(product_id, content, "image/jpeg")
    with pytest.raises(ImageRefused):
        await catalog.attach_image(product_id, b"nothing" * 9, "image/jpeg")


async def test_the_operators_page_without_a_script(desk: Desk) -> None:
    headers = desk.headers | {"Accept": "text/html", "X-Agora-Anonymous-Id": str(UUID(int=5))}
    path = f"/operate/products/{desk.product_id}/images"
    page = (await desk.client.get(path, headers=headers)).text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]

    async def send(content: bytes, name: str = "coat.png") -> Response:
        return await desk.client.post(path, headers=headers, data={"csrf_token": token, "alt": "Coat"},
                                      files={"file": (name, content, "image/png")})  # fmt: skip

    wrong = await send(b"MZ this is a program" * 20)
    assert (wrong.status_code, "must be one of image/jpeg" in wrong.text, 'value="Coat"' in wrong.text) == (
        422,
        True,
        True,
    )
    done = await send(picture(30, 30, "WEBP"))
    assert done.status_code == 303
    assert "Being made ready" in (await desk.client.get(done.headers["location"], headers=headers)).text
    large = await send(bytes(10 * 1024**2 + 300_000))
    assert large.status_code == 413


async def test_a_file_that_is_swapped_after_it_was_looked_at_is_not_shown(desk: Desk) -> None:
    content = picture(40, 40)
    other = content[:-2] + b"\xff\xd8"  # as long, and another
    begun = (await desk.begin(content)).json()
    async with httpx.AsyncClient(trust_env=False) as outside:
        await outside.put(begun["url"], content=content, headers=begun["headers"])
        assert (await desk.complete(begun["image_id"])).json()["state"] == "processing"
        assert (await outside.put(begun["url"], content=other, headers=begun["headers"])).status_code == 200
    await images.make_pictures(begun["image_id"])
    [image] = await desk.listed()
    assert (image["state"], image["reason"]) == ("refused", "the file changed after it was looked at")
    assert not await exists(f"images/uploads/{begun['image_id']}")
    assert (await desk.product())["image"] is None


async def test_a_picture_removed_while_it_is_made_leaves_the_same_one_of_another_product(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = picture(40, 40)
    digest = hashlib.sha256(content).hexdigest()
    other = Desk(desk.client, desk.headers, await a_product())
    await other.show(content)
    image_id = await desk.upload(content)
    await desk.complete(image_id)
    shrink = pictures.shrink

    def shrink_while_it_goes(content: bytes) -> Any:
        asyncio.run_coroutine_threadsafe(
            desk.client.delete(f"{desk.path}/{image_id}", headers=desk.headers), loop
        ).result(10)
        return shrink(content)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(pictures, "shrink", shrink_while_it_goes)
    await images.make_pictures(image_id)
    assert await desk.listed() == []
    assert (await desk.client.get(f"/media/{digest}/480.webp")).status_code == 200


async def test_a_picture_that_stood_still_is_finished_or_given_up(desk: Desk, session: AsyncSession) -> None:
    image_id = await desk.upload(picture(40, 40))
    await desk.complete(image_id)
    await storage.remove(f"images/uploads/{image_id}")
    await session.execute(text("DELETE FROM procrastinate_jobs"))
    await session.execute(text("UPDATE catalog.images SET updated_at = updated_at - interval '2 hours'"))
    await images.sweep_abandoned()
    jobs = await session.execute(text("SELECT args->'args'->>'image_id' FROM procrastinate_jobs"))
    assert jobs.scalars().all() == [image_id]
    await images.make_pictures(image_id)
    assert [image["state"] for image in await desk.listed()] == ["refused"]


async def test_an_upright_picture_is_as_wide_as_its_page_is_told(desk: Desk) -> None:
    content = picture(800, 1000)
    await desk.show(content)
    page = await desk.client.get(f"/p/{desk.product_id}", headers={"accept": "text/html"}, follow_redirects=True)
    assert "480.webp 384w" in page.text
    with Image.open(io.BytesIO(await images.open_picture(hashlib.sha256(content).hexdigest(), 480))) as made:
        assert made.size == (384, 480)


async def test_one_product_loses_a_picture_while_another_gets_the_same(committed: Database) -> None:
    """Whoever comes first: a picture that is shown has its files."""
    content = picture(64, 64)
    digest = hashlib.sha256(content).hexdigest()
    for pause in (0, 0.005, 0.01, 0.02, 0.04):
        old, new = await a_product(), await a_product()
        await catalog.attach_image(old, content, "image/jpeg")
        async with transaction() as session:
            [was] = await catalog.images_of(session, old)

        async def take_away(product_id: int, image_id: UUID, pause: float) -> None:
            await asyncio.sleep(pause)
            await images.remove(uuid4(), product_id, image_id)

        await asyncio.gather(catalog.attach_image(new, content, "image/jpeg"), take_away(old, was.image_id, pause))
        assert [await exists(f"images/{digest}/{size}.webp") for size in images.SIZES] == [True] * 3
        async with transaction() as session:
            [now] = await catalog.images_of(session, new)
        await images.remove(uuid4(), new, now.image_id)
        assert not await exists(f"images/{digest}/160.webp")

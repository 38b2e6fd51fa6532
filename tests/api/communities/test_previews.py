"""Previews of links: read from a server of the test's own, and never from an address that is not public."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import outbound
from api.core.outbound import NotFetched, fetch_page
from api.domains.communities.service import previews
from tests.api.communities.conftest import Forum, Named

HEAD = (
    "<html><head><title>Plain &amp; simple</title><meta property='og:site_name' content=' A  site '>"
    "<meta name=description content='All <b>about</b> leaves'></head><body><title>Not this</title>"
)


class Site:
    """A web server that says what it is told to; `asked` are the paths that were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        self.asked.append(path)
        try:
            await self._say(path, writer)
        except ConnectionError:
            pass  # whoever asked has read enough
        finally:
            writer.close()

    async def _say(self, path: str, writer: asyncio.StreamWriter) -> None:
        head = "HTTP/1.1 {}\r\nConnection: close\r\nContent-Type: {}\r\n"
        if path == "/page":
            writer.write((head.format("200 OK", "text/html; charset=utf-8") + "\r\n" + HEAD).encode())
        elif path == "/round":
            writer.write((head.format("302 Found", "text/html") + "Location: /round\r\n\r\n").encode())
        elif path.startswith("/to?"):
            writer.write((head.format("302 Found", "text/html") + f"Location: {path[4:]}\r\n\r\n").encode())
        elif path == "/endless":
            writer.write((head.format("200 OK", "text/html") + "\r\n").encode())
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        elif path == "/slow":
            await asyncio.sleep(30)
        else:
            writer.write((head.format("200 OK", "application/pdf") + "\r\n%PDF").encode())
        await writer.drain()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    found = Site()
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield found
    server.close()


async def fetched(url: str, *, is_loopback_allowed: bool = True, seconds: float = 5.0) -> bytes:
    page = await fetch_page(url, longest=100_000, seconds=seconds, hops=3, is_loopback_allowed=is_loopback_allowed)
    return page.body


async def test_a_page_is_read_within_its_bounds(site: Site) -> None:
    assert (await fetched(f"{site.url}/page")).decode() == HEAD
    assert (await fetched(f"{site.url}/to?/page")).decode() == HEAD
    assert len(await fetched(f"{site.url}/endless")) == 100_000
    for path in ("/round", "/pdf"):
        with pytest.raises(NotFetched):
            await fetched(f"{site.url}{path}")
    with pytest.raises(NotFetched, match="in time"):
        await fetched(f"{site.url}/slow", seconds=0.3)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://10.1.2.3/",
        "http://169.254.169.254/latest/meta-data/", "http://192.168.0.1/", "http://0.0.0.0/", "http://100.64.0.1/",
        "http://2130706433/", "http://0x7f.1/", "file:///etc/passwd", "ftp://example.org/", "gopher://x/",
        "https://me:you@example.org/", "http:///nothing", "http://[fe80::1]/", "http://[fd00::1]/", "http://224.0.0.1/",
    ],
)  # fmt: skip
async def test_what_is_not_public_is_not_asked(url: str) -> None:
    with pytest.raises(NotFetched):
        await fetched(url, is_loopback_allowed=False)


async def test_a_port_of_no_web_server_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "check_addresses", lambda *_, **__: pytest.fail("resolved"))
    with pytest.raises(NotFetched, match="port"):
        await fetched("http://example.org:6379/", is_loopback_allowed=False)


async def test_a_redirect_or_a_name_that_changes_its_mind_leads_nowhere_else(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The redirect points inside; and a name is asked for once, its address used for the call."""
    with pytest.raises(NotFetched, match="public"):
        await fetched(f"{site.url}/to?http://10.0.0.1/")
    loop, asked = asyncio.get_running_loop(), list[str]()
    port = urlsplit(site.url).port

    async def rebinding(host: str, number: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(2, 1, 6, "", (address, number))]

    monkeypatch.setattr(loop, "getaddrinfo", rebinding)
    assert (await fetched(f"http://changes.example:{port}/page")).decode() == HEAD
    assert asked == ["changes.example"]
    with pytest.raises(NotFetched, match="public"):
        await fetched(f"http://changes.example:{port}/page")


async def test_a_link_post_gets_its_preview_once(
    forum: Forum, named: Named, session: AsyncSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "MAY_ASK_LOOPBACK", True)
    ada = await named("ada")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "Look", kind="link", url=f"{site.url}/page")
    jobs = "SELECT args -> 'args' ->> 'post_id' FROM procrastinate_jobs WHERE task_name = 'communities.preview_link'"
    assert (await session.execute(text(jobs))).scalars().all() == [post["post_id"]]
    for _ in range(2):
        await previews.preview_link(post["post_id"])
    assert site.asked == ["/page"]
    now = await forum.send(None, "GET", f"/posts/{post['post_id']}")
    assert now["preview"] == {
        "title": "Plain & simple", "description": "All <b>about</b> leaves", "site": "A site",
    }  # fmt: skip
    monkeypatch.setattr(previews, "MAY_ASK_LOOPBACK", False)
    other = await forum.post(ada, "tea", "Inside", kind="link", url=f"{site.url}/page")
    await previews.preview_link(other["post_id"])
    assert (await forum.send(None, "GET", f"/posts/{other['post_id']}"))["preview"] is None
    await forum.send(ada, "DELETE", f"/posts/{post['post_id']}", status=204)
    assert (await forum.send(None, "GET", f"/posts/{post['post_id']}"))["preview"] is None

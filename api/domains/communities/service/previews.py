"""Previews of links: what the linked page says of itself, read by the worker and by nobody's browser."""

from html.parser import HTMLParser
from uuid import UUID

import structlog

from api.core import outbound
from api.core.db import transaction
from api.domains.communities.repository import posts as repository

log = structlog.get_logger(__name__)
TASK = "communities.preview_link"
LONGEST, SECONDS, HOPS = 512 * 1024, 8.0, 4
LONGEST_TEXT = {"title": 200, "description": 300, "site": 80}
MAY_ASK_LOOPBACK = False  # a test's own server; never anything else
# What a page says of itself, the better source first.
_SOURCES = {
    "title": ("og:title", "twitter:title", "<title>"),
    "description": ("og:description", "description", "twitter:description"),
    "site": ("og:site_name",),
}


class _Head(HTMLParser):
    """The title of a page and its meta properties, each the first time that it stands there."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._is_in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a property, and where the title begins."""
        if tag == "title":
            self._is_in_title = "<title>" not in self.found
        elif tag == "meta":
            values = {name: value or "" for name, value in attrs}
            name = (values.get("property") or values.get("name") or "").lower()
            self.found.setdefault(name, values.get("content", ""))

    def handle_endtag(self, tag: str) -> None:
        """The title ends."""
        if tag == "title":
            self._is_in_title = False

    def handle_data(self, data: str) -> None:
        """Words of the title."""
        if self._is_in_title:
            self.found["<title>"] = self.found.get("<title>", "") + data


def read_head(html: str) -> dict[str, str]:
    """Title, description and site, as plain text; without what the page does not say."""
    head = _Head()
    head.feed(html)
    said: dict[str, str] = {}
    for name, sources in _SOURCES.items():
        texts = (" ".join(head.found.get(source, "").replace("\x00", "").split()) for source in sources)
        if text := next(filter(None, texts), ""):
            said[name] = text[: LONGEST_TEXT[name]]
    return said


async def preview_link(post_id: str) -> None:
    """The task: read the linked page once; one that cannot be read leaves the post without a preview."""
    async with transaction() as session:
        url = await repository.link_of(session, UUID(post_id))
    if not url:
        return
    try:
        page = await outbound.fetch_page(
            url, longest=LONGEST, seconds=SECONDS, hops=HOPS, is_loopback_allowed=MAY_ASK_LOOPBACK
        )
    except outbound.NotFetched as error:
        log.info("link_not_previewed", post_id=post_id, reason=str(error)[:200])
        return
    _, _, charset = page.content_type.partition("charset=")
    try:
        html = page.body.decode(charset.strip(" \"'") or "utf-8", "replace")
    except LookupError:
        html = page.body.decode("utf-8", "replace")
    if said := read_head(html):
        async with transaction() as session:
            await repository.set_preview(session, UUID(post_id), url, said)

"""Markdown → HTML: CommonMark with tables, ~~strikes~~, ||spoilers|| and @mentions; sanitised.

Pictures are links, but for those of ours where they belong to what is written.

The parser passes no HTML through, and what it makes goes through the sanitiser all the same.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from api.core.errors import Invalid

LONGEST_URL = 2000
_BLOCKS = ("p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "pre", "blockquote", "hr")
_TABLES = ("table", "thead", "tbody", "tr", "th", "td")
_TAGS = {*_BLOCKS, *_TABLES, "a", "br", "strong", "em", "s", "code", "span"}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "span": {"tabindex"}}
_CLASSES = {"span": {"spoiler"}}
_SPECIAL = re.compile(r"\|\||(?<![\w/@])@([a-z0-9_-]{3,30})(?![\w-])")
_MENTION = re.compile(r"(?<![\w/@])@([a-z0-9_-]{3,30})(?![\w-])")
MOST_MENTIONS = 20
OWN_PICTURE = re.compile(
    r"/articles/images/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/(?:160|480|960)\.webp"
)


@lru_cache(maxsize=2)
def _parser(*, has_pictures: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(["table", "strikethrough"])
    if has_pictures:
        parser.add_render_rule("image", _picture)
    else:
        parser.disable("image")
    parser.core.ruler.push("agora", _add_ours)
    return parser


def _picture(_self: object, tokens: Sequence[Token], number: int, *_rest: Any) -> str:
    """A picture of ours as such; another as a link, so that nobody is made to ask another host."""
    token = tokens[number]
    source, alt = escape(str(token.attrs.get("src", ""))), escape(token.content)
    if OWN_PICTURE.fullmatch(source):
        return f'<img src="{source}" alt="{alt}">'
    return f'<a href="{source}">{alt or source}</a>'


def to_html(markdown: str, *, has_pictures: bool = False, top_heading: int = 3) -> str:
    """What a browser is given. Headings are those below the page's own; links say that nobody vouches for them."""
    html = _parser(has_pictures=has_pictures).render(markdown)
    below = top_heading - 1
    html = re.sub(r"<(/?)h([1-6])>", lambda found: f"<{found[1]}h{_heading(int(found[2]), below)}>", html)
    return nh3.clean(
        html,
        tags=_TAGS | ({"img"} if has_pictures else set()),
        attributes=_ATTRIBUTES | ({"img": {"src", "alt"}} if has_pictures else {}),
        allowed_classes=_CLASSES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow ugc noopener",
    )


def _heading(level: int, below: int) -> int:
    """The two largest are moved below the page's own headings; smaller ones stay as they are."""
    return level + below if level <= 2 else max(level, below + 1)


def own_pictures(markdown: str) -> set[UUID]:
    """The pictures of ours that a text shows."""
    return {UUID(found[1]) for found in OWN_PICTURE.finditer(markdown)}


def mentions(markdown: str) -> list[str]:
    """Handles that a text calls, each once, in their order; the first twenty."""
    return list(dict.fromkeys(_MENTION.findall(markdown)))[:MOST_MENTIONS]


def fitting_url(url: str) -> str:
    """An address to link to. Raises Invalid for anything but http and https with a host."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if len(url) > LONGEST_URL or not host or parts.scheme not in ("http", "https") or re.search(r"[\s<>\"]", url):
        raise Invalid("url", "takes an address that begins with http:// or https://")
    return url


def _add_ours(state: StateCore) -> None:
    """Spoilers and mentions in the words of a text, never in code, and no mention in a link."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            words = "".join(each.content for each in block.children if each.type == "text")
            marks = words.count("||") // 2 * 2  # one without a second is two characters
            block.children = list(_spelled(block.children, marks))


def _spelled(tokens: list[Token], marks: int) -> Iterator[Token]:
    links = seen = 0
    for token in tokens:
        links += token.nesting if token.type in ("link_open", "link_close") else 0
        if token.type != "text":
            yield token
            continue
        start = 0
        for found in _SPECIAL.finditer(token.content):
            if (found[1] and links) or (not found[1] and seen == marks):
                continue
            yield _text(token.content[start : found.start()])
            start = found.end()
            if found[1]:
                yield Token("link_open", "a", 1, attrs={"href": f"/forum/u/{found[1]}"})
                yield _text(found[0])
                yield Token("link_close", "a", -1)
            else:
                yield _spoiler(is_open=seen % 2 == 0)
                seen += 1
        yield _text(token.content[start:])


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _spoiler(*, is_open: bool) -> Token:
    attrs: dict[str, str | int | float] = {"class": "spoiler", "tabindex": "0"} if is_open else {}
    return Token("spoiler_open" if is_open else "spoiler_close", "span", 1 if is_open else -1, attrs=attrs)

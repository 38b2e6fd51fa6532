"""Pictures of products that have no photograph: a soft tile with an icon, the same for ever for the same product."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import fontawesomefree  # type: ignore[import-untyped]
from fastapi import Response
from markupsafe import Markup

from api.core.access import open_to_all
from api.core.errors import NotFound
from api.core.routing import Router
from api.web.shelf_icons import DEPARTMENTS, FALLBACK, RULES, WARDROBE, WARDROBE_DEPARTMENTS, Rule

router = Router(include_in_schema=False)

ICON_FOLDER = Path(fontawesomefree.__file__).parent / "static" / "fontawesomefree" / "svgs" / "solid"
ICONS = frozenset(rule.icon for rule in (*RULES, *WARDROBE, *DEPARTMENTS, FALLBACK))
VARIANTS = 6
_WARDROBE = re.compile(rf"\b(?:{WARDROBE_DEPARTMENTS.replace('$', chr(92) + 'b')})", re.I)

# tone: (ground, shape, ink) in the light, then in the dark
TONES: dict[str, tuple[str, str, str, str, str, str]] = {
    "green": ("#eaf3e6", "#d5e8cf", "#2f6b3c", "#1a261d", "#233427", "#93cb9d"),
    "amber": ("#fcf3dc", "#f8e5b6", "#8a5a05", "#29231a", "#393020", "#e3bd6c"),
    "orange": ("#fdebdf", "#f9d6bf", "#a8480f", "#2b201a", "#3d2b20", "#eda474"),
    "red": ("#fbe8e5", "#f5d0cb", "#a3322a", "#2b1c1b", "#3d2625", "#ee9a92"),
    "rose": ("#fbe9f0", "#f5d2e0", "#a02c5b", "#2a1b22", "#3c2530", "#ec97b8"),
    "berry": ("#f5e6ee", "#ead0de", "#7d1f4b", "#281a21", "#39232e", "#dd8fb2"),
    "violet": ("#efebf9", "#dfd6f2", "#5b3fa3", "#211d2d", "#2f2842", "#b7a2ea"),
    "blue": ("#e6f0fa", "#cfe2f4", "#1f5a94", "#1a232d", "#223242", "#8fbdea"),
    "teal": ("#e3f2f1", "#cae6e4", "#17666b", "#192727", "#213838", "#82c9c6"),
    "sand": ("#f5efe6", "#e8decd", "#6f5532", "#26221c", "#373026", "#d0b48b"),
    "cocoa": ("#f2e8e2", "#e2d0c5", "#5c3a28", "#261f1b", "#372b25", "#cfa58d"),
    "slate": ("#eceff2", "#d9e0e5", "#43525e", "#1e2326", "#2a3237", "#a9bac6"),
}

SHAPES = (
    '<circle class="s" cx="200" cy="200" r="132"/>',
    '<rect class="s" x="76" y="76" width="248" height="248" rx="56" transform="rotate(-9 200 200)"/>',
    '<path class="s" d="M84 328V204a116 116 0 0 1 232 0v124z"/>',
    '<ellipse class="s" cx="200" cy="210" rx="150" ry="112" transform="rotate(14 200 210)"/>',
    '<circle class="s" cx="176" cy="180" r="112"/><circle class="s" cx="252" cy="250" r="84"/>',
    '<rect class="s" x="92" y="60" width="216" height="280" rx="108" transform="rotate(10 200 200)"/>',
)
TILTS = (0, -6, 0, 5, -4, 6)


class Named(Protocol):
    """What a line of a cart knows of its product."""

    @property
    def product_id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def image(self) -> str | None: ...


class Pictured(Named, Protocol):
    """What a picture is chosen by."""

    @property
    def department(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def product_type(self) -> str: ...


@lru_cache
def _patterns(rules: tuple[Rule, ...]) -> tuple[tuple[Rule, re.Pattern[str]], ...]:
    return tuple((rule, re.compile(rf"\b(?:{rule.words.replace('$', chr(92) + 'b')})", re.I)) for rule in rules)


def _first(rules: tuple[Rule, ...], text: str) -> Rule | None:
    return next((rule for rule, pattern in _patterns(rules) if pattern.search(text)), None)


@lru_cache(maxsize=16_384)
def rule_for(title: str, department: str, category: str, product_type: str) -> Rule:
    """The icon and tone of a product: its type speaks first, then its category, its title, its department."""
    rules = WARDROBE if _WARDROBE.search(department) else RULES
    for text in (product_type, category, title):
        if text and (rule := _first(rules, text)):
            return rule
    return _first(DEPARTMENTS, department) or FALLBACK


@lru_cache(maxsize=256)
def department_rule(department: str) -> Rule:
    """The icon and tone of a whole department."""
    return _first(DEPARTMENTS, department) or _first(RULES, department) or FALLBACK


def tile_url(icon: str, tone: str, variant: int) -> str:
    """Address of a tile."""
    return f"/pictures/{icon}.{tone}.{variant}.svg"


def picture_url(product: Pictured, size: int = 480) -> str:
    """Address of a product's picture, or of a tile where it has none; equal tiles share one address."""
    if product.image:
        return f"{product.image}/{size}.webp"
    rule = rule_for(product.title, product.department, product.category or "", product.product_type or "")
    return tile_url(rule.icon, rule.tone, product.product_id % VARIANTS)


def line_url(line: Named) -> str:
    """The same for a line of a cart or an order, which knows no more than the product's title."""
    if line.image:
        return f"{line.image}/160.webp"
    rule = rule_for(line.title, "", "", "")
    return tile_url(rule.icon, rule.tone, line.product_id % VARIANTS)


def department_url(department: str) -> str:
    """Address of a department's tile."""
    rule = department_rule(department)
    return tile_url(rule.icon, rule.tone, 0)


def _icon_source(icon: str) -> tuple[float, float, str]:
    text = (ICON_FOLDER / f"{icon}.svg").read_text()
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    body = re.search(r"<svg[^>]*>(.*)</svg>", text, re.S)
    if box is None or body is None:
        raise ValueError(f"{icon}.svg has no view box")
    return float(box[1]), float(box[2]), body[1]


@lru_cache(maxsize=1024)
def tile(icon: str, tone: str, variant: int) -> str:
    """The SVG of a tile, 400 × 400, light and dark by the reader's preference.

    Raises KeyError for an icon, tone or variant that no rule leads to.
    """
    if icon not in ICONS or not 0 <= variant < VARIANTS:
        raise KeyError(icon)
    ground, shape, ink, dark_ground, dark_shape, dark_ink = TONES[tone]
    width, height, body = _icon_source(icon)
    scale = 152 / max(width, height)
    place = (
        f"rotate({TILTS[variant]} 200 200) "
        f"translate({200 - width * scale / 2:.1f} {200 - height * scale / 2:.1f}) scale({scale:.4f})"
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400">'
        f"<style>.g{{fill:{ground}}}.s{{fill:{shape}}}.i{{fill:{ink}}}"
        f"@media(prefers-color-scheme:dark){{.g{{fill:{dark_ground}}}.s{{fill:{dark_shape}}}.i{{fill:{dark_ink}}}}}"
        f'</style><rect class="g" width="400" height="400"/>{SHAPES[variant]}'
        f'<g class="i" transform="{place}">{body}</g></svg>'
    )


@lru_cache(maxsize=128)
def icon(name: str) -> Markup:
    """A small icon inside the page, in the colour of its text, hidden from screen readers."""
    width, height, body = _icon_source(name)
    body = re.sub(r"<!--.*?-->", "", body)
    return Markup(  # noqa: S704  the source is the installed icon package, never a request
        f'<svg class="icon" viewBox="0 0 {width:g} {height:g}" aria-hidden="true" focusable="false">{body}</svg>'
    )


@lru_cache(maxsize=128)
def symbol(name: str) -> Markup:
    """The same for a page that shows it often: named here once, and each time by `<use href="#name"/>`."""
    width, height, body = _icon_source(name)
    body = re.sub(r"<!--.*?-->", "", body)
    return Markup(f'<symbol id="{name}" viewBox="0 0 {width:g} {height:g}">{body}</symbol>')  # noqa: S704 as above


@router.get("/pictures/{icon}.{tone}.{variant}.svg")
@open_to_all
async def picture(icon: str, tone: str, variant: str) -> Response:
    """A product's tile. Its address says all that it shows, so a browser may keep it for a year."""
    try:
        source = tile(icon, tone, int(variant))
    except (KeyError, ValueError) as error:
        raise NotFound from error
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(source, media_type="image/svg+xml", headers=headers)

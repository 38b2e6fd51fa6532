"""Server-rendered pages: Jinja2 over the templates of `api/web`, with what every page needs."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound, select_autoescape

from api.core.csrf import csrf_token

TEMPLATES = Path(__file__).parents[1] / "web" / "templates"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The template environment of this process; `api.web` adds its filters here."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.policies["json.dumps_function"] = _as_json
    return made


def _as_json(value: Any, **_: Any) -> str:
    """Documents for search engines repeat a page's words: the standard library took a twentieth of it for them."""
    return orjson.dumps(value).decode()


def render(
    request: Request, template: str, status_code: int = 200, headers: dict[str, str] | None = None, **context: Any
) -> HTMLResponse:
    """A page. Templates always have `visitor`, `csrf_token`, `cart_count`, `unread`, `beside` and `path`."""
    state = request.state
    base = {
        "request": request,
        "visitor": getattr(state, "visitor", None),
        "csrf_token": csrf_token(request),
        "cart_count": getattr(state, "cart_count", None),
        "unread": getattr(state, "unread", 0),
        "beside": getattr(state, "beside", None),
        "path": request.url.path,
    }
    html = environment().get_template(template).render(base | context)
    state.is_rendered = True
    return HTMLResponse(html, status_code=status_code, headers=headers)


def error_page(request: Request, document: dict[str, Any]) -> HTMLResponse:
    """A problem as a page; plain text where the design has no page for errors."""
    try:
        return render(request, "error.html", status_code=document["status"], problem=document)
    except TemplateNotFound:
        return HTMLResponse(f"<!doctype html><title>{document['title']}</title>", status_code=document["status"])

"""What every answer carries: cookies that a dependency asked for, security headers, refusal of cross-site writes."""

import asyncio
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import IO, Any
from urllib.parse import quote, urlsplit

import orjson
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.core.errors import TooLarge, problem, unexpected
from api.core.settings import get_settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; object-src 'none';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def set_cookie(request: Request, name: str, value: str, max_age: int | None) -> None:
    """Set an HttpOnly, SameSite=Lax cookie on the answer to `request`, whatever object the endpoint returns."""
    cookie: SimpleCookie = SimpleCookie()
    cookie[name] = value
    morsel = cookie[name]
    morsel["path"] = "/"
    morsel["httponly"] = True
    morsel["samesite"] = "lax"
    if get_settings().is_secure:
        morsel["secure"] = True
    if max_age is not None:
        morsel["max-age"] = max_age
    pending: dict[str, str] = request.scope.setdefault("agora.cookies", {})
    pending[name] = morsel.OutputString()


def delete_cookie(request: Request, name: str) -> None:
    """Make the browser forget a cookie."""
    set_cookie(request, name, "", max_age=0)


async def read_body(request: Request, limit: int) -> bytes:
    """The request's body. Raises TooLarge at the first byte over `limit`, and reads no further."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"The body may have {limit} bytes.")
    return bytes(body)


async def read_body_to(request: Request, file: IO[bytes], limit: int) -> int:
    """Write the request's body to `file` while it comes, and go back to its start; returns how many bytes.

    Raises TooLarge at the first byte over `limit`.
    """
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The body may have {limit} bytes.")
        await asyncio.to_thread(file.write, chunk)
    file.seek(0)
    return size


def attachment(name: str) -> dict[str, str]:
    """The header with which a browser keeps an answer as the file `name`."""
    return {"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


class AnswerMiddleware:
    """Adds pending cookies and security headers, and refuses writes that another site makes a browser send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Set here, so that scopes copied by routers share it.
        cookies: dict[str, str] = scope.setdefault("agora.cookies", {})

        has_started = False

        async def send_more(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                _add_headers(MutableHeaders(scope=message), cookies)
            await send(message)

        if scope["method"] not in SAFE_METHODS and _is_cross_site(Headers(scope=scope)):
            await _refuse(send_more)
            return
        try:
            await self._app(scope, receive, send_more)
        except Exception as error:  # here and not in Starlette's outermost layer, which would answer without headers
            if has_started:
                raise
            answer = unexpected(Request(scope), error)
            await answer(scope, receive, send_more)


def _add_headers(headers: MutableHeaders, cookies: Mapping[str, str]) -> None:
    for cookie in cookies.values():
        headers.append("set-cookie", cookie)
    headers["x-content-type-options"] = "nosniff"
    if headers.get("content-type", "").startswith("text/html"):
        headers.setdefault("content-security-policy", PAGE_POLICY)
        headers["referrer-policy"] = "same-origin"
        headers["x-frame-options"] = "DENY"
        headers["cross-origin-opener-policy"] = "same-origin"
        headers.setdefault("cache-control", "private, no-store")
        if get_settings().is_secure:
            headers["strict-transport-security"] = "max-age=31536000"


def _is_cross_site(headers: Headers) -> bool:
    """Whether a browser says that another site made this request; programs that say nothing pass."""
    if "cookie" not in headers:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


async def _refuse(send: Send) -> None:
    document: dict[str, Any] = problem(403, "cross-site", "Another site may not send this")
    content_type = (b"content-type", b"application/problem+json")
    await send({"type": "http.response.start", "status": 403, "headers": [content_type]})
    await send({"type": "http.response.body", "body": orjson.dumps(document)})

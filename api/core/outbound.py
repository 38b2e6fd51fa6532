"""Calls to addresses that people give us, so that nobody makes this house call itself or its neighbours.

The name is resolved here and the connection goes to the address that was checked, so that a name which changes its
mind between check and call leads nowhere else. A redirect is a new address, checked like the first one.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

WEB_PORTS = frozenset({80, 443})


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page as far as it was read, and where it was in the end."""

    url: str
    content_type: str
    body: bytes


class NotFetched(Exception):
    """A page that may not be asked for, does not answer in time, or is none; the message says which."""


def check_url(url: str, *, is_loopback_allowed: bool, is_plain_allowed: bool = False) -> tuple[str, int]:
    """Host and port of an address that may be called. Raises ValueError that says why not."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.fragment:
        raise ValueError("must have no name, password or fragment")
    if not parts.hostname:
        raise ValueError("has no host")
    if parts.scheme != "https" and not (parts.scheme == "http" and (is_loopback_allowed or is_plain_allowed)):
        raise ValueError("must be an https address")
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def check_addresses(addresses: Iterable[str], *, is_loopback_allowed: bool) -> str:
    """The address to connect to, of those that a name resolves to. Raises ValueError when any is not public."""
    found = [ipaddress.ip_address(address) for address in addresses]
    if not found:
        raise ValueError("does not resolve")
    for address in found:
        inner = getattr(address, "ipv4_mapped", None) or address
        if inner.is_loopback and is_loopback_allowed:
            continue
        if not inner.is_global or inner.is_multicast or inner.is_reserved:
            raise ValueError("is not a public address")
    return str(found[0])


async def resolve(url: str, *, is_loopback_allowed: bool, is_plain_allowed: bool = False) -> str:
    """An address behind the URL that may be called. Raises ValueError, and OSError where the name is not known."""
    host, port = check_url(url, is_loopback_allowed=is_loopback_allowed, is_plain_allowed=is_plain_allowed)
    if is_plain_allowed and port not in WEB_PORTS and not is_loopback_allowed:
        raise ValueError("is at no port of the web")
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return check_addresses([str(entry[4][0]) for entry in found], is_loopback_allowed=is_loopback_allowed)


def pinned(url: str, address: str) -> tuple[str, dict[str, str], dict[str, Any]]:
    """The same request to the address that was checked, with the name where TLS and the server look for it."""
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    netloc = f"{host}:{parts.port}" if parts.port else host
    named = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    return parts._replace(netloc=netloc).geturl(), {"host": named}, {"sni_hostname": parts.hostname or ""}


async def fetch_page(
    url: str, *, longest: int, seconds: float, hops: int, is_loopback_allowed: bool = False
) -> Fetched:
    """A page of HTML: at most its first `longest` bytes, all of it within `seconds`. Raises NotFetched."""
    try:
        async with asyncio.timeout(seconds), httpx.AsyncClient(timeout=seconds, trust_env=False) as client:
            for _ in range(hops + 1):
                found = await _step(client, url, longest, is_loopback_allowed)
                if isinstance(found, Fetched):
                    return found
                url = found
    except TimeoutError as error:
        raise NotFetched("it does not answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise NotFetched(str(error) or type(error).__name__) from error
    raise NotFetched("it leads on too often")


async def _step(client: httpx.AsyncClient, url: str, longest: int, is_loopback_allowed: bool) -> Fetched | str:
    """A page, or where it leads on to."""
    url = urlsplit(url)._replace(fragment="").geturl()
    address = await resolve(url, is_loopback_allowed=is_loopback_allowed, is_plain_allowed=True)
    target, headers, extensions = pinned(url, address)
    headers |= {"accept": "text/html", "accept-encoding": "identity", "user-agent": "Agora link preview"}
    async with client.stream("GET", target, headers=headers, extensions=extensions) as answer:
        if answer.is_redirect:
            return urljoin(url, str(answer.headers.get("location", "")))
        kind = answer.headers.get("content-type", "")
        if answer.status_code != 200 or "html" not in kind:
            raise NotFetched(f"it answers {answer.status_code} with {kind or 'nothing'}")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise NotFetched("it answers compressed, though it was not asked to")
        body = b""
        async for part in answer.aiter_raw():
            body += part
            if len(body) >= longest:
                break
        return Fetched(url, kind, body[:longest])

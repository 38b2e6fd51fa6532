"""Rate limits by class, per person and per address, with counters in Valkey that all processes share.

A route's class is read from its method (`read`, `write`) unless it says another beside itself: `@limited("search")`.
Windows slide: a share of the last window counts that shrinks as the present one goes on. While Valkey is away each
process counts for itself, so that a limit is never lifted altogether.
"""

import asyncio
import hashlib
import hmac
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any, Literal, TypeVar

import structlog
from fastapi import Request
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from valkey.exceptions import ValkeyError

from api.core.auth import get_optional
from api.core.errors import AppError, TooMany
from api.core.http import SAFE_METHODS
from api.core.settings import get_settings

log = structlog.get_logger(__name__)

Class = Literal["sign-in", "register", "post", "search", "write", "read"]
PASS_HEADER = "x-limits-pass"  # noqa: S105 -- the name of a header
WAIT = 0.25  # seconds that Valkey has for an answer
PAUSE = 1.0  # seconds in which it is not asked after a failure

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Limit:
    """How often one person, one address, and (signing in) one account that is tried."""

    person: RateLimitItem
    address: RateLimitItem


# An address may be a school or an office with many people behind it, so it gets several times a person's share.
LIMITS: dict[Class, Limit] = {
    "sign-in": Limit(parse("20/15 minutes"), parse("100/15 minutes")),
    "register": Limit(parse("10/hour"), parse("60/hour")),
    "post": Limit(parse("30/minute"), parse("150/minute")),
    "search": Limit(parse("240/minute"), parse("1200/minute")),
    "write": Limit(parse("300/minute"), parse("1500/minute")),
    "read": Limit(parse("1200/minute"), parse("6000/minute")),
}


def limited(kind: Class | None) -> Callable[[Endpoint], Endpoint]:
    """Declare the class of a route; stands between the route's decorator and the function.

    None: not counted, for what machines sign and send at their own pace.
    """
    if kind is not None and kind not in LIMITS:
        raise ValueError(f"no such class of limits: {kind}")

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, "limit_class", kind)  # noqa: B010 -- a function has no such attribute for the type checker
        return endpoint

    return mark


def class_of(endpoint: object, method: str) -> Class | None:
    """The declared class of a route's function, or that of its method."""
    if hasattr(endpoint, "limit_class"):
        declared: Class | None = endpoint.limit_class
        return declared
    return "read" if method in SAFE_METHODS else "write"


async def limit(request: Request) -> None:
    """A dependency of every route: counts the request. Raises TooMany."""
    if not get_settings().api_limits or _has_pass(request):
        return
    kind = class_of(getattr(request.scope.get("route"), "endpoint", None), request.method)
    if kind is None:
        return
    spending = [_spend(kind, "address", address_of(request))]
    if (person := await _person(request)) is not None:
        spending.append(_spend(kind, "person", person))
    await asyncio.gather(*spending)


async def limit_account(request: Request, account: str) -> None:
    """Count a try at `account`, whoever tries from wherever. Raises TooMany."""
    if get_settings().api_limits and not _has_pass(request):
        await _spend("sign-in", "account", account.strip().lower())


async def _spend(kind: Class, of: Literal["person", "address", "account"], subject: str) -> None:
    """Count one use by `subject`. Raises TooMany, with the seconds to wait."""
    bounds = LIMITS[kind]
    item = bounds.address if of == "address" else bounds.person
    # Neither addresses nor names stand in Valkey in the clear.
    key = hashlib.blake2b(subject.encode(), digest_size=12).hexdigest()
    wait = await get_counters().hit(item, kind, of, key)
    if wait is not None:
        raise TooMany(wait)


def address_of(request: Request) -> str:
    """The asker's address: that of the connection, or what a proxy of ours says. An IPv6 host counts as its /64."""
    host = request.client.host if request.client else "0.0.0.0"  # noqa: S104 -- a key, nothing is bound
    trusted = _proxies()
    if trusted:
        for said in reversed(request.headers.get("x-forwarded-for", "").split(",")):
            if not any(_inside(host, network) for network in trusted) or not said.strip():
                break
            host = said.strip()
    try:
        address = ip_address(host)
    except ValueError:
        return host[:64]
    return str(address if address.version == 4 else ip_network(f"{address}/64", strict=False))


def _inside(host: str, network: Any) -> bool:
    try:
        return ip_address(host) in network
    except ValueError:
        return False


@lru_cache(maxsize=1)
def _proxies() -> tuple[Any, ...]:
    return tuple(ip_network(network) for network in get_settings().api_proxies)


def _has_pass(request: Request) -> bool:
    """Whether the house itself asks: its own replays and probes stand for many people at one address."""
    secret = get_settings().api_limits_pass
    said = request.headers.get(PASS_HEADER)
    return secret is not None and said is not None and hmac.compare_digest(said, secret.get_secret_value())


async def _person(request: Request) -> str | None:
    try:
        principal = await get_optional(request)
    except AppError:  # a token that does not hold: the route itself refuses it, the address has been counted
        return None
    return None if principal is None else str(principal.customer_id)


class Counters:
    """Counts in Valkey; in this process while that is away."""

    def __init__(self, url: str) -> None:
        address = "async+valkey://" + url.partition("://")[2]
        self._shared = RedisStorage(
            address, implementation="valkey", socket_timeout=WAIT, socket_connect_timeout=WAIT, max_connections=50
        )
        self._in_common = SlidingWindowCounterRateLimiter(self._shared)
        self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._ask_from = 0.0

    async def hit(self, item: RateLimitItem, *key: str) -> int | None:
        """Count one; returns None, or how many seconds to wait when that was one too many."""
        if time.monotonic() >= self._ask_from:
            try:
                async with asyncio.timeout(WAIT):
                    return await _hit(self._in_common, item, key)
            except (ValkeyError, OSError, TimeoutError) as error:
                log.warning("limits_count_alone", error=type(error).__name__)
                self._ask_from = time.monotonic() + PAUSE
        return await _hit(self._alone, item, key)


async def _hit(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, key: tuple[str, ...]) -> int | None:
    if await limiter.hit(item, *key):
        return None
    stats = await limiter.get_window_stats(item, *key)
    return max(1, math.ceil(stats.reset_time - time.time()))


class _Current:
    counters: Counters | None = None


def get_counters() -> Counters:
    """The counters of this process, made at their first use."""
    if _Current.counters is None:
        _Current.counters = Counters(get_settings().valkey_url)
    return _Current.counters


def set_counters(counters: Counters | None) -> None:
    """Other counters; None: new ones at the next use, in the event loop that then runs."""
    _Current.counters = counters

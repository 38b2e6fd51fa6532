"""Logs with a trace id and without personal data, Prometheus metrics, health and readiness."""

import asyncio
import json
import logging
import sys
import time
from typing import Any

import orjson
import structlog
from aiokafka import AIOKafkaClient
from aiokafka.errors import KafkaError
from fastapi import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from valkey.asyncio import Valkey
from valkey.exceptions import ValkeyError

from api.core.access import open_to_all
from api.core.db import reading
from api.core.metrics import LATENCY, OUTBOX_AGE, OUTBOX_BACKLOG, REQUESTS
from api.core.routing import Router
from api.core.settings import get_settings
from api.core.trace import begin_trace

log = structlog.get_logger("api.access")
router = Router(include_in_schema=False)
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})

_BACKLOG = text(
    "SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(o.created_at)), 0)::float AS age"
    " FROM core.outbox o JOIN core.relay_cursor c USING (shard) WHERE (o.txid, o.id) > (c.txid, c.last_id)"
)


def configure_logging() -> None:
    """One JSON object a line on stdout; the standard library's loggers come out the same way."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_line),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


def _line(event: Any, **options: Any) -> str:
    try:
        return orjson.dumps(event, **options).decode()
    except TypeError:  # half a pair of UTF-16, or a number past 64 bits
        return json.dumps(event, **options)


class RequestMiddleware:
    """Gives every request a trace id, counts and times it by its route's template, and logs it.

    The template keeps ids and search words out of metrics and logs.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        trace_id = begin_trace(Headers(scope=scope).get("traceparent"))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(trace_id=trace_id)
        status = 500

        async def send_more(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-trace-id"] = trace_id
            await send(message)

        try:
            await self._app(scope, receive, send_more)
        finally:
            _count(scope, status, time.perf_counter() - started)


def _count(scope: Scope, status: int, seconds: float) -> None:
    route = route_template(scope)
    method = scope["method"] if scope["method"] in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} else "other"
    REQUESTS.labels(method, route, str(status)).inc()
    LATENCY.labels(method, route).observe(seconds)
    if route not in QUIET:
        log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 2))


def route_template(scope: Scope) -> str:
    """`/v1/products/{product_id}` rather than the path; `unmatched` keeps the number of series bounded."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    return path if isinstance(path, str) and path else "unmatched"


@router.get("/healthz")
@open_to_all
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
@open_to_all
async def readyz() -> Response:
    """Whether requests can be served: not without Postgres; without Kafka or Valkey the answer is only degraded."""
    names = ("postgres", "kafka", "valkey")
    states = dict(zip(names, await asyncio.gather(_postgres(), _kafka(), _valkey()), strict=True))
    is_ready = states["postgres"] == "ok"
    status = "ok" if set(states.values()) == {"ok"} else "degraded" if is_ready else "unavailable"
    body = orjson.dumps({"status": status, "parts": states})
    return Response(body, status_code=200 if is_ready else 503, media_type="application/json")


@router.get("/metrics")
@open_to_all
async def metrics() -> Response:
    """Prometheus text; the outbox backlog is read at the scrape."""
    try:
        async with asyncio.timeout(2), reading() as connection:
            row: Any = (await connection.execute(_BACKLOG)).one()
            OUTBOX_BACKLOG.set(row.rows)
            OUTBOX_AGE.set(row.age)
    except (SQLAlchemyError, TimeoutError) as error:
        log.warning("backlog_unknown", error=type(error).__name__)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _postgres() -> str:
    try:
        async with asyncio.timeout(2), reading() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return "away"
    return "ok"


async def _kafka() -> str:
    client = AIOKafkaClient(bootstrap_servers=get_settings().kafka_bootstrap, request_timeout_ms=1500)
    try:
        async with asyncio.timeout(2):
            await client.bootstrap()
    except (KafkaError, OSError, TimeoutError):
        return "away"
    finally:
        await client.close()
    return "ok"


async def _valkey() -> str:
    client: Any = Valkey.from_url(get_settings().valkey_url, socket_timeout=1, socket_connect_timeout=1)
    try:
        await client.ping()
    except (ValkeyError, OSError, TimeoutError):
        return "away"
    finally:
        await client.aclose()
    return "ok"

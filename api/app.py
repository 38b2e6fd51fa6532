"""The operational API: every domain's JSON and pages in one ASGI application."""

import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import structlog
from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from api.core import access, docs, errors, observability, storage
from api.core.buffered import close_buffer
from api.core.capture import close_producer
from api.core.client import close_client
from api.core.db import get_database, set_database
from api.core.http import AnswerMiddleware
from api.core.limits import limit
from api.core.rendering import TEMPLATES
from api.core.routing import Router
from api.core.settings import get_settings
from api.domains.analytics import facade as analytics
from api.domains.communities import facade as communities
from api.domains.identity import facade as identity
from api.domains.inventory import facade as inventory
from api.domains.recommendations import facade as recommendations
from api.web import pictures
from api.web.frame import error_page, frame

log = structlog.get_logger(__name__)
# What each domain mounts. Domains are imported by name, so that a process that serves some of them loads only those.
ROUTERS: dict[str, tuple[str, ...]] = {
    "identity": ("endpoints", "pages"),
    "catalog": ("endpoints", "pages"),
    "inventory": ("endpoints", "pages"),
    "ordering": ("endpoints", "pages"),
    "payments": ("endpoints", "pages"),
    "moderation": ("endpoints", "pages"),
    "communities": ("endpoints", "pages"),
    "content": ("endpoints", "pages"),
    "recommendations": ("endpoints", "pages"),
    "analytics": ("endpoints", "pages"),
}

WEB = "api.web.pages"
GARBAGE = 20_000  # new objects before the collector looks for cycles


def create_app() -> FastAPI:
    """Build the application from the environment. Raises SettingsError for an environment that cannot be used."""
    settings = get_settings()
    observability.configure_logging()
    app = FastAPI(
        title="Agora",
        version="0.1.0",
        summary="Shop, orders, behaviour events and recommendations.",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        responses=docs.PROBLEMS,
    )
    app.state.find_session = identity.find_session
    app.state.confirmed_at = identity.confirmed_at
    app.state.error_page = error_page
    errors.install(app)
    app.include_router(observability.router)
    docs.install(app)
    for domain in settings.api_domains:
        for kind in ROUTERS[domain]:
            _include(app, f"api.domains.{domain}.{kind}")
    _include(app, WEB)
    app.include_router(pictures.router)
    access.check_routes(app)
    static = TEMPLATES.parent / "static"
    if static.is_dir():
        app.mount("/static", StaticFiles(directory=static), name="static")
    app.add_middleware(AnswerMiddleware)
    app.add_middleware(observability.RequestMiddleware)
    return app


def _include(app: FastAPI, module: str) -> None:
    router: Router = import_module(module).router
    every: list[Callable[..., Any]] = [limit, frame] if module.endswith(".pages") else [limit]
    app.include_router(router, dependencies=[Depends(dependency) for dependency in every])


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    await recommendations.prepare()
    # What is there now stays: looking through it again and again cost a twentieth of the time of a request.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    log.info("serving", processor_seconds=round(time.process_time(), 1))
    try:
        yield
    finally:
        await analytics.close()
        await inventory.close()
        await communities.close()
        await recommendations.close()
        await close_buffer()
        await close_producer()
        await close_client()
        storage.close()
        await get_database().close()
        set_database(None)

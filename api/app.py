"""The operational API: every domain's JSON and pages in one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from api.core import docs, errors, observability
from api.core.capture import close_producer
from api.core.db import get_database, set_database
from api.core.http import AnswerMiddleware
from api.core.rendering import TEMPLATES
from api.core.settings import get_settings
from api.domains.identity import facade as identity

# What each domain mounts. Domains are imported by name, so that a process that serves some of them loads only those.
ROUTERS: dict[str, tuple[str, ...]] = {
    "identity": ("endpoints", "pages"),
    "catalog": ("endpoints", "pages"),
    "inventory": (),
    "ordering": ("endpoints", "pages"),
    "payments": (),
    "recommendations": ("endpoints",),
    "analytics": ("endpoints", "pages"),
}


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
    )
    app.state.find_session = identity.find_session
    errors.install(app)
    app.include_router(observability.router)
    docs.install(app)
    for domain in settings.api_domains:
        for kind in ROUTERS[domain]:
            _include(app, f"api.domains.{domain}.{kind}")
    _include_web(app)
    static = TEMPLATES.parent / "static"
    if static.is_dir():
        app.mount("/static", StaticFiles(directory=static), name="static")
    app.add_middleware(AnswerMiddleware)
    app.add_middleware(observability.RequestMiddleware)
    return app


def _include(app: FastAPI, module: str) -> None:
    if find_spec(module.rpartition(".")[0]) is None or find_spec(module) is None:
        return
    router: APIRouter = import_module(module).router
    app.include_router(router)


def _include_web(app: FastAPI) -> None:
    if find_spec("api.domains.ordering.facade") is None:
        return
    frame, pages = import_module("api.web.frame"), import_module("api.web.pages")
    app.state.error_page = frame.error_page
    app.include_router(pages.router)
    app.include_router(pages.pictures)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await close_producer()
        await get_database().close()
        set_database(None)

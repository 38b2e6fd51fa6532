"""The model in this process: looked after every few seconds, loaded in a thread, swapped while requests run."""

import asyncio
import time

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.db import reading
from api.core.settings import get_settings
from api.domains.recommendations.domain.opinion import Model
from api.domains.recommendations.repository import serving

log = structlog.get_logger(__name__)
LOOK_SECONDS = 2.0
RETRY_SECONDS = 10.0


class Holder:
    """The newest model that this process could load; the one before it answers until then."""

    def __init__(self) -> None:
        self._model: Model | None = None
        self._looked_at = float("-inf")
        self._loading: asyncio.Task[None] | None = None

    async def current(self, connection: AsyncConnection) -> Model | None:
        """The model to answer with; None before the first training. Only the very first load is waited for."""
        if time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = time.monotonic()
            version = await serving.active_version(connection)
            loaded = self._model.version if self._model else None
            if version is not None and version != loaded and (self._loading is None or self._loading.done()):
                self._loading = asyncio.create_task(self._load(version))
        if self._model is None and self._loading is not None:
            await asyncio.shield(self._loading)
        return self._model

    async def _load(self, version: int) -> None:
        began = time.monotonic()
        settings = get_settings()
        try:
            model = await asyncio.to_thread(serving.load, settings.postgres_url, version, settings.api_model_dir)
        except Exception as error:  # whatever is wrong with a version, the one before it goes on answering
            log.error("model_not_loaded", version=version, error=str(error), exc_info=error)
            self._looked_at = time.monotonic() + RETRY_SECONDS - LOOK_SECONDS
            return
        self._model = model
        seconds = round(time.monotonic() - began, 2)
        log.info("model_loaded", version=version, model=model.name, seconds=seconds)


class _Current:
    holder: Holder | None = None


def get_holder() -> Holder:
    """The holder of this process."""
    if _Current.holder is None:
        _Current.holder = Holder()
    return _Current.holder


async def prepare() -> None:
    """Load the model before the first request. Without Postgres the process starts nevertheless."""
    try:
        async with reading() as connection:
            await get_holder().current(connection)
    except (SQLAlchemyError, OSError) as error:
        log.warning("model_not_looked_for", error=type(error).__name__)


def forget_model() -> None:
    """Start without a model again, as a new process would."""
    _Current.holder = None

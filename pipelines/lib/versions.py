"""The versions that can answer at once: which there are, which one answers, and which answered before."""

from dataclasses import dataclass
from datetime import datetime

import psycopg

from ingestion.settings import SettingsError
from pipelines.lib.serving import NAME
from pipelines.lib.settings import Settings

_KEPT = """
    select v.version, v.champion, v.mlflow_version, v.created_at, a.version is not null
    from serving.model_versions v left join serving.active a using (name, version)
    where name = %s order by v.version desc
"""


@dataclass(frozen=True)
class Kept:
    """A version in the serving tables; `registered` is its number in the registry."""

    version: int
    model: str
    registered: int | None
    created_at: datetime
    is_active: bool


def kept(settings: Settings) -> list[Kept]:
    """All versions that are kept, newest first."""
    if settings.postgres_pipelines_url is None:
        raise SettingsError("AGORA_POSTGRES_PIPELINES_URL: is needed to see what is served")
    with psycopg.connect(settings.postgres_pipelines_url) as connection:
        return [Kept(*row) for row in connection.execute(_KEPT, (NAME,)).fetchall()]


def before_active(settings: Settings) -> Kept | None:
    """The newest kept version older than the one that answers; None where there is none."""
    found = kept(settings)
    active = next((each.version for each in found if each.is_active), None)
    return next((each for each in found if active is not None and each.version < active), None)

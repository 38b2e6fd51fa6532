"""The model that answers, the candidates it won against, and the version before it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.repository import models


@dataclass(frozen=True, slots=True)
class Models:
    """The active version, the one before it (None for the first), and all that are kept, the newest first."""

    active: dict[str, Any]
    previous: dict[str, Any] | None
    versions: list[dict[str, Any]]

    def metric(self, name: str, version: dict[str, Any] | None) -> float:
        """A figure of a version's champion; 0 where there is none."""
        return 0.0 if version is None else float(version["metrics"].get(version["champion"], {}).get(name, 0.0))


async def report(reader: AsyncConnection) -> Models:
    """What is served now. Raises ReportNotReady before the first training."""
    versions = await models.list_versions(reader)
    active = next((version for version in versions if version["is_active"]), None)
    if active is None:
        raise ReportNotReady
    earlier = [version for version in versions if version["version"] < active["version"]]
    return Models(active, earlier[0] if earlier else None, versions)

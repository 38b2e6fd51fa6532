"""The versions of models that the pipelines keep in the schema `serving`."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_VERSIONS = text("""
    SELECT v.version, v.champion, v.kind, v.metrics, v.lake_snapshots, v.mlflow_run_id, v.mlflow_version, v.created_at,
        a.version IS NOT NULL AS is_active
    FROM serving.model_versions v LEFT JOIN serving.active a ON a.name = v.name AND a.version = v.version
    WHERE v.name = 'recommendations' ORDER BY v.version DESC
""")


async def list_versions(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Versions of the recommendations that are kept, the newest first; `metrics` by candidate and figure."""
    return [dict(row) for row in (await connection.execute(_VERSIONS)).mappings()]

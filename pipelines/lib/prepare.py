"""`python -m pipelines.lib.prepare`: read the dbt project once and leave its manifest for Dagster.

Dagster reads the manifest when it loads the definitions; that way no import ever starts dbt. No database is needed.
"""

import os
from pathlib import Path

from pipelines.lib.dbt import changed_at, parse_project
from pipelines.lib.dbt_env import dbt_env, parse_env, target_dir


def manifest_path() -> Path:
    """Where the manifest lies."""
    return target_dir() / "manifest.json"


def is_prepared() -> bool:
    """Whether there is a manifest that is newer than every file of the project."""
    return manifest_path().exists() and changed_at() <= manifest_path().stat().st_mtime_ns


def prepare(*, force: bool = False) -> Path:
    """Make the manifest where it is missing or older than the project. Raises DbtFailed when dbt objects."""
    if force or not is_prepared():
        # With the warehouse's address, where it is known: dbt throws its parsed project away when the profile changes.
        url = os.environ.get("AGORA_WAREHOUSE_URL")
        parse_project(dbt_env(url) if url else parse_env())
        manifest_path().touch()
    return manifest_path()


if __name__ == "__main__":
    prepare()

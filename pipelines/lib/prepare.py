"""`python -m pipelines.lib.prepare`: read the dbt project once and leave its manifest for Dagster.

Dagster reads the manifest when it loads the definitions; that way no import ever starts dbt. No database is needed.
"""

import os
import subprocess
from pathlib import Path

from pipelines.lib.dbt_env import PROJECT_DIR, dbt_env, dbt_executable, parse_env, target_dir


def manifest_path() -> Path:
    """Where the manifest lies."""
    return target_dir() / "manifest.json"


def is_prepared() -> bool:
    """Whether there is a manifest that is newer than every file of the project."""
    if not manifest_path().exists():
        return False
    made = manifest_path().stat().st_mtime
    sources = (path for path in PROJECT_DIR.rglob("*") if path.suffix in {".sql", ".yml"} and path.is_file())
    return all(path.stat().st_mtime <= made for path in sources if target_dir() not in path.parents)


def prepare(*, force: bool = False) -> Path:
    """Make the manifest where it is missing or older than the project. Raises CalledProcessError when dbt objects."""
    if force or not is_prepared():
        # With the warehouse's address, where it is known: dbt throws its parsed project away when the profile changes.
        url = os.environ.get("AGORA_WAREHOUSE_URL")
        own = dbt_env(url) if url else parse_env()
        command = [dbt_executable(), "--quiet", "parse"]
        subprocess.run(command, env=os.environ | own, cwd=PROJECT_DIR, check=True)
        manifest_path().touch()
    return manifest_path()


if __name__ == "__main__":
    prepare()

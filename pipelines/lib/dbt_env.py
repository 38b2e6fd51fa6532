"""What dbt needs from the environment: the warehouse's address in parts, and its files outside the project."""

import os
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

PROJECT_DIR = Path(__file__).resolve().parents[2] / "dbt"


def dbt_env(warehouse_url: str) -> dict[str, str]:
    """Environment for any dbt command on this warehouse; dbt's own usage statistics are off.

    A socket directory as host and a missing password are passed on as they are: libpq knows what they mean.
    """
    parts = conninfo_to_dict(warehouse_url)
    return {
        "AGORA_DBT_HOST": str(parts.get("host", "")),
        "AGORA_DBT_PORT": str(parts.get("port", "5432")),
        "AGORA_DBT_USER": str(parts.get("user", "")),
        "AGORA_DBT_PASSWORD": str(parts.get("password", "")),
        "AGORA_DBT_DATABASE": str(parts.get("dbname", "")),
    } | parse_env()


def parse_env() -> dict[str, str]:
    """Environment for dbt commands that need no warehouse."""
    return {
        "DBT_PROFILES_DIR": str(PROJECT_DIR),
        "DBT_PROJECT_DIR": str(PROJECT_DIR),
        "DBT_TARGET_PATH": str(target_dir()),
        "DBT_LOG_PATH": str(target_dir() / "logs"),
        "DBT_LOG_LEVEL_FILE": "info",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def target_dir() -> Path:
    """Where dbt's manifest and logs go; `AGORA_DBT_TARGET_DIR` moves them, for tests side by side."""
    return Path(os.environ.get("AGORA_DBT_TARGET_DIR", PROJECT_DIR / "target")).resolve()

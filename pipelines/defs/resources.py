"""Resources that all groups share."""

import dagster as dg
from dagster_dbt import DbtCliResource

from pipelines.lib.dbt_env import PROJECT_DIR, dbt_executable
from pipelines.lib.settings import Settings, get_settings


@dg.resource
def settings(_: dg.InitResourceContext) -> Settings:
    """The environment's settings, read when a run starts."""
    return get_settings()


dbt = DbtCliResource(project_dir=str(PROJECT_DIR), profiles_dir=str(PROJECT_DIR), dbt_executable=dbt_executable())

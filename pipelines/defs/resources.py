"""Resources that all groups share."""

import dagster as dg

from pipelines.lib.settings import Settings, get_settings


@dg.resource
def settings(_: dg.InitResourceContext) -> Settings:
    """The environment's settings, read when a run starts."""
    return get_settings()

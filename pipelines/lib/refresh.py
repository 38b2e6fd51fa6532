"""The loop without Dagster: for tests, for the proof, and for a rebuild from the lake alone."""

from dataclasses import dataclass

from pipelines.lib import typed, warehouse
from pipelines.lib.exclusive import exclusive
from pipelines.lib.settings import Settings, get_settings


@dataclass(frozen=True)
class Refreshed:
    """What both steps did, by event type."""

    typed: list[typed.TypedReport]
    warehouse: list[warehouse.LoadReport]


def refresh_typed_and_warehouse(settings: Settings | None = None, *, rebuild: bool = False) -> Refreshed:
    """Bring the typed tables and the schema `lake` of the warehouse up to what has landed in raw."""
    settings = settings or get_settings()
    with exclusive(settings):
        return Refreshed(typed.build(settings, rebuild=rebuild), warehouse.load(settings, rebuild=rebuild))

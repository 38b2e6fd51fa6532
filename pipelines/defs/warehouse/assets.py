"""Typed tables to the schema `lake` of the warehouse."""

from collections.abc import Iterator

import dagster as dg

from ingestion.contracts import EVENT_TYPES
from pipelines.defs.typed.assets import typed_key
from pipelines.lib import warehouse
from pipelines.lib.exclusive import exclusive
from pipelines.lib.settings import Settings
from pipelines.lib.warehouse_schema import SCHEMA, shapes

TOUCHED_DAYS = dg.AssetKey([SCHEMA, "touched_days"])


@dg.multi_asset(
    specs=[
        *(
            dg.AssetSpec(dg.AssetKey([SCHEMA, shape.name]), deps=[typed_key(name)], kinds={"postgres"})
            for name, contract in EVENT_TYPES.items()
            for shape in shapes(contract)
        ),
        dg.AssetSpec(TOUCHED_DAYS, deps=[typed_key(name) for name in EVENT_TYPES], kinds={"postgres"}),
    ],
    group_name="warehouse",
    name="warehouse",
)
def warehouse_tables(settings: dg.ResourceParam[Settings]) -> Iterator[dg.MaterializeResult[None]]:
    """Copy the touched days of every typed table."""
    with exclusive(settings):
        reports = warehouse.load(settings)
    for report in reports:
        metadata = {"rows_copied_with_children": report.rows, "days_reloaded": report.days}
        for shape in shapes(EVENT_TYPES[report.event_type]):
            yield dg.MaterializeResult(asset_key=dg.AssetKey([SCHEMA, shape.name]), metadata=metadata)
    yield dg.MaterializeResult(asset_key=TOUCHED_DAYS)

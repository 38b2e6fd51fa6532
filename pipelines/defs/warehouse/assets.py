"""Typed tables to the schema `lake` of the warehouse."""

from collections.abc import Iterator

import dagster as dg

from ingestion.contracts import EVENT_TYPES, Event
from ingestion.contracts.schema import meaning
from pipelines.defs.about import PLATFORM, RETRIES, owner_of, table
from pipelines.defs.typed.assets import REACHED, typed_key
from pipelines.lib import warehouse
from pipelines.lib.exclusive import exclusive
from pipelines.lib.settings import Settings
from pipelines.lib.warehouse_schema import SCHEMA, Shape, shapes

TOUCHED_DAYS = dg.AssetKey([SCHEMA, "touched_days"])


def _words(contract: type[Event], shape: Shape) -> str:
    if shape.list_column is None:
        return f"The warehouse's copy of {contract.type}: {meaning(contract)}"
    return f"The {shape.list_column} of {contract.type}, one row for each."


@dg.multi_asset(
    specs=[
        *(
            dg.AssetSpec(
                dg.AssetKey([SCHEMA, shape.name]),
                deps=[typed_key(name)],
                description=_words(contract, shape),
                owners=[owner_of(contract.domain())],
                metadata=table(f"warehouse.{SCHEMA}.{shape.name}"),
                kinds={"postgres"},
            )
            for name, contract in EVENT_TYPES.items()
            for shape in shapes(contract)
        ),
        dg.AssetSpec(
            TOUCHED_DAYS,
            deps=[REACHED],
            description="Days that the last loads wrote and no build of the marts has taken in yet.",
            owners=[PLATFORM],
            metadata=table(f"warehouse.{SCHEMA}.touched_days"),
            kinds={"postgres"},
        ),
    ],
    group_name="warehouse",
    name="warehouse",
    retry_policy=RETRIES,
)
def warehouse_tables(settings: dg.ResourceParam[Settings]) -> Iterator[dg.MaterializeResult[None]]:
    """Copy the touched days of every typed table."""
    with exclusive(settings):
        reports = warehouse.load(settings)
    for report in reports:
        copied = {"rows_copied_with_children": report.rows, "days_reloaded": report.days}
        for shape in shapes(EVENT_TYPES[report.event_type]):
            metadata = copied | {"dagster/row_count": report.totals.get(shape.name, 0)}
            yield dg.MaterializeResult(asset_key=dg.AssetKey([SCHEMA, shape.name]), metadata=metadata)
    yield dg.MaterializeResult(asset_key=TOUCHED_DAYS)

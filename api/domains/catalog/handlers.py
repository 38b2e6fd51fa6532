"""What catalog does when others have news: orders make products popular."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import Handler, ReceivedEvent
from api.core.jobs import Task
from api.domains.catalog.service import imports
from api.domains.catalog.service.bulk import runs
from ingestion.contracts.ordering import OrderPlaced


async def count_units_sold(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """One statement for the whole batch. A cancelled order stays counted: it was wanted."""
    orders = (event.data for event in events if isinstance(event.data, OrderPlaced))
    await imports.count_sales(session, ((line.product_id, line.quantity) for order in orders for line in order.lines))


HANDLERS: dict[str, Handler] = {OrderPlaced.type: count_units_sold}
TASKS: dict[str, Task] = {runs.TASK: runs.run_file}
SWEEPS = (runs.end_stale_runs, runs.forget_old_files)

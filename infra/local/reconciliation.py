"""`agora reconcile`: a day of the ledger against the gateway's books, as a table."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from api.core.client import close_client
from api.core.db import get_database, set_database
from api.core.errors import AppError
from api.domains.payments import facade as payments
from infra.local.settings import LocalError


def reconcile_day(day: str | None) -> int:
    """Compare and print; returns the exit code. Raises LocalError for what is no day."""
    try:
        chosen = date.fromisoformat(day) if day else datetime.now(UTC).date() - timedelta(days=1)
    except ValueError as error:
        raise LocalError(f"{day} is no day: write it as 2026-01-31") from error
    try:
        differences = asyncio.run(_compare(chosen))
    except AppError as error:
        raise LocalError(f"{chosen} cannot be compared: {error.detail or error.title}") from error
    if not differences:
        print(f"{chosen}: ledger and gateway agree")
        return 0
    table = Table(title=f"{chosen}: {len(differences)} differ", title_justify="left", box=None, pad_edge=False)
    columns = ("what", "key", "currency", "gateway_minor", "ledger_minor")
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right" if column.endswith("minor") else "left")
    for row in differences:
        table.add_row(*(str(row[column]) for column in columns))
    Console().print(table)
    return 1


async def _compare(day: date) -> list[dict[str, Any]]:
    try:
        return await payments.reconcile(day)
    finally:
        await close_client()
        await get_database().close()
        set_database(None)

"""The gateway's books against ours, a day at a time: what is only there, only here, or different."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import structlog

from api.core.db import reading, transaction
from api.core.errors import Invalid
from api.domains.payments.contracts import ReconciledDay
from api.domains.payments.errors import GatewayAway
from api.domains.payments.repository import incoming
from api.domains.payments.repository import ledger as books
from api.domains.payments.service.gateways import ReportLine, current_name, gateway_of

log = structlog.get_logger(__name__)
SHOWN = 60
FIRST_DAY = date(2020, 1, 1)
SETTLED_AFTER = timedelta(hours=1)  # past midnight: what was under way has been written down


async def reconcile(day: date, gateway: str | None = None) -> list[dict[str, Any]]:
    """Compare one day and keep the result; returns the differences. Raises Invalid, GatewayAway and GatewayUnknown.

    A movement near midnight may be of one day there and of another here: each side's day is looked up in the other's
    days around it.
    """
    if not FIRST_DAY <= day <= datetime.now(UTC).date():
        raise Invalid("day", "lies in the future, or before the shop")
    name = gateway or current_name()
    adapter = gateway_of(name)
    theirs = {line.key: line for line in await adapter.report(day)}
    around = dict(theirs)
    for other in (day - timedelta(days=1), day + timedelta(days=1)):
        around |= {line.key: line for line in await adapter.report(other)}
    start = datetime.combine(day, time(), UTC)
    async with reading() as connection:
        ours = await books.gateway_lines(connection, name, start, start + timedelta(days=1), list(theirs))
    differences = [*_only_there(theirs, ours), *_only_here(ours, around)]
    async with transaction() as session:
        await incoming.save_day(session, day, name, len(theirs.keys() | ours.keys()), differences)
    if differences:
        log.error("books_differ", day=day.isoformat(), gateway=name, differences=len(differences))
    return differences


def _only_there(theirs: dict[str, ReportLine], ours: dict[str, Any]) -> list[dict[str, Any]]:
    """What the gateway moved and our ledger does not know."""
    return [
        _difference("missing in the ledger", key, line.payment, line.currency, line.amount_minor, 0)
        for key, line in sorted(theirs.items())
        if key not in ours
    ]


def _only_here(ours: dict[str, Any], around: dict[str, ReportLine]) -> list[dict[str, Any]]:
    """What our ledger holds and the gateway does not know, or knows with another amount."""
    found = []
    for key, row in sorted(ours.items()):
        line = around.get(key)
        if line is None:
            found.append(_difference("missing at the gateway", key, row.payment_id, row.currency, 0, row.amount_minor))
        elif (line.amount_minor, line.currency) != (row.amount_minor, row.currency):
            found.append(
                _difference("amounts differ", key, row.payment_id, row.currency, line.amount_minor, row.amount_minor)
            )
    return found


def _difference(what: str, key: str, payment: Any, currency: str, gateway_minor: int, ledger_minor: int) -> Any:
    return {
        "what": what,
        "key": key,
        "payment_id": str(payment),
        "currency": currency,
        "gateway_minor": gateway_minor,
        "ledger_minor": ledger_minor,
    }


async def days() -> list[ReconciledDay]:
    """Compared days, newest first."""
    async with reading() as connection:
        return await incoming.days(connection, SHOWN)


async def strangers() -> list[Any]:
    """Webhooks about payments that nobody here knows."""
    async with reading() as connection:
        return await incoming.strangers(connection, SHOWN)


async def sweep_days(now: datetime | None = None) -> int:
    """Compare yesterday once it is over; returns how many days were compared."""
    moment = now or datetime.now(UTC)
    day = (moment - SETTLED_AFTER).date() - timedelta(days=1)
    ended = datetime.combine(day + timedelta(days=1), time(), UTC)
    async with reading() as connection:
        if await incoming.has_day(connection, day, current_name(), ended):
            return 0
    try:
        await reconcile(day)
    except GatewayAway:
        log.warning("gateway_away", day=day.isoformat())
        return 0
    return 1

"""SQL of shipments, returns and refunds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.ordering.contracts import ReturnStatus, ReturnView, ShipmentView, UnitsOfLine
from api.domains.ordering.domain.order import NEXT_RETURN_STATES

Reader = AsyncConnection | AsyncSession

_UNITS = """
    (SELECT jsonb_agg(jsonb_build_array(l.line_number, l.quantity) ORDER BY l.line_number)
     FROM ordering.{lines} l WHERE l.{key} = t.{key}) AS units
"""
SHIPMENTS = text(f"""
    SELECT t.*, {_UNITS.format(lines="shipment_lines", key="shipment_id")} FROM ordering.shipments t
    WHERE t.order_id = ANY(:order_ids) ORDER BY t.shipped_at, t.shipment_id
""")  # noqa: S608
RETURNS = text(f"""
    SELECT t.*, {_UNITS.format(lines="return_lines", key="return_id")} FROM ordering.returns t
    WHERE t.order_id = ANY(:order_ids) ORDER BY t.requested_at, t.return_id
""")  # noqa: S608
INSERT_SHIPMENT = text("""
    WITH made AS (
        INSERT INTO ordering.shipments (shipment_id, order_id, carrier, tracking_number)
        VALUES (:shipment_id, :order_id, :carrier, :tracking_number)
    )
    INSERT INTO ordering.shipment_lines (shipment_id, line_number, quantity)
    SELECT :shipment_id, line_number, quantity
    FROM jsonb_to_recordset(CAST(:units AS jsonb)) AS u (line_number integer, quantity bigint)
""")
DELIVERED = text("""
    UPDATE ordering.shipments SET delivered_at = now()
    WHERE shipment_id = :shipment_id AND order_id = :order_id AND delivered_at IS NULL RETURNING shipment_id
""")
INSERT_RETURN = text("""
    WITH made AS (
        INSERT INTO ordering.returns (return_id, order_id, reason, comment, refund_minor)
        VALUES (:return_id, :order_id, :reason, :comment, :refund_minor)
    )
    INSERT INTO ordering.return_lines (return_id, line_number, quantity)
    SELECT :return_id, line_number, quantity
    FROM jsonb_to_recordset(CAST(:units AS jsonb)) AS u (line_number integer, quantity bigint)
""")
MOVE_RETURN = text("""
    UPDATE ordering.returns SET status = :status, is_restocked = coalesce(:is_restocked, is_restocked),
        settled_at = CASE WHEN :status IN ('received', 'refused') THEN now() END
    WHERE return_id = :return_id
""")
INSERT_REFUND = text("""
    WITH made AS (
        INSERT INTO ordering.refunds (refund_id, order_id, return_id, amount_minor, reason)
        VALUES (:refund_id, :order_id, :return_id, :amount_minor, :reason)
    )
    UPDATE ordering.orders SET refunded_minor = refunded_minor + :amount_minor WHERE order_id = :order_id
""")


def _json(units: Mapping[int, int]) -> str:
    rows = [{"line_number": number, "quantity": quantity} for number, quantity in units.items()]
    return orjson.dumps(rows).decode()


def _units(row: Row[Any]) -> tuple[UnitsOfLine, ...]:
    return tuple(UnitsOfLine(number, quantity) for number, quantity in row.units or ())


async def shipments(reader: Reader, order_ids: Sequence[UUID]) -> dict[UUID, list[ShipmentView]]:
    """The parcels of each order, oldest first."""
    found: dict[UUID, list[ShipmentView]] = defaultdict(list)
    for row in await reader.execute(SHIPMENTS, {"order_ids": list(order_ids)}):
        found[row.order_id].append(
            ShipmentView(
                row.shipment_id, row.carrier, row.tracking_number, row.shipped_at, row.delivered_at, _units(row)
            )
        )
    return found


async def returns(reader: Reader, order_ids: Sequence[UUID]) -> dict[UUID, list[ReturnView]]:
    """The returns of each order, oldest first."""
    found: dict[UUID, list[ReturnView]] = defaultdict(list)
    for row in await reader.execute(RETURNS, {"order_ids": list(order_ids)}):
        status = ReturnStatus(row.status)
        found[row.order_id].append(
            ReturnView(
                return_id=row.return_id,
                status=status,
                next_states=NEXT_RETURN_STATES[status],
                reason=row.reason,
                comment=row.comment,
                refund_minor=row.refund_minor,
                is_restocked=row.is_restocked,
                requested_at=row.requested_at,
                settled_at=row.settled_at,
                lines=_units(row),
            )
        )
    return found


async def insert_shipment(
    session: AsyncSession, shipment_id: UUID, order_id: UUID, carrier: str, tracking: str, units: Mapping[int, int]
) -> None:
    """A parcel with its units by line number."""
    values = {
        "shipment_id": shipment_id,
        "order_id": order_id,
        "carrier": carrier,
        "tracking_number": tracking,
        "units": _json(units),
    }
    await session.execute(INSERT_SHIPMENT, values)


async def mark_delivered(session: AsyncSession, order_id: UUID, shipment_id: UUID) -> bool:
    """Whether the parcel had not arrived before."""
    values = {"order_id": order_id, "shipment_id": shipment_id}
    return (await session.execute(DELIVERED, values)).scalar_one_or_none() is not None


async def insert_return(
    session: AsyncSession, return_id: UUID, order_id: UUID, units: Mapping[int, int], **values: Any
) -> None:
    """A return that was asked for, with its units by line number."""
    await session.execute(INSERT_RETURN, values | {"return_id": return_id, "order_id": order_id, "units": _json(units)})


async def move_return(
    session: AsyncSession, return_id: UUID, status: ReturnStatus, is_restocked: bool | None = None
) -> None:
    """Write where the return stands."""
    values = {"return_id": return_id, "status": str(status), "is_restocked": is_restocked}
    await session.execute(MOVE_RETURN, values)


async def insert_refund(
    session: AsyncSession, refund_id: UUID, order_id: UUID, return_id: UUID | None, amount_minor: int, reason: str
) -> None:
    """Money that goes back; the order keeps the sum."""
    values = {
        "refund_id": refund_id,
        "order_id": order_id,
        "return_id": return_id,
        "amount_minor": amount_minor,
        "reason": reason,
    }
    await session.execute(INSERT_REFUND, values)

"""What must hold between carts, stock, payments, refunds and events, whatever happened; a rule finds its breaches."""

from typing import Any

import orjson
from sqlalchemy import text

from api.core.db import reading
from api.domains.inventory import facade as inventory
from api.domains.ordering import facade as ordering
from api.domains.payments import facade as payments
from ingestion.contracts import EVENT_TYPES

TRIES = 4  # a busy machine may keep the gateway from answering in time

RULES = {
    "a ledger sums to zero per currency": """
        SELECT currency FROM payments.ledger_entries GROUP BY currency HAVING sum(amount_minor) <> 0
    """,
    "nobody is promised what is not there": """
        SELECT variant_id, location, shard FROM inventory.stock
        WHERE on_hand - allocated - reserved < 0 OR allocated < 0 OR reserved < 0
    """,
    "refunds stay within the capture": """
        SELECT p.payment_id FROM payments.payments p LEFT JOIN (
            SELECT payment_id, sum(amount_minor) FILTER (WHERE status = 'succeeded') AS paid,
                sum(amount_minor) FILTER (WHERE status <> 'failed') AS promised
            FROM payments.refunds GROUP BY payment_id) r USING (payment_id)
        WHERE p.refunded_minor <> coalesce(r.paid, 0) OR p.promised_minor <> coalesce(r.promised, 0)
            OR p.promised_minor > p.captured_minor
    """,
    "an order's refunds stay within its money": """
        SELECT o.order_id FROM ordering.orders o LEFT JOIN (
            SELECT order_id, sum(amount_minor) AS given FROM ordering.refunds GROUP BY order_id) r USING (order_id)
        LEFT JOIN payments.payments p ON p.order_id = coalesce(o.group_id, o.order_id)
        WHERE o.refunded_minor <> coalesce(r.given, 0)
            OR o.refunded_minor > coalesce(p.captured_minor, 0) + coalesce(p.waived_minor, 0)
    """,
    "an order was paid for": """
        SELECT o.order_id FROM ordering.orders o LEFT JOIN payments.payments p USING (order_id)
        WHERE o.placed_at IS NOT NULL AND o.total_minor <> coalesce(p.captured_minor, 0)
            AND coalesce(p.method, '') NOT IN ('bank_transfer', 'cash_on_delivery')
    """,
    "what is paid later is due, taken, or for an order that is no more": """
        SELECT o.order_id FROM ordering.orders o JOIN payments.payments p USING (order_id)
        WHERE o.placed_at IS NOT NULL AND p.method IN ('bank_transfer', 'cash_on_delivery')
            AND p.intent_status NOT IN ('processing', 'requires_capture', 'succeeded') AND o.status <> 'cancelled'
            AND p.waived_minor < p.amount_minor
    """,
    "a transfer is there before its goods leave": """
        SELECT o.order_id FROM ordering.orders o JOIN payments.payments p USING (order_id)
        JOIN ordering.shipments s ON s.order_id = o.order_id
        WHERE p.method = 'bank_transfer' AND p.captured_minor = 0
    """,
    "an order holds what it has not shipped": """
        SELECT o.order_id FROM ordering.orders o
        WHERE (SELECT coalesce(sum(a.quantity), 0) FROM inventory.allocations a WHERE a.order_id = o.order_id)
            <> CASE WHEN o.status IN ('draft', 'expired', 'cancelled') THEN 0 ELSE (
                SELECT coalesce(sum(
                    (l.quantity - coalesce((
                        SELECT sum(s.quantity) FROM ordering.shipments JOIN ordering.shipment_lines s
                            USING (shipment_id) WHERE order_id = o.order_id AND s.line_number = l.line_number), 0))
                    * coalesce((SELECT sum((part ->> 1)::bigint) FROM jsonb_array_elements(l.components) part), 1)), 0)
                FROM ordering.order_lines l WHERE l.order_id = o.order_id) END
    """,
    "only a checkout under way reserves": """
        SELECT r.order_id FROM inventory.reservations r LEFT JOIN ordering.orders o USING (order_id)
        WHERE o.status IS DISTINCT FROM 'draft'
    """,
    "a code is used as often as it counts": """
        SELECT p.code FROM ordering.promotions p
        WHERE p.uses > p.most_uses
            OR p.uses <> (SELECT count(*) FROM ordering.promotion_uses u WHERE u.promotion_id = p.promotion_id)
    """,
    "a code is used by those who have its discount": """
        SELECT coalesce(u.order_id, o.order_id) FROM ordering.promotion_uses u
        FULL JOIN (SELECT * FROM ordering.orders WHERE promotion_code IS NOT NULL
                   AND status NOT IN ('expired', 'cancelled')) o USING (order_id)
        WHERE u.order_id IS NULL OR o.order_id IS NULL
    """,
    "the timeline ends where the order stands": """
        SELECT o.order_id FROM ordering.orders o JOIN ordering.order_history h USING (order_id)
        GROUP BY o.order_id, o.status HAVING count(*) <> max(position) OR o.status <> (
            array_agg(h.to_status ORDER BY position DESC) FILTER (WHERE h.to_status IS NOT NULL))[1]
    """,
    "everything was told, once": """
        SELECT type, key, wanted.times, told.times FROM (
            SELECT 'ordering.order_placed' AS type, order_id::text AS key, 1 AS times FROM ordering.orders
                WHERE placed_at IS NOT NULL
            UNION ALL SELECT 'ordering.order_cancelled', order_id::text, 1 FROM ordering.orders
                WHERE status = 'cancelled'
            UNION ALL SELECT 'ordering.order_delivered', order_id::text, 1 FROM ordering.orders
                WHERE delivered_at IS NOT NULL
            UNION ALL SELECT 'ordering.order_shipped', order_id::text, count(*) FROM ordering.shipments GROUP BY 2
            UNION ALL SELECT 'ordering.order_returned', order_id::text, count(*) FROM ordering.returns
                WHERE status = 'received' GROUP BY 2
            UNION ALL SELECT 'payments.payment_captured', payment_id::text, 1 FROM payments.payments
                WHERE captured_minor > 0
            UNION ALL SELECT 'payments.payment_refunded', payment_id::text, count(*) FROM payments.refunds
                WHERE status = 'succeeded' GROUP BY 2
            UNION ALL SELECT 'payments.refund_failed', payment_id::text, count(*) FROM payments.refunds
                WHERE status = 'failed' GROUP BY 2
            UNION ALL SELECT 'payments.dispute_opened', payment_id::text, count(*) FROM payments.disputes GROUP BY 2
            UNION ALL SELECT 'payments.dispute_closed', payment_id::text, count(*) FROM payments.disputes
                WHERE closed_at IS NOT NULL GROUP BY 2
            UNION ALL SELECT 'inventory.stock_moved', s.product_id::text, count(*) FROM inventory.movements
                JOIN (SELECT DISTINCT variant_id, product_id FROM inventory.stock) s USING (variant_id) GROUP BY 2
        ) wanted FULL JOIN (
            SELECT type, key, count(*) AS times FROM core.outbox WHERE type = ANY(ARRAY[
                'ordering.order_placed', 'ordering.order_cancelled', 'ordering.order_delivered',
                'ordering.order_shipped', 'ordering.order_returned', 'payments.payment_captured',
                'payments.payment_refunded', 'payments.refund_failed', 'payments.dispute_opened',
                'payments.dispute_closed', 'inventory.stock_moved']) GROUP BY 1, 2
        ) told USING (type, key) WHERE wanted.times IS DISTINCT FROM told.times
    """,
}
AFTER_THE_SWEEPS = {
    "no reservation outlives its deadline": """
        SELECT order_id FROM inventory.reservations WHERE expires_at < now()
    """,
    "no checkout stays undecided": """
        SELECT order_id FROM ordering.orders WHERE status = 'draft' AND created_at < now() - interval '10 minutes'
    """,
    "money of an order that came to nothing went back, or its refund was refused": """
        SELECT o.order_id FROM ordering.orders o JOIN payments.payments p USING (order_id)
        WHERE o.status IN ('expired', 'cancelled') AND p.refunded_minor < p.captured_minor
            AND NOT (p.method IN ('bank_transfer', 'cash_on_delivery') AND p.promised_minor = p.captured_minor)
            AND NOT EXISTS (SELECT FROM payments.refunds r WHERE r.payment_id = p.payment_id AND r.status = 'failed')
            AND NOT EXISTS (SELECT FROM payments.disputes d WHERE d.payment_id = p.payment_id)
    """,
}


async def breaches(rules: dict[str, str] = RULES) -> list[tuple[str, Any]]:
    """Which rules are broken, and by what; stock beside its movements included."""
    union = " UNION ALL ".join(
        f"SELECT '{name.replace(chr(39), chr(39) * 2)}', to_jsonb(found)::text FROM ({query}) AS found"  # noqa: S608
        for name, query in rules.items()
    )
    async with reading() as connection:
        broken: list[tuple[str, Any]] = [tuple(row) for row in (await connection.exec_driver_sql(union)).all()]
        broken += [
            ("stock is the sum of its movements", each) for each in await inventory.stock_differences(connection)
        ]
        return broken


async def unreadable() -> list[str]:
    """Events in the outbox that lake or worker could not read, or that are there twice: what the proof would miss."""
    async with reading() as connection:
        found = await connection.execute(text("SELECT event_id, type, envelope FROM core.outbox ORDER BY id"))
        rows = found.all()
    seen: set[Any] = set()
    broken = []
    for event_id, event_type, envelope in rows:
        try:
            document = orjson.loads(envelope)
            EVENT_TYPES[event_type].model_validate(document["data"])
        except (KeyError, ValueError) as error:
            broken.append(f"{event_type} {event_id}: {error}")
            continue
        if event_id in seen or document["id"] != str(event_id) or document["type"] != event_type:
            broken.append(f"{event_type} {event_id}: told twice, or under another name")
        seen.add(event_id)
    return broken


async def assert_all_is_well() -> None:
    """What must hold after every race and fault, once time has passed and the sweeps have run."""
    await shift(11)
    for _ in range(TRIES):
        await ordering.sweep_unfinished()
        await payments.sweep_refunds()
        broken = await breaches(RULES | AFTER_THE_SWEEPS)
        if not broken:
            assert await unreadable() == []
            return
    raise AssertionError(broken)


async def shift(minutes: int) -> None:
    """Let that much time pass, as far as anything here has a deadline."""
    ages = (
        "inventory.reservations SET reserved_at = reserved_at - {0}, expires_at = expires_at - {0}",
        "ordering.orders SET created_at = created_at - {0}, delivered_at = delivered_at - {0}",
        "payments.webhook_events SET received_at = received_at - {0}, tried_at = tried_at - {0}",
        "payments.payments SET created_at = created_at - {0}",
        "procrastinate_jobs SET scheduled_at = scheduled_at - {0}",
    )
    async with reading() as connection:
        for each in ages:
            await connection.execute(text("UPDATE " + each.format(f"interval '{minutes} minutes'")))

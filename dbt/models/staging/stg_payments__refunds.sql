-- Grain: one row per refund that came through (`refunded`) or will not by itself (`failed`).
select
    event_id,
    day,
    occurred_at as refunded_at,
    payment_id,
    order_id,
    refund_id,
    amount_minor,
    currency,
    gateway,
    'refunded' as outcome,
    reason
from {{ source('lake', 'payments_payment_refunded') }}
union all
select
    event_id,
    day,
    occurred_at as refunded_at,
    payment_id,
    order_id,
    refund_id,
    amount_minor,
    currency,
    gateway,
    'failed' as outcome,
    failure as reason
from {{ source('lake', 'payments_refund_failed') }}

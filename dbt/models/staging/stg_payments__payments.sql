-- Grain: one row per answer of the gateway, captured or declined.
select
    event_id,
    day,
    occurred_at as answered_at,
    payment_id,
    order_id,
    amount_minor,
    currency,
    gateway,
    'captured' as outcome,
    null::text as reason
from {{ source('lake', 'payments_payment_captured') }}
union all
select
    event_id,
    day,
    occurred_at as answered_at,
    payment_id,
    order_id,
    amount_minor,
    currency,
    gateway,
    'declined' as outcome,
    reason
from {{ source('lake', 'payments_payment_declined') }}

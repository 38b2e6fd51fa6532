-- Grain: one row per step of a dispute: `opened`, `won` or `lost`.
select
    event_id,
    day,
    occurred_at,
    payment_id,
    order_id,
    dispute_id,
    amount_minor,
    currency,
    gateway,
    'opened' as outcome,
    reason
from {{ source('lake', 'payments_dispute_opened') }}
union all
select
    event_id,
    day,
    occurred_at,
    payment_id,
    order_id,
    dispute_id,
    amount_minor,
    currency,
    gateway,
    outcome,
    null::text as reason
from {{ source('lake', 'payments_dispute_closed') }}

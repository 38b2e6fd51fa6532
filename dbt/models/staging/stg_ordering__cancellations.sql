-- Grain: one row per cancellation.
select
    event_id,
    day,
    occurred_at as cancelled_at,
    order_id,
    customer_id,
    reason
from {{ source('lake', 'ordering_order_cancelled') }}

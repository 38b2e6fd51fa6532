-- Grain: one row per order.
select
    event_id,
    day,
    occurred_at as placed_at,
    order_id,
    customer_id,
    source,
    currency,
    total_minor,
    recommendation_id
from {{ source('lake', 'ordering_order_placed') }}

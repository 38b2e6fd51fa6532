-- Grain: one row per order whose last parcel arrived.
select
    event_id,
    day,
    occurred_at as delivered_at,
    order_id
from {{ source('lake', 'ordering_order_delivered') }}

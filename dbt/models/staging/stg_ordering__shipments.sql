-- Grain: one row per parcel that left.
select
    event_id,
    day,
    occurred_at as shipped_at,
    order_id,
    shipment_id,
    carrier,
    is_complete
from {{ source('lake', 'ordering_order_shipped') }}

-- Grain: one row per product of a return.
select
    event_id,
    day,
    product_id,
    variant_id,
    quantity
from {{ source('lake', 'ordering_order_returned_lines') }}

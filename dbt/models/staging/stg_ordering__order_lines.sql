-- Grain: one row per line of an order.
select
    event_id,
    day,
    line_number,
    product_id,
    quantity,
    unit_price_minor,
    discount_minor,
    total_minor
from {{ source('lake', 'ordering_order_placed_lines') }}

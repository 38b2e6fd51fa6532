-- Grain: one row per line of an order. A line of before there were variants is of the product's first one.
select
    event_id,
    day,
    line_number,
    product_id,
    coalesce(variant_id, product_id) as variant_id,
    quantity,
    unit_price_minor,
    discount_minor,
    coalesce(tax_minor, 0) as tax_minor,
    total_minor
from {{ source('lake', 'ordering_order_placed_lines') }}

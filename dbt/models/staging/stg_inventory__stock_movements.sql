-- Grain: one row per movement of stock.
select
    event_id,
    day,
    occurred_at as moved_at,
    product_id,
    coalesce(variant_id, product_id) as variant_id,
    location,
    movement,
    quantity,
    order_id
from {{ source('lake', 'inventory_stock_moved') }}

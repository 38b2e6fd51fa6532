-- Grain: one row per movement of stock.
select
    event_id,
    day,
    occurred_at as moved_at,
    product_id,
    movement,
    quantity,
    order_id
from {{ source('lake', 'inventory_stock_moved') }}

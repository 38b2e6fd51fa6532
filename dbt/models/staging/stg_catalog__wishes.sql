-- Grain: one row per change of a wishlist.
select
    event_id,
    day,
    occurred_at,
    kafka_offset,
    customer_id,
    product_id,
    variant_id,
    true as is_wished
from {{ source('lake', 'catalog_item_wished') }}
union all
select
    event_id,
    day,
    occurred_at,
    kafka_offset,
    customer_id,
    product_id,
    variant_id,
    false as is_wished
from {{ source('lake', 'catalog_item_unwished') }}

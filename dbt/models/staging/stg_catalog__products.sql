-- Grain: one row per publication; each holds the whole product.
select
    event_id,
    day,
    occurred_at as published_at,
    kafka_offset,
    product_id,
    sku,
    title,
    department,
    category,
    product_type,
    brand,
    size,
    price_minor,
    currency
from {{ source('lake', 'catalog_product_published') }}

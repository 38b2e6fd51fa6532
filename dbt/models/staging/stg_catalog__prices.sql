-- Grain: one row per event that says what a variant costs. The first variant of a product has the product's own id.
select
    event_id,
    day,
    occurred_at as effective_at,
    kafka_offset,
    product_id,
    product_id as variant_id,
    price_minor,
    currency
from {{ source('lake', 'catalog_product_published') }}
union all
select
    event_id,
    day,
    occurred_at as effective_at,
    kafka_offset,
    product_id,
    variant_id,
    price_minor,
    currency
from {{ source('lake', 'catalog_variant_published') }}
union all
select
    event_id,
    day,
    occurred_at as effective_at,
    kafka_offset,
    product_id,
    variant_id,
    new_price_minor as price_minor,
    currency
from {{ source('lake', 'catalog_price_changed') }}

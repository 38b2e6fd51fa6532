-- Grain: one row per product, as it was published last.
select distinct on (product_id)
    product_id,
    sku,
    title,
    department,
    category,
    product_type,
    brand,
    size,
    price_minor,
    currency,
    published_at
from {{ ref('stg_catalog__products') }}
order by product_id asc, published_at desc, kafka_offset desc

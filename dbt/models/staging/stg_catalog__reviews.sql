-- Grain: one row per event of a review: it can be read, or no longer can.
select
    event_id,
    day,
    occurred_at,
    kafka_offset,
    review_id,
    product_id,
    customer_id,
    rating,
    true as is_published
from {{ source('lake', 'catalog_review_published') }}
union all
select
    event_id,
    day,
    occurred_at,
    kafka_offset,
    review_id,
    product_id,
    customer_id,
    null::bigint as rating,
    false as is_published
from {{ source('lake', 'catalog_review_withdrawn') }}

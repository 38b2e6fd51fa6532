-- Grain: one row per event of a post: it can be read, or no longer can.
select
    event_id,
    day,
    occurred_at,
    kafka_offset,
    post_id,
    community_id,
    customer_id,
    true as is_published
from {{ source('lake', 'communities_post_published') }}
union all
select
    event_id,
    day,
    occurred_at,
    kafka_offset,
    post_id,
    community_id,
    customer_id,
    false as is_published
from {{ source('lake', 'communities_post_withdrawn') }}

-- Grain: one row per event of a comment: it can be read, or no longer can.
select
    event_id,
    day,
    occurred_at,
    kafka_offset,
    comment_id,
    community_id,
    customer_id,
    true as is_published
from {{ source('lake', 'communities_comment_published') }}
union all
select
    event_id,
    day,
    occurred_at,
    kafka_offset,
    comment_id,
    community_id,
    customer_id,
    false as is_published
from {{ source('lake', 'communities_comment_withdrawn') }}

-- Grain: one row per vote cast, changed or withdrawn, on a post or a comment.
select
    event_id,
    day,
    occurred_at,
    kafka_offset,
    post_id as subject_id,
    community_id,
    customer_id,
    value
from {{ source('lake', 'communities_post_voted') }}
union all
select
    event_id,
    day,
    occurred_at,
    kafka_offset,
    comment_id as subject_id,
    community_id,
    customer_id,
    value
from {{ source('lake', 'communities_comment_voted') }}

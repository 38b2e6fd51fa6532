-- Grain: one row per shown page of a post.
select
    event_id,
    day,
    occurred_at as viewed_at,
    anonymous_id,
    customer_id,
    post_id,
    recommendation_id
from {{ source('lake', 'analytics_post_viewed') }}

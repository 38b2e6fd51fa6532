-- Grain: one row per post that somebody took out of their own feed.
select
    event_id,
    day,
    occurred_at as removed_at,
    customer_id,
    post_id,
    recommendation_id
from {{ source('lake', 'recommendations_post_removed') }}

-- Grain: one row per shown item.
select
    event_id,
    day,
    position,
    product_id,
    reason,
    score,
    propensity,
    pool_rank,
    pool_size
from {{ source('lake', 'recommendations_recommendation_served_items') }}

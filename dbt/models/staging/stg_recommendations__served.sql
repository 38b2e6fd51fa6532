-- Grain: one row per answer of the recommender.
select
    event_id,
    day,
    occurred_at as served_at,
    recommendation_id,
    anonymous_id,
    customer_id,
    surface,
    model,
    model_version
from {{ source('lake', 'recommendations_recommendation_served') }}

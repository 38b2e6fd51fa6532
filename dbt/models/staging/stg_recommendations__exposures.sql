-- Grain: one row per answer that a variant of an experiment made.
select
    event_id,
    day,
    occurred_at as exposed_at,
    experiment_id,
    variant,
    unit,
    anonymous_id,
    customer_id,
    recommendation_id
from {{ source('lake', 'recommendations_experiment_exposed') }}

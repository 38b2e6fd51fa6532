-- Grain: one row per search.
select
    event_id,
    day,
    occurred_at as searched_at,
    anonymous_id,
    customer_id,
    lower(trim(query)) as query,
    results
from {{ source('lake', 'analytics_search_performed') }}

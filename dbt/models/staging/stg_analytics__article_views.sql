-- Grain: one row per shown page of an article.
select
    event_id,
    day,
    occurred_at as viewed_at,
    anonymous_id,
    customer_id,
    article_id
from {{ source('lake', 'analytics_article_viewed') }}

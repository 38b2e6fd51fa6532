-- Grain: one row per shown post of a person's own feed.
with served as (
    select * from {{ source('lake', 'recommendations_feed_served') }}
),

items as (
    select * from {{ source('lake', 'recommendations_feed_served_items') }}
)

select
    served.event_id,
    served.day,
    served.occurred_at as shown_at,
    served.recommendation_id,
    served.customer_id,
    served.is_personal,
    items.position,
    items.post_id,
    items.source
from items
inner join served on items.event_id = served.event_id and items.day = served.day

-- Grain: one row per day and words that were looked for. Where somebody looked at a product in the same session within
-- ten minutes after, the search led somewhere.
with followed as (
    select distinct searches.event_id
    from {{ ref('stg_analytics__searches') }} as searches
    inner join {{ ref('int_analytics__session_events') }} as events
        on
            searches.anonymous_id = events.anonymous_id
            and events.kind = 'product_viewed'
            and events.occurred_at between searches.searched_at and searches.searched_at + interval '10 minutes'
),

searches as (
    select
        searches.*,
        followed.event_id is not null as is_followed
    from {{ ref('stg_analytics__searches') }} as searches
    left join followed on searches.event_id = followed.event_id
)

select
    day,
    query,
    count(*) as searches,
    count(distinct anonymous_id) as browsers,
    count(*) filter (where results = 0) as without_results,
    count(*) filter (where is_followed) as followed,
    max(results) as most_results
from searches
group by day, query

-- Grain: one row per day on which a session started. Each step counts sessions that took it.
select
    session_day as day,
    count(*) as sessions,
    count(*) filter (where products_viewed > 0) as viewed,
    count(*) filter (where cart_additions > 0) as carted,
    count(*) filter (where checkouts > 0) as checked_out,
    count(*) filter (where orders > 0) as ordered
from {{ ref('fct_sessions') }}
group by session_day

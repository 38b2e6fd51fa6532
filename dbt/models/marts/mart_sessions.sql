-- Grain: one row per day on which a session started.
select
    session_day as day,
    count(*) as sessions,
    count(distinct person_id) as people,
    count(*) filter (where customer_id is not null) as of_known_people,
    count(*) filter (where is_stitched) as stitched,
    count(*) filter (where events = 1) as bounced,
    count(*) filter (where searches > 0) as with_search,
    count(*) filter (where orders > 0) as with_order,
    percentile_cont(0.5) within group (order by extract(epoch from ended_at - started_at))::bigint as median_seconds
from {{ ref('fct_sessions') }}
group by session_day

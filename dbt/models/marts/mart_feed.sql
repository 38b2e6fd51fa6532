-- Grain: one row per day of showing, source and whether the person is known. What came of a shown post is joined by the
-- feed's id, so that a post opened from anywhere else is no click.
with opened as (
    select distinct
        recommendation_id,
        post_id
    from {{ ref('stg_analytics__post_views') }}
    where recommendation_id is not null
),

removed as (
    select distinct
        recommendation_id,
        post_id
    from {{ ref('stg_recommendations__removed_posts') }}
    where recommendation_id is not null
)

select
    shown.day,
    shown.source,
    shown.is_personal,
    count(*) as impressions,
    count(opened.post_id) as clicks,
    count(removed.post_id) as removed
from {{ ref('stg_recommendations__feed_posts') }} as shown
left join opened on shown.recommendation_id = opened.recommendation_id and shown.post_id = opened.post_id
left join removed on shown.recommendation_id = removed.recommendation_id and shown.post_id = removed.post_id
group by shown.day, shown.source, shown.is_personal

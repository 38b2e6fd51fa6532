-- Grain: one row per day on which places were drawn by lot, surface, model, version, size of the pool and rank in it.
-- Every product of a pool had the same chance, 1 / pool_size: what came of each rank tells what any other way to choose
-- from the pool would have brought.
with drawn as (
    select
        items.pool_rank,
        items.pool_size,
        items.product_id,
        served.day,
        served.recommendation_id,
        served.surface,
        served.model,
        served.model_version
    from {{ ref('stg_recommendations__impressions') }} as items
    inner join {{ ref('stg_recommendations__served') }} as served on items.event_id = served.event_id
    where items.pool_rank is not null
),

clicked as (
    select distinct
        recommendation_id,
        product_id
    from {{ ref('int_analytics__session_events') }}
    where kind = 'product_viewed' and recommendation_id is not null
)

select
    drawn.day,
    drawn.surface,
    drawn.model,
    drawn.model_version,
    drawn.pool_size,
    drawn.pool_rank,
    count(*) as shown,
    count(clicked.product_id) as clicked
from drawn
left join clicked
    on drawn.recommendation_id = clicked.recommendation_id and drawn.product_id = clicked.product_id
group by
    drawn.day, drawn.surface, drawn.model, drawn.model_version, drawn.pool_size, drawn.pool_rank

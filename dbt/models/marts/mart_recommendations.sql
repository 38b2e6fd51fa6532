-- Grain: one row per day on which answers were shown, surface, model and version. What came of an answer is joined by
-- its id and counts on the day of the answer: clicks and carts of shown products, and lines of orders that it led to.
with served as (
    select * from {{ ref('stg_recommendations__served') }}
),

impressions as (
    select
        served.recommendation_id,
        count(*) as impressions
    from {{ ref('stg_recommendations__impressions') }} as items
    inner join served on items.event_id = served.event_id
    group by served.recommendation_id
),

followed as (
    select
        recommendation_id,
        count(*) filter (where kind = 'product_viewed') as clicks,
        count(*) filter (where kind = 'cart_item_added') as carts
    from {{ ref('int_analytics__session_events') }}
    where recommendation_id is not null
    group by recommendation_id
),

shown as (
    select distinct
        served.recommendation_id,
        items.product_id
    from served
    inner join {{ ref('stg_recommendations__impressions') }} as items on served.event_id = items.event_id
),

bought as (
    select
        orders.recommendation_id,
        count(distinct orders.order_id) as orders,
        sum(lines.total_minor)::bigint as revenue_minor
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('fct_order_lines') }} as lines
        on orders.order_id = lines.order_id and orders.order_day = lines.order_day
    inner join shown
        on orders.recommendation_id = shown.recommendation_id and lines.product_id = shown.product_id
    where orders.recommendation_id is not null and not orders.is_cancelled
    group by orders.recommendation_id
)

select
    served.day,
    served.surface,
    served.model,
    served.model_version,
    count(*) as answers,
    coalesce(sum(impressions.impressions), 0)::bigint as impressions,
    count(*) filter (where followed.clicks > 0) as answers_clicked,
    coalesce(sum(followed.clicks), 0)::bigint as clicks,
    coalesce(sum(followed.carts), 0)::bigint as carts,
    coalesce(sum(bought.orders), 0)::bigint as orders,
    coalesce(sum(bought.revenue_minor), 0)::bigint as revenue_minor
from served
left join impressions on served.recommendation_id = impressions.recommendation_id
left join followed on served.recommendation_id = followed.recommendation_id
left join bought on served.recommendation_id = bought.recommendation_id
group by served.day, served.surface, served.model, served.model_version

-- Grain: one row per product of the catalogue, from looked at to rated. The 28 days end with the newest day on which
-- anything was bought or looked at.
with newest as (
    select greatest(
        (select max(orders.order_day) from {{ ref('fct_orders') }} as orders),
        (select max(events.day) from {{ ref('int_analytics__session_events') }} as events)
    ) as day
),

behaviour as (
    select
        events.product_id,
        count(*) filter (where events.kind = 'product_viewed') as views_28d,
        count(*) filter (where events.kind = 'cart_item_added') as carts_28d
    from {{ ref('int_analytics__session_events') }} as events
    cross join newest
    where events.product_id is not null and events.day > newest.day - 28
    group by events.product_id
),

sold as (
    select
        lines.product_id,
        sum(lines.quantity)::bigint as units_28d,
        sum(lines.total_minor)::bigint as revenue_minor_28d,
        count(distinct lines.customer_id) as buyers_28d
    from {{ ref('fct_order_lines') }} as lines
    cross join newest
    where not lines.is_cancelled and lines.order_day > newest.day - 28
    group by lines.product_id
),

returned as (
    select
        product_id,
        sum(quantity)::bigint as returned_units
    from {{ ref('stg_ordering__returned_units') }}
    group by product_id
),

stock as (
    select distinct on (product_id)
        product_id,
        on_hand
    from {{ ref('mart_inventory') }}
    order by product_id asc, day desc
)

select
    products.product_id,
    products.title,
    products.department,
    products.category,
    products.brand,
    products.price_minor,
    products.currency,
    coalesce(behaviour.views_28d, 0) as views_28d,
    coalesce(behaviour.carts_28d, 0) as carts_28d,
    coalesce(sold.units_28d, 0) as units_28d,
    coalesce(sold.revenue_minor_28d, 0) as revenue_minor_28d,
    coalesce(sold.buyers_28d, 0) as buyers_28d,
    coalesce(returned.returned_units, 0) as returned_units,
    coalesce(reviews.reviews, 0) as reviews,
    reviews.average_rating,
    coalesce(stock.on_hand, 0) as on_hand
from {{ ref('dim_products') }} as products
left join behaviour on products.product_id = behaviour.product_id
left join sold on products.product_id = sold.product_id
left join returned on products.product_id = returned.product_id
left join {{ ref('mart_reviews') }} as reviews on products.product_id = reviews.product_id
left join stock on products.product_id = stock.product_id

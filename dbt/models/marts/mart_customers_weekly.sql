-- Grain: one row per week (from Monday) with an order.
with orders as (
    select
        customer_id,
        date_trunc('week', order_day)::date as week,
        min(date_trunc('week', order_day)::date) over (partition by customer_id) as first_week
    from {{ ref('fct_orders') }}
)

select
    week,
    count(distinct customer_id) as active,
    count(distinct customer_id) filter (where week = first_week) as new,
    count(distinct customer_id) filter (where week > first_week) as "returning"
from orders
group by week

-- Grain: one row per day and currency with an order. Built whole from the facts: a late order moves the day on which
-- its customer was new.
with orders as (
    select
        *,
        placed_at = min(placed_at) over (partition by customer_id) as is_first_of_customer
    from {{ ref('fct_orders') }}
)

select
    order_day as day,
    currency,
    count(*) filter (where not is_cancelled) as orders,
    coalesce(sum(units) filter (where not is_cancelled), 0)::bigint as units,
    coalesce(sum(total_minor) filter (where not is_cancelled), 0)::bigint as revenue_minor,
    coalesce(sum(goods_minor) filter (where not is_cancelled), 0)::bigint as goods_minor,
    coalesce(sum(delivery_minor) filter (where not is_cancelled), 0)::bigint as delivery_minor,
    coalesce(sum(tax_minor) filter (where not is_cancelled), 0)::bigint as tax_minor,
    coalesce(sum(discount_minor) filter (where not is_cancelled), 0)::bigint as discount_minor,
    count(distinct customer_id) as customers,
    count(distinct customer_id) filter (where is_first_of_customer) as new_customers
from orders
group by order_day, currency

-- Grain: one row per day of orders, promotion code and currency. Orders that were cancelled later do not count.
select
    order_day as day,
    promotion_code,
    currency,
    count(*) as orders,
    count(distinct customer_id) as customers,
    sum(units)::bigint as units,
    sum(discount_minor)::bigint as discount_minor,
    sum(goods_minor)::bigint as goods_minor,
    sum(total_minor)::bigint as revenue_minor
from {{ ref('fct_orders') }}
where promotion_code is not null and not is_cancelled
group by order_day, promotion_code, currency

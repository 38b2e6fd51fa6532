-- Grain: one row per day of orders, where they came from, and currency: what became of the orders of that day.
select
    order_day as day,
    source,
    currency,
    count(*) as placed,
    count(*) filter (where status = 'cancelled') as cancelled,
    count(*) filter (where shipped_at is not null) as shipped,
    count(*) filter (where delivered_at is not null) as delivered,
    count(*) filter (where returned_at is not null) as returned,
    count(*) filter (where refunded_minor > 0) as refunded,
    coalesce(sum(refunded_minor), 0)::bigint as refunded_minor,
    extract(epoch from percentile_cont(0.5) within group (order by shipped_at - placed_at))::bigint / 3600
        as median_hours_to_ship,
    extract(epoch from percentile_cont(0.5) within group (order by delivered_at - placed_at))::bigint / 3600
        as median_hours_to_deliver
from {{ ref('fct_orders') }}
group by order_day, source, currency

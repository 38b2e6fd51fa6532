-- Grain: one row per day, from the oldest order to a year from now: what metrics are counted along.
select day::date as day
from
    generate_series(
        (select coalesce(min(orders.order_day), current_date) from {{ ref('fct_orders') }} as orders),
        current_date + 365,
        interval '1 day'
    ) as day

-- Money is neither lost nor made between the orders and the day's total.
with sales as (
    select sum(revenue_minor) as revenue_minor from {{ ref('mart_daily_sales') }}
),

orders as (
    select sum(total_minor) as revenue_minor from {{ ref('fct_orders') }}
    where not is_cancelled
)

select
    sales.revenue_minor as sales_minor,
    orders.revenue_minor as orders_minor
from sales
cross join orders
where sales.revenue_minor is distinct from orders.revenue_minor

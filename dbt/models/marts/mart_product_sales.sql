-- Grain: one row per product that was ever sold. The 28 days end with the newest order, not with today: history that
-- was loaded yesterday has a last month too.
{{ config(indexes=[{'columns': ['revenue_minor_28d']}]) }}

with newest as (
    select max(order_day) as day from {{ ref('fct_orders') }}
),

sales as (
    select
        lines.product_id,
        coalesce(sum(lines.quantity) filter (where lines.order_day > newest.day - 28), 0)::bigint as units_28d,
        coalesce(sum(lines.total_minor) filter (where lines.order_day > newest.day - 28), 0)::bigint
            as revenue_minor_28d,
        sum(lines.quantity)::bigint as units_total,
        sum(lines.total_minor)::bigint as revenue_minor_total
    from {{ ref('fct_order_lines') }} as lines
    cross join newest
    where not lines.is_cancelled
    group by lines.product_id
)

select
    sales.product_id,
    products.title,
    products.department,
    products.brand,
    sales.units_28d,
    sales.revenue_minor_28d,
    sales.units_total,
    sales.revenue_minor_total
from sales
inner join {{ ref('dim_products') }} as products on sales.product_id = products.product_id

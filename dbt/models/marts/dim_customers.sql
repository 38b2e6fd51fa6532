-- Grain: one row per customer. A customer who is known from orders alone (the registration lands a little later) is
-- there too, marked as inferred: a fact never points into the void.
{{ config(indexes=[{'columns': ['customer_id'], 'unique': True}]) }}

with registered as (
    select distinct on (customer_id) *
    from {{ ref('stg_identity__customers') }}
    order by customer_id asc, registered_at asc
),

orders as (
    select
        customer_id,
        min(placed_at) as first_order_at,
        max(placed_at) as last_order_at,
        count(*) as orders,
        sum(total_minor) filter (where not is_cancelled) as revenue_minor,
        sum(refunded_minor) as refunded_minor
    from {{ ref('fct_orders') }}
    group by customer_id
),

segments as (
    select * from {{ ref('dim_customer_segments') }}
    where is_current
)

select
    coalesce(registered.customer_id, orders.customer_id) as customer_id,
    coalesce(registered.source, 'unknown') as source,
    registered.registered_at,
    registered.age_band,
    registered.income_band,
    registered.household_size,
    orders.first_order_at,
    orders.last_order_at,
    coalesce(orders.orders, 0) as orders,
    coalesce(orders.revenue_minor, 0)::bigint as revenue_minor,
    coalesce(orders.refunded_minor, 0)::bigint as refunded_minor,
    segments.segment,
    registered.customer_id is null as is_inferred
from registered
full outer join orders on registered.customer_id = orders.customer_id
left join segments on coalesce(registered.customer_id, orders.customer_id) = segments.customer_id

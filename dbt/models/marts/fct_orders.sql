-- Grain: one row per order, with what became of it. Rebuilt by day of the order: `int_ordering__touched_days` says
-- which. Goods, delivery and tax are told apart and sum to what was charged, whether prices include tax or not.
-- depends_on: {{ ref('int_ordering__touched_days') }}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='order_day',
        indexes=[{'columns': ['order_day']}, {'columns': ['customer_id']}],
    )
}}

with orders as (
    select *
    from {{ ref('stg_ordering__orders') }}
    {% if is_incremental() %}
        where day in (select touched.day from {{ ref('int_ordering__touched_days') }} as touched)
    {% endif %}
),

lines as (
    select
        order_lines.event_id,
        count(*) as lines,
        sum(order_lines.quantity)::bigint as units,
        sum(order_lines.discount_minor)::bigint as discount_minor,
        sum(order_lines.total_minor)::bigint as total_minor,
        sum(order_lines.tax_minor)::bigint as tax_minor
    from {{ ref('stg_ordering__order_lines') }} as order_lines
    {% if is_incremental() %}
        where order_lines.day in (select touched.day from {{ ref('int_ordering__touched_days') }} as touched)
    {% endif %}
    group by order_lines.event_id
),

later as (
    select * from {{ ref('int_ordering__outcomes') }}
)

select
    orders.order_id,
    orders.event_id,
    orders.day as order_day,
    orders.placed_at,
    orders.customer_id,
    orders.seller_id,
    orders.group_id,
    orders.source,
    orders.promotion_code,
    orders.recommendation_id,
    orders.currency,
    coalesce(lines.lines, 0) as lines,
    coalesce(lines.units, 0) as units,
    coalesce(lines.discount_minor, 0) as discount_minor,
    coalesce(lines.total_minor, 0) - case when orders.is_tax_included then coalesce(lines.tax_minor, 0) else 0 end
        as goods_minor,
    orders.delivery_minor
    - case when orders.is_tax_included then orders.tax_minor - coalesce(lines.tax_minor, 0) else 0 end
        as delivery_minor,
    orders.tax_minor,
    orders.is_tax_included,
    orders.total_minor,
    coalesce(later.refunded_minor, 0) as refunded_minor,
    case
        when later.cancelled_at is not null then 'cancelled'
        when later.is_returned then 'returned'
        when later.returned_at is not null then 'partially_returned'
        when later.delivered_at is not null then 'delivered'
        when later.is_shipped then 'shipped'
        when later.shipped_at is not null then 'partially_shipped'
        else 'placed'
    end as status,
    later.cancelled_at is not null as is_cancelled,
    later.cancelled_at,
    later.shipped_at,
    later.delivered_at,
    later.returned_at
from orders
left join lines on orders.event_id = lines.event_id
left join later on orders.order_id = later.order_id

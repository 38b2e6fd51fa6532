-- Grain: one row per order. Rebuilt by day of the order: `int_ordering__touched_days` says which.
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
        sum(order_lines.discount_minor)::bigint as discount_minor
    from {{ ref('stg_ordering__order_lines') }} as order_lines
    {% if is_incremental() %}
        where order_lines.day in (select touched.day from {{ ref('int_ordering__touched_days') }} as touched)
    {% endif %}
    group by order_lines.event_id
),

cancellations as (
    select
        order_id,
        min(cancelled_at) as cancelled_at
    from {{ ref('stg_ordering__cancellations') }}
    group by order_id
)

select
    orders.order_id,
    orders.event_id,
    orders.day as order_day,
    orders.placed_at,
    orders.customer_id,
    orders.source,
    orders.currency,
    coalesce(lines.lines, 0) as lines,
    coalesce(lines.units, 0) as units,
    coalesce(lines.discount_minor, 0) as discount_minor,
    orders.total_minor,
    cancellations.order_id is not null as is_cancelled,
    cancellations.cancelled_at
from orders
left join lines on orders.event_id = lines.event_id
left join cancellations on orders.order_id = cancellations.order_id

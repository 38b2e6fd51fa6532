-- Grain: one row per line of an order. Rebuilt by day of the order, as `fct_orders` is.
-- depends_on: {{ ref('int_ordering__touched_days') }}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='order_day',
        indexes=[{'columns': ['order_day']}],
    )
}}

with orders as (
    select *
    from {{ ref('fct_orders') }}
    {% if is_incremental() %}
        where order_day in (select touched.day from {{ ref('int_ordering__touched_days') }} as touched)
    {% endif %}
),

lines as (
    select *
    from {{ ref('stg_ordering__order_lines') }}
    {% if is_incremental() %}
        where day in (select touched.day from {{ ref('int_ordering__touched_days') }} as touched)
    {% endif %}
)

select
    orders.order_id,
    lines.line_number,
    orders.order_day,
    orders.placed_at,
    orders.customer_id,
    lines.product_id,
    lines.quantity,
    lines.unit_price_minor,
    lines.discount_minor,
    lines.total_minor,
    orders.currency,
    orders.is_cancelled
from lines
inner join orders on lines.event_id = orders.event_id

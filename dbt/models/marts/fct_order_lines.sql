-- Grain: one row per line of an order. Rebuilt by day of the order, as `fct_orders` is. The list price is the one that
-- held when the order was placed, whatever the product costs today.
-- depends_on: {{ ref('int_ordering__touched_days') }}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='order_day',
        indexes=[
            {'columns': ['order_id', 'line_number'], 'unique': True},
            {'columns': ['order_day', 'placed_at']},
            {'columns': ['product_id']},
        ],
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
    orders.source,
    lines.product_id,
    lines.variant_id,
    lines.quantity,
    prices.price_minor as list_price_minor,
    lines.unit_price_minor,
    lines.discount_minor,
    lines.tax_minor,
    lines.total_minor,
    lines.total_minor - case when orders.is_tax_included then lines.tax_minor else 0 end as goods_minor,
    orders.currency,
    orders.is_cancelled
from lines
inner join orders on lines.event_id = orders.event_id
left join {{ ref('int_catalog__prices') }} as prices
    on
        lines.variant_id = prices.variant_id
        and orders.currency = prices.currency
        and orders.placed_at >= prices.valid_from
        and (prices.valid_to is null or orders.placed_at < prices.valid_to)

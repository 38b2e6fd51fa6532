-- Grain: one row per day of orders that a build has to make anew: the day itself has new orders, something became of an
-- order of that day later, or a price that held then came in late. A table, so that all of one build see the same days.
{{ config(materialized='table') }}

with new_orders as (
    {{ touched_days(['ordering_order_placed']) }}
),

later_events as (
    {% for model, table in [
        ('stg_ordering__cancellations', 'ordering_order_cancelled'),
        ('stg_ordering__shipments', 'ordering_order_shipped'),
        ('stg_ordering__deliveries', 'ordering_order_delivered'),
        ('stg_ordering__returns', 'ordering_order_returned'),
    ] %}
        select order_id
        from {{ ref(model) }}
        where day in ({{ touched_days([table]) }})
        union
    {% endfor %}
    select order_id
    from {{ ref('stg_payments__refunds') }}
    where day in ({{ touched_days(['payments_payment_refunded', 'payments_refund_failed']) }})
),

days_of_later_events as (
    select orders.day
    from {{ ref('stg_ordering__orders') }} as orders
    inner join later_events on orders.order_id = later_events.order_id
),

late_prices as (
    select
        variant_id,
        valid_from,
        valid_to
    from {{ ref('int_catalog__prices') }}
    where
        day in (
            {{ touched_days(['catalog_product_published', 'catalog_variant_published', 'catalog_price_changed']) }}
        )
),

days_of_late_prices as (
    select orders.day
    from late_prices
    inner join {{ ref('stg_ordering__order_lines') }} as lines on late_prices.variant_id = lines.variant_id
    inner join {{ ref('stg_ordering__orders') }} as orders on lines.event_id = orders.event_id
    where
        lines.day >= (select min(first.valid_from) from late_prices as first)::date - 1
        and orders.placed_at >= late_prices.valid_from
        and (late_prices.valid_to is null or orders.placed_at < late_prices.valid_to)
)

select day from new_orders
union
select day from days_of_later_events
union
select day from days_of_late_prices

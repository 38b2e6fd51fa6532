-- Grain: one row per visitor whose sessions a build has to make anew: a late event can join two sessions across
-- midnight, and an order can turn a session into one that ended in an order. A day would be too small a unit.
with new_events as (
    select events.anonymous_id
    from {{ ref('stg_analytics__events') }} as events
    where
        events.day in (
            {{ touched_days([
                'analytics_page_viewed', 'analytics_product_viewed', 'analytics_search_performed',
                'analytics_cart_item_added', 'analytics_checkout_started',
            ]) }}
        )
),

new_orders as (
    select events.anonymous_id
    from {{ ref('stg_analytics__events') }} as events
    inner join {{ ref('stg_ordering__orders') }} as orders on events.customer_id = orders.customer_id
    where orders.day in ({{ touched_days(['ordering_order_placed']) }})
)

select anonymous_id from new_events
union
select anonymous_id from new_orders

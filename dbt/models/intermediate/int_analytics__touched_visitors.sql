-- Grain: one row per browser whose sessions a build has to make anew: a late event can join two sessions across
-- midnight, an order can turn a session into one that ended in an order, and a sign-in tells whose the sessions before
-- it were. A day would be too small a unit. A table, so that all of one build see the same browsers.
{{ config(materialized='table') }}

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

new_sign_ins as (
    select sign_ins.anonymous_id
    from {{ ref('stg_identity__sign_ins') }} as sign_ins
    where sign_ins.anonymous_id is not null and sign_ins.day in ({{ touched_days(['identity_signed_in']) }})
),

new_orders as (
    select identities.anonymous_id
    from {{ ref('int_analytics__identities') }} as identities
    inner join {{ ref('stg_ordering__orders') }} as orders on identities.customer_id = orders.customer_id
    where orders.source = 'storefront' and orders.day in ({{ touched_days(['ordering_order_placed']) }})
),

-- In a shared browser the event itself tells who it was.
new_orders_of_shared as (
    select events.anonymous_id
    from {{ ref('stg_analytics__events') }} as events
    inner join {{ ref('stg_ordering__orders') }} as orders on events.customer_id = orders.customer_id
    where orders.source = 'storefront' and orders.day in ({{ touched_days(['ordering_order_placed']) }})
)

select anonymous_id from new_events
union
select anonymous_id from new_sign_ins
union
select anonymous_id from new_orders
union
select anonymous_id from new_orders_of_shared

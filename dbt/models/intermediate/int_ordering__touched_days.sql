-- Grain: one row per day of orders that a build has to make anew: the day itself has new orders, or an order of that
-- day was cancelled later.
with new_orders as (
    {{ touched_days(['ordering_order_placed']) }}
),

cancelled_orders as (
    select orders.day
    from {{ ref('stg_ordering__cancellations') }} as cancellations
    inner join {{ ref('stg_ordering__orders') }} as orders on cancellations.order_id = orders.order_id
    where cancellations.day in ({{ touched_days(['ordering_order_cancelled']) }})
)

select day from new_orders
union
select day from cancelled_orders

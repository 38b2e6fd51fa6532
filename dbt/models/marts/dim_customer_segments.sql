-- Grain: one row per customer and time spent in a segment (a dimension of type 2). A segment is told by the orders
-- placed so far: none, one, two to nine, ten and more.
{{ config(indexes=[{'columns': ['customer_id', 'valid_from'], 'unique': True}]) }}

with numbered as (
    select
        customer_id,
        placed_at as valid_from,
        row_number() over (partition by customer_id order by placed_at, order_id) as orders
    from {{ ref('fct_orders') }}
),

registered as (
    select
        customers.customer_id,
        min(customers.registered_at) as valid_from,
        0::bigint as orders
    from {{ ref('stg_identity__customers') }} as customers
    left join numbered on customers.customer_id = numbered.customer_id and numbered.orders = 1
    where numbered.customer_id is null or customers.registered_at < numbered.valid_from
    group by customers.customer_id
),

-- Of two orders at one instant only the last opens a row: a segment has to last to be one.
ordered as (
    select
        customer_id,
        valid_from,
        max(orders) as orders
    from numbered
    group by customer_id, valid_from
),

entered as (
    select * from registered
    union all
    select * from ordered
),

segments as (
    select
        *,
        case
            when orders = 0 then 'registered'
            when orders = 1 then 'first order'
            when orders < 10 then 'returning'
            else 'regular'
        end as segment
    from entered
),

changes as (
    select
        *,
        lag(segment) over (partition by customer_id order by valid_from) as segment_before
    from segments
)

select
    customer_id,
    segment,
    valid_from,
    lead(valid_from) over (partition by customer_id order by valid_from) as valid_to,
    lead(valid_from) over (partition by customer_id order by valid_from) is null as is_current
from changes
where segment_before is null or segment_before <> segment

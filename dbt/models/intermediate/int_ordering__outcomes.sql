-- Grain: one row per order of which something became after it was placed.
with steps as (
    select
        order_id,
        'cancelled' as step,
        cancelled_at as occurred_at,
        true as is_complete,
        0::bigint as refunded_minor
    from {{ ref('stg_ordering__cancellations') }}
    union all
    select
        order_id,
        'shipped' as step,
        shipped_at as occurred_at,
        is_complete,
        0::bigint as refunded_minor
    from {{ ref('stg_ordering__shipments') }}
    union all
    select
        order_id,
        'delivered' as step,
        delivered_at as occurred_at,
        true as is_complete,
        0::bigint as refunded_minor
    from {{ ref('stg_ordering__deliveries') }}
    union all
    select
        order_id,
        'returned' as step,
        returned_at as occurred_at,
        is_complete,
        0::bigint as refunded_minor
    from {{ ref('stg_ordering__returns') }}
    union all
    select
        order_id,
        'refunded' as step,
        refunded_at as occurred_at,
        true as is_complete,
        amount_minor as refunded_minor
    from {{ ref('stg_payments__refunds') }}
    where outcome = 'refunded'
)

select
    order_id,
    min(occurred_at) filter (where step = 'cancelled') as cancelled_at,
    min(occurred_at) filter (where step = 'shipped') as shipped_at,
    min(occurred_at) filter (where step = 'delivered') as delivered_at,
    min(occurred_at) filter (where step = 'returned') as returned_at,
    bool_or(step in ('shipped', 'delivered') and is_complete) as is_shipped,
    bool_or(step = 'returned' and is_complete) as is_returned,
    sum(refunded_minor)::bigint as refunded_minor
from steps
group by order_id

-- Grain: one row per day, gateway and currency on which a gateway told something of a payment.
with steps as (
    select
        day,
        gateway,
        currency,
        outcome as step,
        amount_minor
    from {{ ref('stg_payments__payments') }}
    union all
    select
        day,
        gateway,
        currency,
        case outcome when 'refunded' then 'refunded' else 'refund_failed' end as step,
        amount_minor
    from {{ ref('stg_payments__refunds') }}
    union all
    select
        day,
        gateway,
        currency,
        'dispute_' || outcome as step,
        amount_minor
    from {{ ref('stg_payments__disputes') }}
)

select
    day,
    gateway,
    currency,
    count(*) filter (where step = 'authorized') as authorized,
    count(*) filter (where step = 'captured') as captured,
    coalesce(sum(amount_minor) filter (where step = 'captured'), 0)::bigint as captured_minor,
    count(*) filter (where step = 'declined') as declined,
    count(*) filter (where step = 'cancelled') as cancelled,
    count(*) filter (where step = 'refunded') as refunded,
    coalesce(sum(amount_minor) filter (where step = 'refunded'), 0)::bigint as refunded_minor,
    count(*) filter (where step = 'refund_failed') as refunds_failed,
    count(*) filter (where step = 'dispute_opened') as disputes_opened,
    coalesce(sum(amount_minor) filter (where step = 'dispute_opened'), 0)::bigint as disputed_minor,
    count(*) filter (where step = 'dispute_won') as disputes_won,
    count(*) filter (where step = 'dispute_lost') as disputes_lost
from steps
group by day, gateway, currency

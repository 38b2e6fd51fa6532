-- Grain: one row per step of an order, from placed to refunded: the full history. Rebuilt by the step's own day, so
-- that a late step changes its day and no other.
{% set orders = [
    'ordering_order_placed', 'ordering_order_shipped', 'ordering_order_delivered', 'ordering_order_returned',
    'ordering_order_cancelled',
] %}
{% set payments = [
    'payments_payment_authorized', 'payments_payment_captured', 'payments_payment_declined',
    'payments_payment_cancelled', 'payments_payment_refunded', 'payments_refund_failed', 'payments_dispute_opened',
    'payments_dispute_closed',
] %}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='day',
        indexes=[{'columns': ['day']}, {'columns': ['order_id']}],
    )
}}

with steps as (
    select
        event_id,
        day,
        placed_at as occurred_at,
        order_id,
        'placed' as step,
        total_minor as amount_minor,
        currency,
        null::text as reason
    from {{ ref('stg_ordering__orders') }}
    union all
    select
        event_id,
        day,
        shipped_at as occurred_at,
        order_id,
        case when is_complete then 'shipped' else 'partially_shipped' end as step,
        null as amount_minor,
        null as currency,
        carrier as reason
    from {{ ref('stg_ordering__shipments') }}
    union all
    select
        event_id,
        day,
        delivered_at as occurred_at,
        order_id,
        'delivered' as step,
        null as amount_minor,
        null as currency,
        null as reason
    from {{ ref('stg_ordering__deliveries') }}
    union all
    select
        event_id,
        day,
        returned_at as occurred_at,
        order_id,
        case when is_complete then 'returned' else 'partially_returned' end as step,
        refund_minor as amount_minor,
        null as currency,
        reason
    from {{ ref('stg_ordering__returns') }}
    union all
    select
        event_id,
        day,
        cancelled_at as occurred_at,
        order_id,
        'cancelled' as step,
        null as amount_minor,
        null as currency,
        reason
    from {{ ref('stg_ordering__cancellations') }}
    union all
    select
        event_id,
        day,
        answered_at as occurred_at,
        order_id,
        'payment_' || outcome as step,
        amount_minor,
        currency,
        reason
    from {{ ref('stg_payments__payments') }}
    union all
    select
        event_id,
        day,
        refunded_at as occurred_at,
        order_id,
        case outcome when 'refunded' then 'refunded' else 'refund_failed' end as step,
        amount_minor,
        currency,
        reason
    from {{ ref('stg_payments__refunds') }}
    union all
    select
        event_id,
        day,
        occurred_at,
        order_id,
        'dispute_' || outcome as step,
        amount_minor,
        currency,
        reason
    from {{ ref('stg_payments__disputes') }}
)

select
    event_id,
    day,
    occurred_at,
    order_id,
    step,
    amount_minor,
    currency,
    reason
from steps
{% if is_incremental() %}
    where day in ({{ touched_days(orders + payments) }})
{% endif %}

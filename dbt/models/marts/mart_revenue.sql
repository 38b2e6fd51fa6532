-- Grain: one row per day and currency on which money was charged or went back. Charges stand on the day of the order,
-- refunds on the day on which they came through: they are not taken off a day that is closed.
with charged as (
    select
        day,
        currency,
        orders,
        goods_minor,
        delivery_minor,
        tax_minor,
        revenue_minor
    from {{ ref('mart_daily_sales') }}
),

refunded as (
    select
        day,
        currency,
        count(*) as refunds,
        sum(amount_minor)::bigint as refunded_minor
    from {{ ref('stg_payments__refunds') }}
    where outcome = 'refunded'
    group by day, currency
)

select
    coalesce(charged.day, refunded.day) as day,
    coalesce(charged.currency, refunded.currency) as currency,
    coalesce(charged.orders, 0) as orders,
    coalesce(charged.goods_minor, 0) as goods_minor,
    coalesce(charged.delivery_minor, 0) as delivery_minor,
    coalesce(charged.tax_minor, 0) as tax_minor,
    coalesce(charged.revenue_minor, 0) as charged_minor,
    coalesce(refunded.refunds, 0) as refunds,
    coalesce(refunded.refunded_minor, 0) as refunded_minor,
    coalesce(charged.revenue_minor, 0) - coalesce(refunded.refunded_minor, 0) as net_minor
from charged
full outer join refunded on charged.day = refunded.day and charged.currency = refunded.currency

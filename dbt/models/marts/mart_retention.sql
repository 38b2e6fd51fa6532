-- Grain: one row per week (from Monday) of a first order and number of weeks later in which somebody of it ordered. The
-- newest week is not over: its figures still grow.
with orders as (
    select distinct
        customer_id,
        date_trunc('week', order_day)::date as week
    from {{ ref('fct_orders') }}
),

cohorts as (
    select
        customer_id,
        min(week) as cohort_week
    from orders
    group by customer_id
),

sizes as (
    select
        cohort_week,
        count(*) as customers
    from cohorts
    group by cohort_week
)

select
    cohorts.cohort_week,
    ((orders.week - cohorts.cohort_week) / 7)::bigint as weeks_later,
    sizes.customers,
    count(*) as active
from orders
inner join cohorts on orders.customer_id = cohorts.customer_id
inner join sizes on cohorts.cohort_week = sizes.cohort_week
group by cohorts.cohort_week, orders.week, sizes.customers

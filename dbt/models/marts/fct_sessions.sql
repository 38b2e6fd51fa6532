-- Grain: one row per session: events of one visitor without a pause of more than 30 minutes. Rebuilt by visitor:
-- `int_analytics__touched_visitors` says which, and why not by day.
-- depends_on: {{ ref('int_analytics__touched_visitors') }}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='anonymous_id',
        indexes=[{'columns': ['anonymous_id']}, {'columns': ['session_day']}],
    )
}}

with events as (
    select *
    from {{ ref('stg_analytics__events') }}
    {% if is_incremental() %}
        where anonymous_id in (select touched.anonymous_id from {{ ref('int_analytics__touched_visitors') }} as touched)
    {% endif %}
),

gaps as (
    select
        *,
        occurred_at - lag(occurred_at) over (partition by anonymous_id order by occurred_at, event_id) as gap
    from events
),

numbered as (
    select
        *,
        count(*) filter (where gap is null or gap > interval '30 minutes')
            over (partition by anonymous_id order by occurred_at, event_id) as session_number
    from gaps
),

sessions as (
    select
        anonymous_id,
        max(customer_id) as customer_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as events,
        count(*) filter (where kind = 'page_viewed') as pages_viewed,
        count(*) filter (where kind = 'product_viewed') as products_viewed,
        count(*) filter (where kind = 'search_performed') as searches,
        count(*) filter (where kind = 'cart_item_added') as cart_additions,
        count(*) filter (where kind = 'checkout_started') as checkouts
    from numbered
    group by anonymous_id, session_number
),

ordered as (
    select
        sessions.anonymous_id,
        sessions.started_at,
        count(*) as orders
    from sessions
    inner join {{ ref('stg_ordering__orders') }} as orders
        on
            sessions.customer_id = orders.customer_id
            and orders.source = 'storefront'
            and orders.placed_at between sessions.started_at and sessions.ended_at + interval '30 minutes'
    group by sessions.anonymous_id, sessions.started_at
)

select
    md5(sessions.anonymous_id || extract(epoch from sessions.started_at)::text) as session_id,
    sessions.anonymous_id,
    sessions.customer_id,
    {{ utc_day('sessions.started_at') }} as session_day,
    sessions.started_at,
    sessions.ended_at,
    sessions.events,
    sessions.pages_viewed,
    sessions.products_viewed,
    sessions.searches,
    sessions.cart_additions,
    sessions.checkouts,
    coalesce(ordered.orders, 0) as orders
from sessions
left join ordered
    on
        sessions.anonymous_id = ordered.anonymous_id
        and sessions.started_at = ordered.started_at

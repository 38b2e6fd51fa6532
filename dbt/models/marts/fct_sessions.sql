-- Grain: one row per session: events of one browser without a pause of more than 30 minutes, of one person at most.
-- Rebuilt by browser: `int_analytics__touched_visitors` says which, and why not by day.
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
    from {{ ref('int_analytics__session_events') }}
    {% if is_incremental() %}
        where anonymous_id in (select touched.anonymous_id from {{ ref('int_analytics__touched_visitors') }} as touched)
    {% endif %}
),

sessions as (
    select
        session_id,
        anonymous_id,
        max(customer_id) as customer_id,
        max(signed_in_customer_id) as signed_in_customer_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as events,
        count(*) filter (where kind = 'page_viewed') as pages_viewed,
        count(*) filter (where kind = 'product_viewed') as products_viewed,
        count(*) filter (where kind = 'search_performed') as searches,
        count(*) filter (where kind = 'cart_item_added') as cart_additions,
        count(*) filter (where kind = 'checkout_started') as checkouts
    from events
    group by session_id, anonymous_id
),

ordered as (
    select
        sessions.session_id,
        count(*) as orders
    from sessions
    inner join {{ ref('stg_ordering__orders') }} as orders
        on
            sessions.customer_id = orders.customer_id
            and orders.source = 'storefront'
            and orders.placed_at between sessions.started_at and sessions.ended_at + interval '30 minutes'
    group by sessions.session_id
)

select
    sessions.session_id,
    sessions.anonymous_id,
    sessions.customer_id,
    coalesce(sessions.customer_id, sessions.anonymous_id) as person_id,
    sessions.customer_id is not null and sessions.signed_in_customer_id is null as is_stitched,
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
left join ordered on sessions.session_id = ordered.session_id

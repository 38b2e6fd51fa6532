-- Grain: one row per event of a browser, with the session that it is part of and the person that it is taken for. A
-- session ends with a pause of more than 30 minutes, or when another known person takes over. Rebuilt by browser.
-- depends_on: {{ ref('int_analytics__touched_visitors') }}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='anonymous_id',
        indexes=[{'columns': ['anonymous_id']}, {'columns': ['day']}, {'columns': ['recommendation_id']}],
    )
}}

with behaviour as (
    select * from {{ ref('stg_analytics__events') }}
    union all
    select
        event_id,
        day,
        signed_in_at as occurred_at,
        'signed_in' as kind,
        anonymous_id,
        customer_id,
        null::bigint as product_id,
        null::text as recommendation_id,
        null::bigint as quantity
    from {{ ref('stg_identity__sign_ins') }}
    where anonymous_id is not null
),

events as (
    select *
    from behaviour
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

visits as (
    select
        *,
        count(*) filter (where gap is null or gap > interval '30 minutes')
            over (partition by anonymous_id order by occurred_at, event_id) as visit_number
    from gaps
),

-- Who is known stays known until the visit ends or somebody else is known.
times_known as (
    select
        *,
        count(customer_id) over (partition by anonymous_id, visit_number order by occurred_at, event_id) as times_known
    from visits
),

carried as (
    select
        *,
        max(customer_id) over (partition by anonymous_id, visit_number, times_known) as known_as
    from times_known
),

compared as (
    select
        *,
        customer_id <> lag(known_as)
            over (partition by anonymous_id, visit_number order by occurred_at, event_id) as is_takeover
    from carried
),

numbered as (
    select
        *,
        count(*) filter (where gap is null or gap > interval '30 minutes' or is_takeover)
            over (partition by anonymous_id order by occurred_at, event_id) as session_number
    from compared
),

of_sessions as (
    select
        *,
        max(customer_id) over each_session as session_customer_id,
        min(occurred_at) over each_session as session_started_at,
        first_value(event_id) over (
            partition by anonymous_id, session_number
            order by occurred_at, event_id
        ) as first_event_id
    from numbered
    window each_session as (partition by anonymous_id, session_number)
)

select
    of_sessions.event_id,
    of_sessions.day,
    of_sessions.occurred_at,
    of_sessions.kind,
    of_sessions.anonymous_id,
    of_sessions.product_id,
    of_sessions.recommendation_id,
    of_sessions.quantity,
    md5(of_sessions.first_event_id) as session_id,
    of_sessions.session_started_at,
    of_sessions.session_customer_id as signed_in_customer_id,
    coalesce(of_sessions.session_customer_id, identities.customer_id) as customer_id
from of_sessions
left join {{ ref('int_analytics__identities') }} as identities on of_sessions.anonymous_id = identities.anonymous_id

-- Grain: one row per browser in which somebody was known. A browser that only one person ever signed in to is that
-- person's, also before the first time. One that several people share is nobody's: two known people are never joined.
with known as (
    select
        anonymous_id,
        customer_id,
        signed_in_at as known_at
    from {{ ref('stg_identity__sign_ins') }}
    where anonymous_id is not null
    union all
    select
        anonymous_id,
        customer_id,
        occurred_at as known_at
    from {{ ref('stg_analytics__events') }}
    where customer_id is not null
)

select
    anonymous_id,
    min(known_at) as first_known_at,
    count(distinct customer_id) as people,
    case when count(distinct customer_id) = 1 then min(customer_id) end as customer_id
from known
group by anonymous_id

-- Grain: one row per variant and price, with the time for which it held. A publication that repeats the price opens no
-- new row. Of two events at one instant the later offset counts.
with told as (
    select distinct on (variant_id, effective_at) *
    from {{ ref('stg_catalog__prices') }}
    order by variant_id asc, effective_at asc, kafka_offset desc
),

compared as (
    select
        *,
        lag(price_minor) over each_variant as price_before,
        lag(currency) over each_variant as currency_before
    from told
    window each_variant as (partition by variant_id order by effective_at)
),

changes as (
    select * from compared
    where price_before is null or price_minor <> price_before or currency <> currency_before
)

select
    event_id,
    day,
    product_id,
    variant_id,
    price_minor,
    currency,
    effective_at as valid_from,
    lead(effective_at) over (partition by variant_id order by effective_at) as valid_to
from changes

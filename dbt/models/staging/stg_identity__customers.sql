-- Grain: one row per registration event; a customer registers once.
select
    event_id,
    day,
    occurred_at as registered_at,
    customer_id,
    source,
    age_band,
    income_band,
    household_size
from {{ source('lake', 'identity_customer_registered') }}

-- Grain: one row per sign-in.
select
    event_id,
    day,
    occurred_at as signed_in_at,
    customer_id,
    anonymous_id
from {{ source('lake', 'identity_signed_in') }}

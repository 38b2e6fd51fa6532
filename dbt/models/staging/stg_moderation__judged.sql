-- Grain: one row per judged text.
select
    event_id,
    day,
    occurred_at as judged_at,
    kind,
    outcome,
    subject_id,
    customer_id
from {{ source('lake', 'moderation_text_judged') }}

-- Grain: one row per person and case.
select
    event_id,
    day,
    occurred_at as reported_at,
    case_id,
    kind,
    subject_id,
    product_id,
    policy,
    reporter_id
from {{ source('lake', 'moderation_subject_reported') }}

-- Grain: one row per case.
select
    event_id,
    day,
    occurred_at as opened_at,
    case_id,
    origin,
    kind,
    community_id,
    rule,
    policy,
    severity
from {{ source('lake', 'moderation_case_opened') }}

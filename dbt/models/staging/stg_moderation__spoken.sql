-- Grain: one row per judged text and rule that had a say about it.
with judged as (
    select * from {{ source('lake', 'moderation_text_judged') }}
),

spoken as (
    select * from {{ source('lake', 'moderation_text_judged_spoke') }}
)

select
    spoken.event_id,
    judged.day,
    judged.kind,
    judged.subject_id,
    judged.customer_id,
    spoken.rule,
    spoken.is_shadow
from spoken
inner join judged on spoken.event_id = judged.event_id and spoken.day = judged.day

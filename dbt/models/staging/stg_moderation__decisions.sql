-- Grain: one row per decision; one that was taken back is marked.
with made as (
    select * from {{ source('lake', 'moderation_case_decided') }}
),

undone as (
    select distinct decision_id from {{ source('lake', 'moderation_decision_undone') }}
)

select
    made.event_id,
    made.day,
    made.occurred_at as decided_at,
    made.decision_id,
    made.case_id,
    made.origin,
    made.kind,
    made.subject_id,
    made.act,
    made.effect,
    made.rule,
    made.policy,
    made.reports,
    made.waited_seconds,
    undone.decision_id is not null as is_undone
from made
left join undone on made.decision_id = undone.decision_id

-- Grain: one row per day, origin and kind of what a case is about.
with opened as (
    select
        day,
        origin,
        kind,
        count(*) as opened
    from {{ ref('stg_moderation__cases') }}
    group by day, origin, kind
),

decided as (
    select
        day,
        origin,
        kind,
        count(*) filter (where not is_undone) as decided,
        count(*) filter (where act in ('remove', 'confirm') and not is_undone) as removed,
        count(*) filter (where act in ('approve', 'dismiss') and not is_undone) as stood,
        count(*) filter (where act = 'uphold' and not is_undone) as upheld,
        count(*) filter (where act = 'overturn' and not is_undone) as overturned,
        count(*) filter (where is_undone) as undone,
        coalesce(sum(waited_seconds) filter (where not is_undone), 0)::bigint as waited_seconds
    from {{ ref('stg_moderation__decisions') }}
    group by day, origin, kind
)

select
    coalesce(opened.day, decided.day) as day,
    coalesce(opened.origin, decided.origin) as origin,
    coalesce(opened.kind, decided.kind) as kind,
    coalesce(opened.opened, 0) as opened,
    coalesce(decided.decided, 0) as decided,
    coalesce(decided.removed, 0) as removed,
    coalesce(decided.stood, 0) as stood,
    coalesce(decided.upheld, 0) as upheld,
    coalesce(decided.overturned, 0) as overturned,
    coalesce(decided.undone, 0) as undone,
    coalesce(decided.waited_seconds, 0) as waited_seconds
from opened
full outer join decided
    on opened.day = decided.day and opened.origin = decided.origin and opened.kind = decided.kind

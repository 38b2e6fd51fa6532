-- Grain: one row per day and rule that had a say about a text of that day.
with spoken as (
    select * from {{ ref('stg_moderation__spoken') }}
),

-- The last word about a thing: an appeal that was overturned, a decision made anew.
last_word as (
    select distinct on (subject_id)
        subject_id,
        effect
    from {{ ref('stg_moderation__decisions') }}
    where not is_undone and effect in ('stand', 'fall')
    order by subject_id asc, decided_at desc
)

select
    spoken.day,
    spoken.rule,
    count(distinct spoken.event_id) as texts,
    count(distinct spoken.event_id) filter (where spoken.is_shadow) as in_shadow,
    count(distinct spoken.customer_id) as people,
    count(distinct spoken.event_id) filter (where last_word.effect = 'fall') as removed,
    count(distinct spoken.event_id) filter (where last_word.effect = 'stand') as stood
from spoken
left join last_word on spoken.subject_id = last_word.subject_id
group by spoken.day, spoken.rule

-- Grain: one row per day on which anything happened to articles.
with acts as (
    select
        day,
        case when act = 'published' and not is_first then 'renewed' else act end as what
    from {{ ref('stg_content__articles') }}
    union all
    select
        day,
        case outcome when 'hold' then 'held' else 'refused' end as what
    from {{ ref('stg_moderation__judged') }}
    where kind = 'article' and outcome <> 'allow'
    union all
    select
        day,
        'removed' as what
    from {{ ref('stg_moderation__decisions') }}
    where kind = 'article' and act = 'remove' and not is_undone
),

counted as (
    select
        day,
        count(*) filter (where what = 'started') as started,
        count(*) filter (where what = 'published') as published,
        count(*) filter (where what = 'renewed') as renewed,
        count(*) filter (where what = 'withdrawn') as withdrawn,
        count(*) filter (where what = 'held') as held,
        count(*) filter (where what = 'refused') as refused,
        count(*) filter (where what = 'removed') as removed
    from acts
    group by day
),

read as (
    select
        day,
        count(*) as reads,
        count(distinct anonymous_id) as readers
    from {{ ref('stg_analytics__article_views') }}
    group by day
)

select
    coalesce(counted.day, read.day) as day,
    coalesce(counted.started, 0) as started,
    coalesce(counted.published, 0) as published,
    coalesce(counted.renewed, 0) as renewed,
    coalesce(counted.withdrawn, 0) as withdrawn,
    coalesce(counted.held, 0) as held,
    coalesce(counted.refused, 0) as refused,
    coalesce(counted.removed, 0) as removed,
    coalesce(read.reads, 0) as reads,
    coalesce(read.readers, 0) as readers
from counted
full outer join read on counted.day = read.day

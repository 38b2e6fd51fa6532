-- Grain: one row per article of which anything was told.
with told as (
    select
        article_id,
        (array_agg(customer_id order by occurred_at desc, kafka_offset desc))[1] as customer_id,
        min(occurred_at) filter (where act = 'started') as started_at,
        min(occurred_at) filter (where act = 'published') as first_published_at,
        count(*) filter (where act = 'published') as versions,
        (array_agg(act order by occurred_at desc, kafka_offset desc))[1] = 'published' as is_live
    from {{ ref('stg_content__articles') }}
    group by article_id
),

reads as (
    select
        article_id,
        count(*) as reads,
        count(distinct anonymous_id) as readers
    from {{ ref('stg_analytics__article_views') }}
    group by article_id
)

select
    told.article_id,
    told.customer_id,
    told.started_at,
    (told.started_at at time zone 'UTC')::date as started_day,
    told.first_published_at,
    told.versions,
    told.is_live,
    coalesce(reads.reads, 0) as reads,
    coalesce(reads.readers, 0) as readers
from told
left join reads on told.article_id = reads.article_id

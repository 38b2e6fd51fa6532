-- Grain: one row per post, comment and vote that counts now, with the day on which it was first made.
with written as (
    select
        'post' as act,
        post_id as subject_id,
        community_id,
        customer_id,
        occurred_at,
        kafka_offset,
        is_published
    from {{ ref('stg_communities__posts') }}
    union all
    select
        'comment' as act,
        comment_id as subject_id,
        community_id,
        customer_id,
        occurred_at,
        kafka_offset,
        is_published
    from {{ ref('stg_communities__comments') }}
),

words as (
    select
        act,
        subject_id,
        (array_agg(community_id order by occurred_at desc, kafka_offset desc))[1] as community_id,
        (array_agg(customer_id order by occurred_at desc, kafka_offset desc))[1] as customer_id,
        min(occurred_at) as acted_at,
        (array_agg(is_published order by occurred_at desc, kafka_offset desc))[1] as counts
    from written
    group by act, subject_id
),

votes as (
    select
        'vote' as act,
        subject_id,
        (array_agg(community_id order by occurred_at desc, kafka_offset desc))[1] as community_id,
        customer_id,
        min(occurred_at) as acted_at,
        (array_agg(value order by occurred_at desc, kafka_offset desc))[1] <> 0 as counts
    from {{ ref('stg_communities__votes') }}
    group by subject_id, customer_id
)

select
    act,
    subject_id,
    community_id,
    customer_id,
    acted_at,
    (acted_at at time zone 'UTC')::date as day
from words
where counts
union all
select
    act,
    subject_id,
    community_id,
    customer_id,
    acted_at,
    (acted_at at time zone 'UTC')::date as day
from votes
where counts

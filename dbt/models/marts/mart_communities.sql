-- Grain: one row per community and day on which anything was said, voted or joined there.
with acts as (
    select
        community_id,
        day,
        count(*) filter (where act = 'post') as posts,
        count(*) filter (where act = 'comment') as comments,
        count(*) filter (where act = 'vote') as votes,
        count(distinct customer_id) as active_people,
        count(distinct customer_id) filter (where act <> 'vote') as writers
    from {{ ref('fct_community_acts') }}
    group by community_id, day
),

members as (
    select
        community_id,
        day,
        count(*) filter (where is_member) as joined,
        count(*) filter (where not is_member) as left_it
    from {{ ref('stg_communities__members') }}
    group by community_id, day
)

select
    coalesce(acts.community_id, members.community_id) as community_id,
    coalesce(acts.day, members.day) as day,
    coalesce(acts.posts, 0) as posts,
    coalesce(acts.comments, 0) as comments,
    coalesce(acts.votes, 0) as votes,
    coalesce(acts.active_people, 0) as active_people,
    coalesce(acts.writers, 0) as writers,
    coalesce(members.joined, 0) as joined,
    coalesce(members.left_it, 0) as left_it
from acts
full outer join members on acts.community_id = members.community_id and acts.day = members.day

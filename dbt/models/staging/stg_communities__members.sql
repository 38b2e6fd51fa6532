-- Grain: one row per change of a membership.
select
    event_id,
    day,
    occurred_at,
    kafka_offset,
    community_id,
    customer_id,
    true as is_member
from {{ source('lake', 'communities_member_joined') }}
union all
select
    event_id,
    day,
    occurred_at,
    kafka_offset,
    community_id,
    customer_id,
    false as is_member
from {{ source('lake', 'communities_member_left') }}

-- Grain: one row per change of a membership.
{{ union_of_events({
    'communities_member_joined': {'is_member': 'true'},
    'communities_member_left': {'is_member': 'false'},
}, [
    'event_id', 'day', 'occurred_at', 'kafka_offset', 'community_id', 'customer_id', 'is_member',
]) }}

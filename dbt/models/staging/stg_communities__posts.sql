-- Grain: one row per event of a post: it can be read, or no longer can.
{{ union_of_events({
    'communities_post_published': {'is_published': 'true'},
    'communities_post_withdrawn': {'is_published': 'false'},
}, [
    'event_id', 'day', 'occurred_at', 'kafka_offset', 'post_id', 'community_id', 'customer_id', 'is_published',
]) }}

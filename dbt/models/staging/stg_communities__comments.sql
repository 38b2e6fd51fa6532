-- Grain: one row per event of a comment: it can be read, or no longer can.
{{ union_of_events({
    'communities_comment_published': {'is_published': 'true'},
    'communities_comment_withdrawn': {'is_published': 'false'},
}, [
    'event_id', 'day', 'occurred_at', 'kafka_offset', 'comment_id', 'community_id', 'customer_id', 'is_published',
]) }}

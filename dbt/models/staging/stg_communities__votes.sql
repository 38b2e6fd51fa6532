-- Grain: one row per vote cast, changed or withdrawn, on a post or a comment.
{{ union_of_events({
    'communities_post_voted': {'subject_id': 'post_id'},
    'communities_comment_voted': {'subject_id': 'comment_id'},
}, [
    'event_id', 'day', 'occurred_at', 'kafka_offset', 'subject_id', 'community_id', 'customer_id', 'value',
]) }}

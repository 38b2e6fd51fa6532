-- Grain: one row per event of a review: it can be read, or no longer can.
{{ union_of_events({
    'catalog_review_published': {'is_published': 'true'},
    'catalog_review_withdrawn': {'rating': 'null::bigint', 'is_published': 'false'},
}, [
    'event_id', 'day', 'occurred_at', 'kafka_offset', 'review_id', 'product_id', 'customer_id', 'rating',
    'is_published',
]) }}

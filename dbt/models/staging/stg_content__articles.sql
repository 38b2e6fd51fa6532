-- Grain: one row per event of an article: it was begun, can be read, or no longer can.
{{ union_of_events({
    'content_article_started': {'act': "'started'", 'revision_number': 'null::integer', 'is_first': 'false'},
    'content_article_published': {'act': "'published'"},
    'content_article_withdrawn': {'act': "'withdrawn'", 'revision_number': 'null::integer', 'is_first': 'false'},
}, [
    'event_id', 'day', 'occurred_at', 'kafka_offset', 'article_id', 'customer_id', 'act', 'revision_number',
    'is_first',
]) }}

-- Grain: one row per change of a wishlist.
{{ union_of_events({
    'catalog_item_wished': {'is_wished': 'true'},
    'catalog_item_unwished': {'is_wished': 'false'},
}, [
    'event_id', 'day', 'occurred_at', 'kafka_offset', 'customer_id', 'product_id', 'variant_id', 'is_wished',
]) }}

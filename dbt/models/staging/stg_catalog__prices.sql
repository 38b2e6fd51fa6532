-- Grain: one row per event that says what a variant costs. The first variant of a product has the product's own id.
{{ union_of_events({
    'catalog_product_published': {'variant_id': 'product_id'},
    'catalog_variant_published': {},
    'catalog_price_changed': {'price_minor': 'new_price_minor'},
}, [
    'event_id', 'day', 'occurred_at as effective_at', 'kafka_offset', 'product_id', 'variant_id', 'price_minor',
    'currency',
]) }}

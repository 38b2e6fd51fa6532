-- Grain: one row per behaviour event, all kinds in the columns that they share.
{% set untold = {'product_id': 'null::bigint', 'recommendation_id': 'null::text', 'quantity': 'null::bigint'} %}
{{ union_of_events({
    'analytics_page_viewed': dict(untold, kind="'page_viewed'"),
    'analytics_product_viewed': {'kind': "'product_viewed'", 'quantity': 'null::bigint'},
    'analytics_search_performed': dict(untold, kind="'search_performed'"),
    'analytics_cart_item_added': {'kind': "'cart_item_added'"},
    'analytics_checkout_started': dict(untold, kind="'checkout_started'", quantity='items'),
}, [
    'event_id', 'day', 'occurred_at', 'kind', 'anonymous_id', 'customer_id', 'product_id', 'recommendation_id',
    'quantity',
]) }}

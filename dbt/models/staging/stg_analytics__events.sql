-- Grain: one row per behaviour event, all kinds in the columns that they share.
{% set kinds = {
    'page_viewed': ('null::bigint', 'null::text', 'null::bigint'),
    'product_viewed': ('product_id', 'recommendation_id', 'null::bigint'),
    'search_performed': ('null::bigint', 'null::text', 'null::bigint'),
    'cart_item_added': ('product_id', 'recommendation_id', 'quantity'),
    'checkout_started': ('null::bigint', 'null::text', 'items'),
} %}
{% for kind, (product_id, recommendation_id, quantity) in kinds.items() %}
    select
        event_id,
        day,
        occurred_at,
        '{{ kind }}' as kind,
        anonymous_id,
        customer_id,
        {{ product_id }} as product_id,
        {{ recommendation_id }} as recommendation_id,
        {{ quantity }} as quantity
    from {{ source('lake', 'analytics_' ~ kind) }}
    {{ "union all" if not loop.last }}
{% endfor %}

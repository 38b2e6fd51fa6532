-- Grain: one row per behaviour event, all kinds in the columns that they share.
{% set kinds = {
    'page_viewed': ('null::bigint', 'null::text'),
    'product_viewed': ('product_id', 'recommendation_id'),
    'search_performed': ('null::bigint', 'null::text'),
    'cart_item_added': ('product_id', 'recommendation_id'),
    'checkout_started': ('null::bigint', 'null::text'),
} %}
{% for kind, (product_id, recommendation_id) in kinds.items() %}
    select
        event_id,
        day,
        occurred_at,
        '{{ kind }}' as kind,
        anonymous_id,
        customer_id,
        {{ product_id }} as product_id,
        {{ recommendation_id }} as recommendation_id
    from {{ source('lake', 'analytics_' ~ kind) }}
    {{ "union all" if not loop.last }}
{% endfor %}

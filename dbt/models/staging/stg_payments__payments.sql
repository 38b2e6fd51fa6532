-- Grain: one row per step of a payment that moves no money back. Only a captured one has taken money.
{% set outcomes = {
    'authorized': ('method', 'null::text'),
    'captured': ("coalesce(method, 'card')", 'null::text'),
    'declined': ('null::text', 'reason'),
    'cancelled': ('null::text', 'null::text'),
} %}
{% for outcome, (method, reason) in outcomes.items() %}
    select
        event_id,
        day,
        occurred_at as answered_at,
        payment_id,
        order_id,
        amount_minor,
        currency,
        gateway,
        '{{ outcome }}' as outcome,
        {{ method }} as method,
        {{ reason }} as reason
    from {{ source('lake', 'payments_payment_' ~ outcome) }}
    {{ "union all" if not loop.last }}
{% endfor %}

-- Grain: one row per step of a payment that moves no money back. Only a captured one has taken money.
{% set no_reason = {'reason': 'null::text'} %}
{{ union_of_events({
    'payments_payment_authorized': dict(no_reason, outcome="'authorized'"),
    'payments_payment_captured': dict(no_reason, outcome="'captured'", method="coalesce(method, 'card')"),
    'payments_payment_declined': {'outcome': "'declined'", 'method': 'null::text'},
    'payments_payment_cancelled': dict(no_reason, outcome="'cancelled'", method='null::text'),
}, [
    'event_id', 'day', 'occurred_at as answered_at', 'payment_id', 'order_id', 'amount_minor', 'currency',
    'gateway', 'outcome', 'method', 'reason',
]) }}

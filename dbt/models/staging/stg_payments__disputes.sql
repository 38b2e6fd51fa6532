-- Grain: one row per step of a dispute: `opened`, `won` or `lost`.
{{ union_of_events({
    'payments_dispute_opened': {'outcome': "'opened'"},
    'payments_dispute_closed': {'reason': 'null::text'},
}, [
    'event_id', 'day', 'occurred_at', 'payment_id', 'order_id', 'dispute_id', 'amount_minor', 'currency', 'gateway',
    'outcome', 'reason',
]) }}

-- Grain: one row per refund that came through (`refunded`) or will not by itself (`failed`).
{{ union_of_events({
    'payments_payment_refunded': {'outcome': "'refunded'"},
    'payments_refund_failed': {'outcome': "'failed'", 'reason': 'failure'},
}, [
    'event_id', 'day', 'occurred_at as refunded_at', 'payment_id', 'order_id', 'refund_id', 'amount_minor',
    'currency', 'gateway', 'outcome', 'reason',
]) }}

"""Prometheus metrics of the operational plane, declared once."""

from prometheus_client import Counter, Gauge, Histogram

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Counter("agora_http_requests", "Requests answered", ["method", "route", "status"])
LATENCY = Histogram("agora_http_request_seconds", "Seconds to the first byte", ["method", "route"], buckets=BUCKETS)
CAPTURED = Counter("agora_capture_events", "Behaviour events accepted, by the way they took", ["way"])
REFUSED = Counter("agora_capture_refused", "Behaviour events refused")
OUTBOX_BACKLOG = Gauge("agora_outbox_backlog", "Outbox rows behind the relay's cursor")
OUTBOX_AGE = Gauge("agora_outbox_oldest_seconds", "Age of the oldest outbox row behind the relay's cursor")
HANDLED = Counter("agora_worker_events", "Events handled by the worker", ["handler", "outcome"])

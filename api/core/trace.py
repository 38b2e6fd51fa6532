"""The trace id of the work at hand: from the caller's traceparent, or new."""

import secrets
from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_current: ContextVar[str | None] = ContextVar("agora_trace_id", default=None)
_propagator = TraceContextTextMapPropagator()


def current_trace_id() -> str | None:
    """32 hexadecimal digits, or None outside any request or message."""
    return _current.get()


def begin_trace(traceparent: str | None = None, trace_id: str | None = None) -> str:
    """Take over the caller's trace, or begin one; returns its id."""
    if trace_id is None and traceparent is not None:
        context = trace.get_current_span(_propagator.extract({"traceparent": traceparent})).get_span_context()
        trace_id = f"{context.trace_id:032x}" if context.is_valid else None
    trace_id = trace_id or secrets.token_hex(16)
    _current.set(trace_id)
    return trace_id


def traceparent() -> str:
    """The header for a call to another process within the same trace."""
    return f"00-{_current.get() or secrets.token_hex(16)}-{secrets.token_hex(8)}-01"

"""Event contracts: the only thing that the operational and the data plane share. Importing this registers all types."""

from ingestion.contracts import (
    analytics,
    catalog,
    communities,
    content,
    identity,
    inventory,
    moderation,
    ordering,
    payments,
    recommendations,
)
from ingestion.contracts.envelope import EVENT_TYPES, Event, encode, encode_data, new_event_id
from ingestion.contracts.topics import TOPICS

__all__ = [
    "EVENT_TYPES",
    "TOPICS",
    "Event",
    "analytics",
    "catalog",
    "communities",
    "content",
    "encode",
    "encode_data",
    "identity",
    "inventory",
    "moderation",
    "new_event_id",
    "ordering",
    "payments",
    "recommendations",
]

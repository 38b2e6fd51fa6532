"""CloudEvents 1.0 in structured mode: how an event looks on every wire of Agora."""

from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import orjson
import uuid_utils
from pydantic import BaseModel, ConfigDict

from ingestion.contracts.topics import TOPICS

EVENT_TYPES: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """Base of every contract. A subclass fixes `type`, `version` and the field whose value is the partition key.

    A version only ever adds fields that may be missing, so that readers of one version read the one before and the one
    after; anything else is another type. `ingestion.contracts.compatibility` holds every change to that.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]
    version: ClassVar[int] = 1
    key_field: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if not cls.__module__.startswith(f"{__package__}."):
            where = f"declare it in {__package__}, where it is released, not in {cls.__module__}"
            raise TypeError(f"{cls.type}: an event without a contract: {where}")
        if cls.domain() not in TOPICS:
            raise TypeError(f"{cls.type}: no topic for domain {cls.domain()!r}")
        if EVENT_TYPES.setdefault(cls.type, cls) is not cls:
            raise TypeError(f"{cls.type} is declared twice")

    @classmethod
    def domain(cls) -> str:
        """The part before the dot; also the unprefixed topic name."""
        return cls.type.partition(".")[0]

    @classmethod
    def schema_urn(cls) -> str:
        """The CloudEvents `dataschema`: type and version."""
        return f"urn:agora:{cls.type}:{cls.version}"

    @classmethod
    def unknown_fields(cls, dataschema: str | None) -> Literal["ignore"] | None:
        """Pydantic's `extra` for reading such an event: a newer version may have fields that nobody knows here yet."""
        prefix, _, version = (dataschema or "").rpartition(":")
        is_newer = (
            prefix == f"urn:agora:{cls.type}" and version.isascii() and version.isdigit() and int(version) > cls.version
        )
        return "ignore" if is_newer else None

    def key(self) -> str:
        """Aggregate id: the Kafka key and the CloudEvents subject."""
        return str(getattr(self, self.key_field))


def new_event_id() -> UUID:
    """A UUIDv7: unique, and ordered by time within one process."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def encode(event: Event, event_id: UUID, occurred_at: datetime, trace_id: str | None = None) -> bytes:
    """Structured CloudEvents JSON as UTF-8 bytes.

    Raises ValueError for a naive `occurred_at`: every time on the wire is UTC.
    """
    return encode_data(type(event), event.key(), event.model_dump(mode="json"), event_id, occurred_at, trace_id)


def encode_data(
    event_class: type[Event],
    key: str,
    data: dict[str, Any],
    event_id: UUID,
    occurred_at: datetime,
    trace_id: str | None = None,
) -> bytes:
    """`encode` for data already known to fit the contract: the bulk paths build it without a model per row."""
    if occurred_at.tzinfo is None:
        raise ValueError("occurred_at must carry a time zone")
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event_id),
        "type": event_class.type,
        "source": f"/agora/{event_class.domain()}",
        "subject": key,
        "time": occurred_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "dataschema": event_class.schema_urn(),
        "data": data,
    }
    if trace_id is not None:
        envelope["traceid"] = trace_id
    return orjson.dumps(envelope)

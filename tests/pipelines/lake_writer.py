"""Stands where the lander stands: writes raw records into a real lake, for tests of what comes after."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
from pyiceberg.catalog import Catalog

from ingestion.contracts import EVENT_TYPES, Event
from ingestion.contracts.envelope import encode_data, new_event_id
from ingestion.contracts.ordering import OrderPlaced
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.settings import Settings

DAY = datetime(2026, 3, 1, tzinfo=UTC)


class Lake:
    """Raw tables as the lander would have filled them, offset by offset."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.catalog: Catalog = open_lake(settings)
        self._offsets: dict[str, int] = {}

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, `typed.…` or `raw.…`."""
        found: list[dict[str, Any]] = self.table(table).scan().to_arrow().to_pylist()
        return found

    def table(self, table: str) -> Any:
        return self.catalog.load_table(identifier(self.settings, table))

    def record(self, event_type: str, value: str, at: datetime, event_id: UUID | None = None) -> dict[str, Any]:
        """One raw row at the topic's next offset, whatever its value holds."""
        topic = event_type.partition(".")[0]
        offset = self._offsets.get(topic, -1) + 1
        self._offsets[topic] = offset
        return {
            "event_id": str(event_id or new_event_id()),
            "event_type": event_type,
            "source": f"/agora/{topic}",
            "subject": "subject",
            "occurred_at": at,
            "dataschema": f"urn:agora:{event_type}:1",
            "trace_id": None,
            "value": value,
            "kafka_topic": f"agora.{topic}",
            "kafka_partition": 0,
            "kafka_offset": offset,
            "kafka_timestamp": at,
            "landed_at": at + timedelta(seconds=1),
        }

    def event(self, event_type: str, at: datetime, event_id: UUID | None = None, **data: Any) -> dict[str, Any]:
        """One raw row of an event with this data; a missing field has its default, or is null."""
        contract: type[Event] = EVENT_TYPES[event_type]
        fields = contract.model_fields.items()
        full = {name: None if field.is_required() else field.default for name, field in fields} | data
        event_id = event_id or new_event_id()
        value = encode_data(contract, "subject", full, event_id, at).decode()
        return self.record(event_type, value, at, event_id)

    def order(self, at: datetime, customer: UUID, *lines: tuple[int, int, int], **data: Any) -> dict[str, Any]:
        """An order; a line is (product, quantity, unit price)."""
        return self.event(
            OrderPlaced.type,
            at,
            order_id=str(data.pop("order_id", None) or uuid4()),
            customer_id=str(customer),
            source=data.pop("source", "storefront"),
            currency="USD",
            total_minor=sum(quantity * price for _, quantity, price in lines),
            lines=[
                {
                    "line_number": number,
                    "product_id": product,
                    "quantity": quantity,
                    "unit_price_minor": price,
                    "discount_minor": 0,
                    "total_minor": quantity * price,
                }
                for number, (product, quantity, price) in enumerate(lines, 1)
            ],
            **data,
        )

    def land(self, *records: dict[str, Any]) -> None:
        """Append records to their topics' raw tables, one commit for each."""
        for topic in sorted({record["event_type"].partition(".")[0] for record in records}):
            own = [record for record in records if record["event_type"].partition(".")[0] == topic]
            table = self.table(f"raw.{topic}")
            table.append(pa.Table.from_pylist(own, schema=table.schema().as_arrow()))

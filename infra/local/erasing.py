"""`agora erase`: a person's rows out of lake, warehouse and stream, with a receipt."""

import getpass
import json
from uuid import UUID

from confluent_kafka import KafkaException
from rich.console import Console

from infra.local.environment import enter
from infra.local.settings import LocalError
from ingestion.clock import ClockIsOff
from pipelines.lib.care import CareIsBusy
from pipelines.lib.erasure import ErasureIncomplete, erase, plan
from pipelines.lib.erasure.kafka import Kept
from pipelines.lib.settings import load_settings


def erase_person(customer: str, *, dry_run: bool, as_json: bool) -> None:
    """Do it, or tell what it would do; print plan or receipt."""
    try:
        customer_id = UUID(customer)
    except ValueError as error:
        raise LocalError(f"{customer} is no customer id: `agora erase` takes the id, not the address") from error
    enter()
    settings = load_settings()
    try:
        if dry_run:
            found = plan(settings, customer_id)
            print(f"{sum(found.events.values()):,} events would be erased")
            _list(found.events)
            print(f"{found.browsers} browsers are this person's own, {found.shared_browsers} are shared with others")
            _name_kafka(found.kafka)
            return
        with Console(stderr=True).status("erasing") as status:
            receipt = erase(settings, customer_id, getpass.getuser(), status.update)
    except (ErasureIncomplete, CareIsBusy, ClockIsOff) as error:
        raise LocalError(str(error)) from error
    except KafkaException as error:
        raise LocalError("Kafka does not answer: is the stack up?") from error
    if as_json:
        print(json.dumps(receipt.document(), indent=1))
        return
    print(f"receipt {receipt.erasure_id}: {sum(receipt.events.values()):,} events of {customer_id} are erased")
    _list(receipt.events)
    print(
        f"{sum(receipt.files_rewritten.values())} files rewritten, {sum(receipt.snapshots_expired.values())} snapshots"
        f" expired, {sum(receipt.warehouse_rows.values())} rows of the warehouse deleted,"
        f" {receipt.outbox} of the outbox; {receipt.files_scanned} files looked at byte by byte"
    )
    for table, names in receipt.names_removed.items():
        print(f"  {table} can no longer be read as of {', '.join(names)}")
    _name_kafka(receipt.kafka)


def _list(events: dict[str, int]) -> None:
    for event_type, count in events.items():
        print(f"  {count:>8,} {event_type}")


def _name_kafka(kafka: list[Kept]) -> None:
    """Kafka deletes no single record: say what stays there, and until when."""
    for each in kafka:
        until = "for ever" if each.retention_ms < 0 else f"for at most {each.retention_ms / 86_400_000:.1f} days"
        print(f"  Kafka keeps {each.records:,} records in {each.topic} {until}: only its retention deletes them")

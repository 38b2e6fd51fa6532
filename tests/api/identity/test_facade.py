"""The door of identity: bulk import and roles."""

from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.errors import Invalid
from api.domains.identity import facade
from api.domains.identity.contracts import CustomerImport
from api.domains.identity.errors import CustomerNotFound

PAST = datetime(2025, 3, 1, 12, tzinfo=UTC)


def customer(number: int) -> CustomerImport:
    return CustomerImport(
        UUID(int=number), f"c{number}@example.org", f"Customer {number}", None, "import", "45-54", None, "2", PAST
    )


async def test_an_import_adds_customers_with_an_event_each(session: AsyncSession) -> None:
    assert await facade.import_customers(session, [customer(number) for number in range(1, 101)]) == 100
    rows = (await session.execute(text("SELECT key, occurred_at, envelope FROM core.outbox"))).all()
    assert {row.key for row in rows} == {str(UUID(int=number)) for number in range(1, 101)}
    assert {row.occurred_at for row in rows} == {PAST}
    envelope = orjson.loads(rows[0].envelope)
    assert envelope["type"] == "identity.customer_registered"
    assert envelope["data"] == {
        "customer_id": rows[0].key, "source": "import", "age_band": "45-54", "income_band": None, "household_size": "2",
    }  # fmt: skip


async def test_importing_again_changes_nothing(session: AsyncSession) -> None:
    await facade.import_customers(session, [customer(1), customer(2)])
    assert await facade.import_customers(session, [customer(1), customer(2), customer(3)]) == 1
    assert (await session.execute(text("SELECT count(*) FROM core.outbox"))).scalar_one() == 3


async def test_roles_are_granted_by_address_and_twice_is_once(session: AsyncSession) -> None:
    await facade.import_customers(session, [customer(1)])
    await facade.grant_role(session, "C1@example.org", "executive")
    view = await facade.grant_role(session, "c1@example.org", "executive")
    assert view.roles == {"customer", "executive"}
    assert await facade.get_customer(session, UUID(int=1)) == view


async def test_unknown_roles_and_people_are_refused(session: AsyncSession) -> None:
    with pytest.raises(Invalid):
        await facade.grant_role(session, "c1@example.org", "emperor")
    with pytest.raises(CustomerNotFound):
        await facade.grant_role(session, "c1@example.org", "analyst")
    assert await facade.get_customer(session, UUID(int=9)) is None

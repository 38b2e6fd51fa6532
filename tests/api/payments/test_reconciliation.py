"""The gateway's report against the ledger: every kind of difference, and none where both agree."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.payments import facade as payments
from api.domains.payments.errors import GatewayAway
from api.domains.payments.service import intents, reconciliation, refunds
from infra.local.reconciliation import reconcile_day
from infra.local.settings import LocalError
from tests.api.payments.conftest import Make, refund_part
from tests.gateway_process import RunningGateway


async def differences(*payment_ids: UUID) -> list[dict[str, Any]]:
    """Of these payments alone: the gateway is shared with other tests, whose work was undone here."""
    found = await reconciliation.reconcile(datetime.now(UTC).date())
    return [row for row in found if row["payment_id"] in map(str, payment_ids)]


@pytest.mark.usefixtures("session")
async def test_both_agree(pay: Make, paying_gateway: RunningGateway) -> None:
    payment = await pay(1000)
    await refunds.execute(await refund_part(payment.payment_id, 300))
    disputed = await pay(token="tok_dispute")
    await intents.refresh(disputed.payment_id)
    charge = paying_gateway.call("GET", f"/v1/charges/{disputed.payment_id}").json()
    (dispute,) = charge["disputes"]
    paying_gateway.call("POST", f"/v1/disputes/{dispute['dispute_id']}/decision", json={"is_won": False})
    await intents.refresh(disputed.payment_id)
    assert await differences(payment.payment_id, disputed.payment_id) == []


async def test_each_difference_is_listed(
    pay: Make, make: Make, session: AsyncSession, paying_gateway: RunningGateway
) -> None:
    forgotten = await make(400)
    await payments.confirm(forgotten, "tok_ok")  # taken there, never recorded here
    paid = await pay(600)
    post = "INSERT INTO payments.ledger_transactions (transaction_id, key, kind, payment_id)"
    entry = "INSERT INTO payments.ledger_entries (transaction_id, account, amount_minor, currency)"
    for key, payment_id, amount in (
        (f"refund:{uuid4()}", paid.payment_id, -50),
        (f"capture:{forgotten.payment_id}", forgotten.payment_id, 399),
    ):
        made = {"id": uuid4(), "key": key, "payment_id": payment_id, "amount": amount, "other": -amount}
        await session.execute(text(post + " VALUES (:id, :key, 'capture', :payment_id)"), made)
        values = " VALUES (:id, 'gateway', :amount, 'USD'), (:id, 'sales', :other, 'USD')"
        await session.execute(text(entry + values), made)
    await session.commit()
    lost = await make(700)
    await payments.confirm(lost, "tok_ok")
    found = {row["what"]: row for row in await differences(forgotten.payment_id, paid.payment_id, lost.payment_id)}
    assert {what: (row["gateway_minor"], row["ledger_minor"]) for what, row in found.items()} == {
        "missing in the ledger": (700, 0),
        "missing at the gateway": (0, -50),
        "amounts differ": (400, 399),
    }
    (kept,) = [day for day in await reconciliation.days() if day.day == datetime.now(UTC).date()]
    assert kept.compared >= 4
    assert found["amounts differ"] in kept.differences


@pytest.mark.usefixtures("session")
async def test_the_sweep_compares_yesterday_once(paying_gateway: RunningGateway) -> None:
    at = datetime.now(UTC).replace(hour=2)
    assert await reconciliation.sweep_days(at) == 1
    assert await reconciliation.sweep_days(at) == 0
    (day,) = await reconciliation.days()
    assert day.day == at.date() - timedelta(days=1)


@pytest.mark.usefixtures("session")
async def test_a_gateway_that_is_away_is_no_agreement(paying_gateway: RunningGateway) -> None:
    paying_gateway.stop()
    try:
        with pytest.raises(GatewayAway):
            await payments.reconcile(datetime.now(UTC).date())
        assert await reconciliation.sweep_days() == 0
    finally:
        paying_gateway.start()
    assert await reconciliation.days() == []


def test_from_the_command_line(
    database_of_its_own: None, paying_gateway: RunningGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reconcile_day("2020-01-01") == 0
    assert capsys.readouterr().out == "2020-01-01: ledger and gateway agree\n"
    body = {"payment_id": str(uuid4()), "amount_minor": 5, "currency": "USD", "token": "tok_ok"}
    paying_gateway.call("POST", "/v1/charges", json=body)
    assert reconcile_day(datetime.now(UTC).date().isoformat()) == 1
    assert "differ" in capsys.readouterr().out
    assert reconcile_day(None) == 0
    for day in ("yesterday", "2999-01-01"):
        with pytest.raises(LocalError, match=day):
            reconcile_day(day)

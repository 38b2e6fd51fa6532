"""Payments, refunds, disputes and their ledger walked through at random on a real Postgres, answers lost on the way.

Small by default; `--hypothesis-profile=nightly` walks at least 2,000 steps.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from api.core.db import Database, reading, set_database, transaction
from api.core.settings import get_settings
from api.domains.payments import facade as payments
from api.domains.payments.contracts import ChargeState, DisputeStatus, IntentStatus, PaymentStatus
from api.domains.payments.errors import IllegalTransition, RefundTooLarge
from api.domains.payments.service import intents, refunds
from tests.api.payments.conftest import books
from tests.api.payments.in_memory_gateway import InMemoryGateway

T = TypeVar("T")
NIGHTLY = "nightly"
CONSISTENT = text("""
    SELECT count(*) FROM payments.payments p
    LEFT JOIN (SELECT payment_id, sum(amount_minor) FILTER (WHERE status = 'succeeded') AS paid,
        sum(amount_minor) FILTER (WHERE status <> 'failed') AS promised FROM payments.refunds GROUP BY payment_id) r
        USING (payment_id)
    WHERE p.refunded_minor <> coalesce(r.paid, 0) OR p.promised_minor <> coalesce(r.promised, 0)
""")


class Payments(RuleBasedStateMachine):
    """Every rule is something that a customer, an operator, a bank or a broken line does."""

    steps: ClassVar[int] = 0
    made: Bundle[UUID] = Bundle("made")
    promised: Bundle[UUID] = Bundle("promised")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.gateway = InMemoryGateway()
        self.patch = pytest.MonkeyPatch()
        for module in ("intents", "refunds"):
            name = f"api.domains.payments.service.{module}.gateway_of"
            self.patch.setattr(name, lambda _: self.gateway)
        self.database = Database(get_settings())
        set_database(self.database)
        self.ids: list[UUID] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @rule(target=made, amount=st.integers(1, 5000), capture=st.sampled_from(["automatic", "manual"]))
    def create(self, amount: int, capture: str) -> UUID:
        async def work() -> UUID:
            async with transaction() as session:
                tax = amount // 5
                payment = await payments.create_intent(session, uuid4(), amount, "USD", "card", capture, tax_minor=tax)
            return payment.payment_id

        payment_id = self.run(work())
        self.ids.append(payment_id)
        return payment_id

    @rule(
        payment_id=made,
        token=st.sampled_from(["ok", "ok", "declined", "action"]),
        is_lost=st.booleans(),
        dies=st.booleans(),
        is_final=st.booleans(),
    )
    def confirm(self, payment_id: UUID, token: str, is_lost: bool, dies: bool, is_final: bool) -> None:
        async def work() -> None:
            payment = await intents.get(payment_id)
            self.gateway.loses_answers = is_lost
            result = await payments.confirm(payment, token)
            self.gateway.loses_answers = False
            if not dies:
                async with transaction() as session:
                    await payments.record(session, payment_id, result, is_final=is_final)

        self.run(work())

    @rule(payment_id=made, is_confirmed=st.booleans())
    def decide_at_the_bank(self, payment_id: UUID, is_confirmed: bool) -> None:
        charge = self.gateway.charges.get(payment_id)
        if charge is not None and charge.state is ChargeState.ACTION_REQUIRED:
            if is_confirmed:
                self.gateway.take(charge)
            else:
                charge.state = ChargeState.DECLINED

    @rule(payment_id=made)
    def a_webhook_comes(self, payment_id: UUID) -> None:
        self.run(intents.refresh(payment_id))

    @rule(payment_id=made, part=st.integers(1, 5000))
    def capture(self, payment_id: UUID, part: int) -> None:
        async def work() -> None:
            payment = await intents.get(payment_id)
            try:
                await payments.capture(payment_id, min(part, payment.amount_minor))
            except IllegalTransition:
                assert payment.intent_status is not IntentStatus.REQUIRES_CAPTURE

        self.run(work())

    @rule(payment_id=made, dies=st.booleans())
    def void(self, payment_id: UUID, dies: bool) -> None:
        async def work() -> None:
            result = await payments.void(payment_id)
            if not dies:
                async with transaction() as session:
                    await payments.record(session, payment_id, result)

        self.run(work())

    @rule(target=promised, payment_id=made, amount=st.integers(1, 5000))
    def refund_part(self, payment_id: UUID, amount: int) -> UUID:
        refund_id = uuid4()

        async def work() -> None:
            async with reading() as connection:
                left = await payments.refundable(connection, payment_id)
            try:
                async with transaction() as session:
                    await payments.refund_part(session, payment_id, refund_id, amount, "returned")
                assert amount <= left
            except RefundTooLarge:
                assert amount > left

        self.run(work())
        return refund_id

    @rule(payment_id=made)
    def undo_the_sale(self, payment_id: UUID) -> None:
        async def work() -> None:
            async with transaction() as session:
                await payments.begin_refund(session, payment_id)

        self.run(work())

    @rule(refund_id=consumes(promised), is_lost=st.booleans())
    def execute(self, refund_id: UUID, is_lost: bool) -> None:
        self.gateway.loses_answers = is_lost
        self.run(refunds.execute(refund_id))
        self.gateway.loses_answers = False

    @rule(payment_id=made, share=st.integers(1, 5000))
    def complain(self, payment_id: UUID, share: int) -> None:
        charge = self.gateway.charges.get(payment_id)
        if charge is not None and charge.captured > charge.given:
            self.gateway.open_dispute(payment_id, min(share, charge.captured - charge.given))

    @rule(payment_id=made, is_won=st.booleans())
    def decide_the_dispute(self, payment_id: UUID, is_won: bool) -> None:
        charge = self.gateway.charges.get(payment_id)
        for name, seen in list(charge.disputes.items()) if charge else ():
            if seen.status is DisputeStatus.NEEDS_RESPONSE:
                status = DisputeStatus.WON if is_won else DisputeStatus.LOST
                charge.disputes[name] = replace(seen, status=status)  # type: ignore[union-attr]

    @invariant()
    def the_books_are_even(self) -> None:
        Payments.steps += 1

        async def work() -> None:
            await books()  # sums to zero per currency
            async with reading() as connection:
                assert (await connection.execute(CONSISTENT)).scalar_one() == 0

        self.run(work())

    def teardown(self) -> None:
        try:
            self.run(self._settle())
        finally:
            self.run(self.database.close())
            set_database(None)
            self.patch.undo()
            self.runner.close()

    async def _settle(self) -> None:
        """The sweeps run: afterwards ours is what the gateway holds for us, to the last minor unit."""
        for _ in range(2):
            for payment_id in self.ids:
                await intents.refresh(payment_id)
            await payments.sweep_refunds()
        async with reading() as connection:
            for payment_id in self.ids:
                query = "SELECT coalesce(sum(e.amount_minor), 0) FROM payments.ledger_entries e JOIN"
                query += " payments.ledger_transactions t USING (transaction_id) WHERE payment_id = :id"
                ours = await connection.execute(text(query + " AND account = 'gateway'"), {"id": payment_id})
                charge = self.gateway.charges.get(payment_id)
                assert ours.scalar_one() == (charge.kept if charge else 0)
                payment = await intents.get(payment_id)
                assert payment.status is not PaymentStatus.REFUNDING
                if payment.intent_status is IntentStatus.CANCELLED:
                    assert payment.captured_minor == payment.refunded_minor + _disputed(charge)


def _disputed(charge: Any) -> int:
    disputes = charge.disputes.values() if charge else ()
    return sum(each.amount_minor for each in disputes if each.status is not DisputeStatus.WON)


@pytest.mark.timeout(1200)
def test_no_walk_loses_money(database_of_its_own: None) -> None:
    is_nightly = settings.get_current_profile_name() == NIGHTLY
    chosen = settings.get_profile(NIGHTLY if is_nightly else "agora")
    if not is_nightly:
        chosen = settings(chosen, max_examples=8, stateful_step_count=20)
    run_state_machine_as_test(
        Payments, settings=settings(chosen, suppress_health_check=list(HealthCheck), print_blob=True)
    )
    assert Payments.steps >= (2000 if is_nightly else 50)

"""The intent's state machine and the books alone: whatever is said, in any order and any number of times."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domains.payments.contracts import ChargeResult, ChargeState, IntentStatus
from api.domains.payments.domain import (
    NEXT_STATES,
    Entry,
    IllegalMove,
    LedgerTransaction,
    PaymentIntent,
    TooMuch,
    ledger,
)

results = st.builds(
    ChargeResult,
    st.sampled_from(ChargeState),
    st.just("ch_1"),
    st.sampled_from(["card_declined", None]),
    captured_minor=st.none(),
    attempt=st.none() | st.integers(1, 3),
)


def intent(amount_minor: int = 1000, status: IntentStatus = IntentStatus.PROCESSING, **more: int) -> PaymentIntent:
    return PaymentIntent(uuid4(), uuid4(), amount_minor, "USD", status, **more)


@given(st.lists(st.tuples(results, st.booleans(), st.booleans()), max_size=20))
def test_whatever_is_said_the_machine_holds(said: list[tuple[ChargeResult, bool, bool]]) -> None:
    payment = intent(status=IntentStatus.REQUIRES_CONFIRMATION, attempt=0)
    captures = 0
    for result, is_final, tries in said:
        if tries:
            payment.begin_attempt()
        before = replace(payment)
        heard = payment.hear(result, is_final=is_final)
        captures += bool(heard.captured_minor)
        once_more = replace(payment)
        again = once_more.hear(result, is_final=is_final)
        assert (again.captured_minor, again.declined) == (0, None)
        if before.status in (IntentStatus.SUCCEEDED, IntentStatus.CANCELLED):
            assert payment.status is before.status
        assert 0 <= payment.refunded_minor <= payment.promised_minor <= payment.captured_minor <= payment.amount_minor
        assert payment.status is not IntentStatus.SUCCEEDED or payment.captured_minor
        assert payment.reason is None or payment.status in (
            IntentStatus.REQUIRES_PAYMENT_METHOD,
            IntentStatus.CANCELLED,
        )
    assert captures <= 1


@pytest.mark.parametrize("status", IntentStatus)
def test_only_the_states_of_the_table_follow(status: IntentStatus) -> None:
    for target in IntentStatus:
        payment = intent(status=status)
        if target in NEXT_STATES[status]:
            payment.move(target)
            assert payment.status is target
        else:
            with pytest.raises(IllegalMove):
                payment.move(target)


def test_a_late_refusal_means_nothing_to_the_next_attempt() -> None:
    payment = intent(status=IntentStatus.REQUIRES_CONFIRMATION, attempt=0)
    payment.begin_attempt()
    payment.hear(ChargeResult(ChargeState.DECLINED, attempt=1), is_final=False)
    payment.begin_attempt()
    assert payment.hear(ChargeResult(ChargeState.DECLINED, attempt=1), is_final=False).declined is None
    assert payment.status is IntentStatus.PROCESSING
    assert payment.hear(ChargeResult(ChargeState.DECLINED, attempt=2), is_final=False).declined == "declined"


def test_money_for_an_intent_that_had_ended_is_an_orphan() -> None:
    payment = intent(status=IntentStatus.CANCELLED)
    assert payment.hear(ChargeResult(ChargeState.CAPTURED)).is_orphan
    assert (payment.status, payment.refundable_minor) == (IntentStatus.CANCELLED, 1000)


@given(st.integers(1, 10**9), st.data())
def test_tax_of_parts_adds_up_to_the_whole(amount: int, data: st.DataObject) -> None:
    payment = intent(amount, IntentStatus.SUCCEEDED, tax_minor=data.draw(st.integers(0, amount)), captured_minor=amount)
    sums = {entry.account: entry.amount_minor for entry in ledger.captured(payment).entries}
    assert (sums["gateway"], sums.get("tax", 0)) == (amount, -payment.tax_minor)
    left, back, tax = amount, 0, 0
    while left:
        part = data.draw(st.integers(max(1, left // 3), left))
        payment.promise_refund(part)
        posted = {entry.account: entry.amount_minor for entry in ledger.refunded(payment, uuid4(), part).entries}
        back, tax, left = back + posted["gateway"], tax + posted.get("tax", 0), left - part
        payment.settle_refund(part, is_paid=True)
    assert (back, tax, payment.refundable_minor) == (-amount, payment.tax_minor, 0)
    with pytest.raises(TooMuch):
        payment.promise_refund(1)


def test_a_reversal_points_at_what_it_reverses() -> None:
    made = ledger.captured(intent(status=IntentStatus.SUCCEEDED, captured_minor=1000))
    undone = made.reversed("refund:x")
    assert undone.reverses == made.transaction_id
    assert {entry.account: entry.amount_minor for entry in undone.entries} == {"gateway": -1000, "sales": 1000}


@pytest.mark.parametrize(
    ("kind", "amounts"), [("credit", (5, -4)), ("credit", (0, 0)), ("credit", (5,)), ("reversal", (5, -5))]
)
def test_a_transaction_that_is_none_cannot_be_made(kind: str, amounts: tuple[int, ...]) -> None:
    entries = tuple(Entry(account, amount) for account, amount in zip(("cash", "sales"), amounts, strict=False))
    with pytest.raises(ValueError, match=r"transaction|reversal"):
        LedgerTransaction("x", kind, "USD", entries)

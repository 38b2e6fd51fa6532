"""Cart, stock, payment and refund walked through at random, together: real Postgres, real gateway, every hand at work.

Small by default; `--hypothesis-profile=nightly` walks at least 2,000 steps.
"""

import sys
from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from api.core.auth import Visitor
from api.core.db import reading, transaction
from api.core.errors import AppError
from api.core.settings import get_settings
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.inventory import facade as inventory
from api.domains.ordering import facade as ordering
from api.domains.ordering.contracts import Address, ReturnStatus
from api.domains.ordering.domain import Wishes
from api.domains.ordering.errors import RefundTooLarge
from api.domains.ordering.service import cart, fulfilment, orders, refunds, returns, sweep
from api.domains.payments import facade as payments
from api.domains.payments.contracts import Method
from api.domains.payments.service import desk
from tests.api.ordering.invariants import AFTER_THE_SWEEPS, breaches, shift
from tests.api.ordering.market import TRIES, Market, Purchase, stock
from tests.gateway_process import RunningGateway, running_gateway
from tests.postbox import open_postbox

NIGHTLY = "nightly"
OPERATOR = uuid4()
PRICES = (289, 1250, 4999)
ADDRESS = Address("A", "Street 1", "10115", "Berlin", "DE")
TOKENS = (
    *("tok_ok",) * 5,
    "tok_declined",
    "tok_slow",
    "tok_lost_answer",
    "tok_action",
    "tok_dispute",
    "tok_refund_fails",
    "tok_webhook_twice",
    "tok_webhook_late",
    "tok_webhook_never",
    "tok_webhook_reordered",
    "tok_webhook_first",
    "bank_transfer",
    "bank_transfer",
    "cash_on_delivery",
)
KINDS = st.sampled_from(["plain", "plain", "express", "sale", "gift"])
PRODUCTS = st.integers(0, len(PRICES) - 1)
PEOPLE = 3
WHO = st.integers(0, PEOPLE - 1)


class Commerce(RuleBasedStateMachine):
    """Every rule is something that a customer, an operator, a bank, the clock or a broken line does."""

    steps: ClassVar[int] = 0
    gateway: ClassVar[RunningGateway]
    bought: Bundle[Purchase] = Bundle("bought")

    def __init__(self) -> None:
        super().__init__()
        self.market = Market(Commerce.gateway)
        self.run = self.market.run
        self.people = [Visitor(uuid4(), uuid4()) for _ in range(PEOPLE)]
        self.products = self.run(self._open())

    async def _open(self) -> list[int]:
        name = uuid4().hex
        made = [
            ProductImport(f"{name}-{price}", "Thing", "Grocery", "Food", "Food", "National", None, price)
            for price in PRICES
        ]
        async with transaction() as session:
            ids = list((await catalog.import_products(session, made)).values())
        await stock(ids, 4)
        codes = {"sale": await self.market.make_code(10, 3), "gift": await self.market.make_code(100, 2)}
        self.wishes = {"plain": Wishes(), "express": Wishes("express", ADDRESS)}
        self.wishes |= {kind: Wishes(promotion_code=code) for kind, code in codes.items()}
        return ids

    def refused(self, work: Any) -> bool:
        """Do it; whether it was refused."""
        try:
            self.run(work)
        except AppError:
            return True
        return False

    @initialize(
        target=bought, tokens=st.lists(st.sampled_from(TOKENS), min_size=PEOPLE, max_size=PEOPLE), product=PRODUCTS
    )
    def open_the_doors(self, tokens: list[str], product: int) -> Any:
        """Without it half of the walks would buy nothing."""
        return multiple(*(self._buy(who, product, 1, token, "plain") for who, token in enumerate(tokens)))

    @rule(who=WHO, product=PRODUCTS, quantity=st.integers(1, 3), is_guest=st.booleans())
    def add(self, who: int, product: int, quantity: int, is_guest: bool) -> None:
        visitor = Visitor(self.people[who].anonymous_id) if is_guest else self.people[who]
        self.run(cart.add_item(visitor, self.products[product], quantity))

    @rule(who=WHO, product=PRODUCTS, quantity=st.integers(0, 3))
    def change(self, who: int, product: int, quantity: int) -> None:
        self.refused(cart.set_quantity(self.people[who], self.products[product], quantity))

    @rule(
        target=bought,
        who=WHO,
        product=PRODUCTS,
        quantity=st.integers(1, 3),
        token=st.sampled_from(TOKENS),
        kind=KINDS,
        dies=st.sampled_from([None, None, None, "charge", "settle"]),
        is_away=st.sampled_from([False, False, False, True]),
    )
    def buy(
        self, who: int, product: int, quantity: int, token: str, kind: str, dies: str | None, is_away: bool
    ) -> Purchase:
        with self.market.gateway_away(is_away), self.market.dying_before(dies):
            return self._buy(who, product, quantity, token, kind)
        return self.market.purchases[-1]

    def _buy(self, who: int, product: int, quantity: int, token: str, kind: str) -> Purchase:
        visitor = self.people[who]
        assert visitor.customer_id is not None
        purchase = Purchase(uuid4(), visitor.customer_id, visitor)
        self.market.purchases.append(purchase)
        self.run(cart.add_item(visitor, self.products[product], quantity))
        self.run(self.market.buy(purchase, token, self.wishes[kind]))
        return purchase

    @rule(purchase=bought, kind=KINDS)
    def try_again(self, purchase: Purchase, kind: str) -> None:
        self.run(self.market.buy(purchase, "tok_ok", self.wishes[kind]))

    @rule(purchase=bought, decision=st.sampled_from(["confirm", "confirm", "refuse"]))
    def decide_at_the_bank(self, purchase: Purchase, decision: str) -> None:
        charge = self.market.charge(self.run(self.market.payment(purchase)))
        if charge is not None:
            self.market.decide_at_the_bank(charge, decision)

    @rule(purchase=bought, is_shop=st.booleans(), dies=st.sampled_from([None, None, "refund"]), is_away=st.booleans())
    def cancel(self, purchase: Purchase, is_shop: bool, dies: str | None, is_away: bool) -> None:
        owner, actor = (None, OPERATOR) if is_shop else (purchase.customer_id, None)
        with self.market.gateway_away(is_away), self.market.dying_before(dies):
            self.refused(orders.cancel_order(owner, purchase.order_id, "regret", actor))

    @rule(purchase=bought, amount=st.integers(1, 3000))
    def refund(self, purchase: Purchase, amount: int) -> None:
        order = self.run(self.market.order(purchase))
        try:
            self.run(refunds.refund_order(OPERATOR, purchase.order_id, amount, "goodwill"))
        except RefundTooLarge:
            assert order is not None
            assert amount > order.total_minor - order.refunded_minor
        except AppError:
            return

    @rule(purchase=bought, is_part=st.sampled_from([False, False, True]), arrives=st.sampled_from([True, True, False]))
    def ship(self, purchase: Purchase, is_part: bool, arrives: bool) -> None:
        chosen = {1: 1} if is_part else None
        self.refused(fulfilment.ship_order(OPERATOR, purchase.order_id, "Post", "T1", chosen))
        order = self.run(self.market.order(purchase))
        for parcel in order.shipments if order and arrives else ():
            self.refused(fulfilment.deliver_shipment(OPERATOR, purchase.order_id, parcel.shipment_id))

    @rule(purchase=bought, quantity=st.sampled_from([1, 1, 2]), is_accepted=st.sampled_from([True, True, False]))
    def ask_to_return(self, purchase: Purchase, quantity: int, is_accepted: bool) -> None:
        self.refused(returns.request_return(purchase.customer_id, purchase.order_id, {1: quantity}, "unwanted"))
        target = ReturnStatus.ACCEPTED if is_accepted else ReturnStatus.REFUSED
        self._each_return(purchase, ReturnStatus.REQUESTED, target)

    @rule(purchase=bought, is_restocked=st.booleans())
    def take_back(self, purchase: Purchase, is_restocked: bool) -> None:
        self._each_return(purchase, ReturnStatus.ACCEPTED, None, is_restocked)

    def _each_return(
        self, purchase: Purchase, stands: ReturnStatus, target: ReturnStatus | None, is_restocked: bool = False
    ) -> None:
        order = self.run(self.market.order(purchase))
        for each in order.returns if order else ():
            if each.status is stands and target:
                self.refused(returns.decide_return(OPERATOR, purchase.order_id, each.return_id, target))
            elif each.status is stands:
                ids = (OPERATOR, purchase.order_id, each.return_id)
                self.refused(returns.receive_return(*ids, is_restocked=is_restocked))

    @rule(product=PRODUCTS, change=st.integers(-4, 6))
    def adjust(self, product: int, change: int) -> None:
        async def work() -> None:
            variant_id = self.products[product]
            async with reading() as connection:
                free = (await inventory.available(connection, [variant_id]))[variant_id]
            try:
                async with transaction() as session:
                    await inventory.adjust(session, variant_id, "main", change, "counted", OPERATOR)
                assert free + change >= 0
            except inventory.BelowClaims:
                assert free + change < 0

        if change:
            self.run(work())

    @rule(purchase=bought, is_all=st.booleans())
    def the_money_comes(self, purchase: Purchase, is_all: bool) -> None:
        """A transfer, perhaps after its order was given up or with what is no longer due; or cash from the door."""
        payment = self.run(self.market.payment(purchase))
        if payment is not None and payment.method in sweep.LATER:
            is_transfer = payment.method is Method.BANK_TRANSFER
            amount = payment.amount_minor if is_transfer and is_all else None
            self.refused(desk.take(OPERATOR, payment.payment_id, amount))

    @rule(purchase=bought)
    def refunds_are_paid_by_hand(self, purchase: Purchase) -> None:
        payment = self.run(self.market.payment(purchase))
        if payment is not None and payment.method in sweep.LATER:
            for refund in self.run(desk.open_file(payment.payment_id)).refunds:
                self.refused(desk.mark_paid_out(OPERATOR, payment.payment_id, refund.refund_id))

    @rule(days=st.sampled_from([0, 8]))
    def who_does_not_pay_gets_nothing(self, days: int) -> None:
        self.run(shift(days * 1440))
        self.run(sweep.sweep_unpaid())

    @rule(purchase=bought, part=st.integers(1, 1000), is_dispute=st.booleans())
    def money_moves_at_the_gateway(self, purchase: Purchase, part: int, is_dispute: bool) -> None:
        """A refund by somebody at the gateway's own desk, or a holder who complains; either may be refused."""
        payment = self.run(self.market.payment(purchase))
        if payment is not None:
            path = f"/v1/charges/{payment.payment_id}/"
            if is_dispute:
                self.market.gateway.call("POST", path + "disputes", json={"amount_minor": part})
            else:
                body = {"refund_id": str(uuid4()), "amount_minor": part}
                self.market.gateway.call("POST", path + "refunds", json=body)

    @rule(purchase=bought, is_won=st.booleans())
    def decide_disputes(self, purchase: Purchase, is_won: bool) -> None:
        charge = self.market.charge(self.run(self.market.payment(purchase)))
        for dispute in charge["disputes"] if charge else ():
            path = f"/v1/disputes/{dispute['dispute_id']}/decision"
            self.market.gateway.call("POST", path, json={"is_won": is_won})

    @rule(times=st.integers(0, 2), is_backwards=st.booleans())
    def webhooks_come(self, times: int, is_backwards: bool) -> None:
        self.run(self.market.deliver_letters(times, is_backwards))

    @rule(is_away=st.booleans())
    def the_worker_works(self, is_away: bool) -> None:
        with self.market.gateway_away(is_away):
            self.run(self.market.work_off())

    @rule(minutes=st.sampled_from([1, 11, 11, 31 * 1440]))
    def time_passes(self, minutes: int) -> None:
        self.run(shift(minutes))

    @rule()
    def sweep_all(self) -> None:
        for _ in range(TRIES):
            self.run(ordering.sweep_unfinished())
            if not (broken := self.run(breaches(AFTER_THE_SWEEPS))):
                break
        assert not broken

    @rule(purchase=bought, minutes=st.sampled_from([0, 11]))
    def all_at_once(self, purchase: Purchase, minutes: int) -> None:
        async def work() -> None:
            await shift(minutes)
            market, order_id = self.market, purchase.order_id
            await market.at_once(
                market.buy(purchase, "tok_ok", Wishes()),
                ordering.sweep_unfinished(),
                orders.cancel_order(purchase.customer_id, order_id),
                fulfilment.ship_order(OPERATOR, order_id, "Post", "T1", {1: 1}),
                refunds.refund_order(OPERATOR, order_id, 100, "goodwill"),
                market.deliver_letters(2),
                payments.sweep_refunds(),
                sweep.sweep_unpaid(),
            )

        self.run(work())

    @invariant()
    def nothing_is_broken(self) -> None:
        Commerce.steps += 1
        assert not self.run(breaches())

    def teardown(self) -> None:
        try:
            self.run(self.market.settle())
            assert not self.run(breaches())
        finally:
            self.market.close()


@pytest.fixture
def watched_gateway(
    database_of_its_own: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningGateway]:
    """A gateway whose books are those of this walk alone; its silence is short."""
    directory = tmp_path_factory.mktemp("watched")
    with open_postbox() as postbox, running_gateway(directory, postbox, slow_seconds=1.5) as gateway:
        monkeypatch.setenv("AGORA_GATEWAY_URL", gateway.url)
        monkeypatch.setenv("AGORA_GATEWAY_SECRET", gateway.secret)
        monkeypatch.setenv("AGORA_GATEWAY_TIMEOUT", "1.0")
        get_settings.cache_clear()
        yield gateway
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.timeout(3600)
def test_no_walk_loses_money_or_goods(watched_gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Commerce, "gateway", watched_gateway, raising=False)
    is_nightly = settings.get_current_profile_name() == NIGHTLY
    chosen = settings.get_profile(NIGHTLY if is_nightly else "agora")
    if not is_nightly:
        chosen = settings(chosen, max_examples=6, stateful_step_count=20)
    run_state_machine_as_test(
        Commerce, settings=settings(chosen, suppress_health_check=list(HealthCheck), print_blob=True)
    )
    sys.stdout.write(f"{Commerce.steps} steps\n")
    assert Commerce.steps >= (2000 if is_nightly else 50)

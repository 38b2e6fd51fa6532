"""A shop, its real gateway, and everybody who has a hand in an order, for walks at random."""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
import pytest

from api.core.auth import Visitor
from api.core.client import close_client
from api.core.db import Database, reading, set_database, transaction
from api.core.errors import AppError
from api.core.jobs import run_queued
from api.core.settings import get_settings
from api.domains.inventory import facade as inventory
from api.domains.inventory.service import claims
from api.domains.ordering import facade as ordering
from api.domains.ordering.contracts import OrderStatus, OrderView
from api.domains.ordering.domain import Wishes
from api.domains.ordering.service import cart, checkout, orders, promotions
from api.domains.ordering.service.sweep import LATER
from api.domains.payments import facade as payments
from api.domains.payments.contracts import Method, PaymentView
from api.domains.payments.service import intents, webhooks
from api.worker import find_tasks
from tests.api.ordering.invariants import AFTER_THE_SWEEPS, breaches, shift
from tests.gateway_process import NO_TLS, RunningGateway

T = TypeVar("T")
NOWHERE = "http://127.0.0.1:1"
TRIES = 4  # a busy machine may keep the gateway from answering in time


class Died(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Purchase:
    """A checkout that was begun, perhaps in vain."""

    order_id: UUID
    customer_id: UUID
    visitor: Visitor


async def _die(*_: Any, **__: Any) -> Any:
    raise Died


async def _say_nothing(*_: Any) -> None:
    """Behaviour events are of no interest here."""


class Market:
    """One walk's shop. Databases outlive a walk; people, codes and products are its own."""

    def __init__(self, gateway: RunningGateway) -> None:
        self.gateway = gateway
        self.runner = asyncio.Runner()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(cart, "_capture", _say_nothing)
        self.patch.setattr(claims, "HEAT", claims.Heat())
        self.database = Database(get_settings())
        set_database(self.database)
        self.purchases: list[Purchase] = []
        self.read_letters = len(self._letters)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it in the walk's own loop."""
        return self.runner.run(work)

    def close(self) -> None:
        """Give everything back."""
        self.run(close_client())
        self.run(self.database.close())
        set_database(None)
        self.patch.undo()
        self.runner.close()

    @property
    def _letters(self) -> list[Any]:
        assert self.gateway.postbox is not None
        return self.gateway.postbox.letters

    @contextmanager
    def dying_before(self, step: str | None) -> Iterator[None]:
        """Within the block the process dies before it comes to `step`; whoever called sees nothing of it."""
        targets = {"charge": (payments, "charge"), "settle": (checkout, "settle"), "refund": (payments, "refund")}
        with self.patch.context() as patch:
            if step is not None:
                patch.setattr(*targets[step], _die)
            try:
                yield
            except Died:
                assert step is not None

    @contextmanager
    def gateway_away(self, is_away: bool) -> Iterator[None]:
        """Within the block nobody listens at the gateway's address."""
        if is_away:
            self.patch.setitem(os.environ, "AGORA_GATEWAY_URL", NOWHERE)
            get_settings.cache_clear()
        try:
            yield
        finally:
            self.patch.setitem(os.environ, "AGORA_GATEWAY_URL", self.gateway.url)
            get_settings.cache_clear()

    async def make_code(self, percent: int, most_uses: int) -> str:
        """A promotion for everything."""
        values: dict[str, Any] = {"code": f"C{uuid4().hex}", "title": "Sale", "kind": "percentage", "percent": percent}
        missing = ("amount_minor", "buy_quantity", "get_quantity", "starts_at", "ends_at", "most_per_customer")
        values |= dict.fromkeys(missing) | {"minimum_minor": 0, "most_uses": most_uses}
        values |= {"product_ids": [], "departments": []}
        return (await promotions.create_promotion(uuid4(), values)).code

    async def buy(self, purchase: Purchase, token: str, wishes: Wishes) -> OrderView | None:
        """Check out (again); stock that is short refuses, and only that does."""
        could = (await cart.view_cart(purchase.visitor)).can_check_out
        who = (purchase.visitor, purchase.customer_id)
        try:
            method = Method(token) if token in LATER else Method.CARD
            return await checkout.check_out(*who, purchase.order_id, token, None, wishes, method=method)
        except inventory.OutOfStock:
            assert not could
            return None
        except AppError:
            return None

    async def order(self, purchase: Purchase) -> OrderView | None:
        """The order as its customer sees it, if it came to one."""
        try:
            return await orders.get_order(purchase.customer_id, purchase.order_id)
        except AppError:
            return None

    async def payment(self, purchase: Purchase) -> PaymentView | None:
        """The checkout's payment, if it came to one."""
        async with reading() as connection:
            return (await payments.find(connection, [purchase.order_id])).get(purchase.order_id)

    def charge(self, payment: PaymentView | None) -> dict[str, Any] | None:
        """What the gateway holds of it."""
        if payment is None:
            return None
        answer = self.gateway.call("GET", f"/v1/charges/{payment.payment_id}")
        found: dict[str, Any] = answer.json()
        return found if answer.status_code == 200 else None

    def decide_at_the_bank(self, charge: dict[str, Any], decision: str) -> None:
        """The second step on the gateway's own page."""
        if charge["next_action_url"]:
            httpx.post(charge["next_action_url"], data={"decision": decision}, trust_env=False, verify=NO_TLS)

    async def deliver_letters(self, times: int, backwards: bool = False) -> None:
        """Webhooks that came since the last time, each so often."""
        news = self._letters[self.read_letters :]
        self.read_letters += len(news)
        for letter in (reversed(news) if backwards else news) if times else ():
            for _ in range(times):
                await webhooks.receive("sandbox", letter.body, letter.headers)

    async def work_off(self) -> None:
        """The worker does what is queued."""
        settings = get_settings()
        await run_queued(settings, find_tasks(settings.api_domains), wait=False)

    async def at_once(self, *works: Coroutine[Any, Any, Any]) -> None:
        """All together; each may be refused, none may fail."""
        for outcome in await asyncio.gather(*works, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, AppError):
                raise outcome

    async def settle(self) -> None:
        """Time passes and the sweeps run: nothing is left behind, and the gateway's books are ours."""
        for _ in range(TRIES):
            await shift(11)
            await ordering.sweep_unfinished()
            await payments.sweep_refunds()
            await self.work_off()
            if not (broken := await breaches(AFTER_THE_SWEEPS)):
                break
        assert not broken
        await self._look_at_the_gateway()

    async def _look_at_the_gateway(self) -> None:
        for purchase in self.purchases:
            payment = await self.payment(purchase)
            charge = self.charge(payment)
            if charge is not None and payment is not None:
                await self._ask(payment)
                kept = charge["captured_minor"] - charge["refunded_minor"]
                refused = any(each["status"] == "failed" for each in charge["refunds"]) or charge["disputes"]
                order = await self.order(purchase)
                came_to_nothing = order is None or order.status in (OrderStatus.EXPIRED, OrderStatus.CANCELLED)
                assert not (came_to_nothing and kept and not refused)
        differences = await payments.reconcile(datetime.now(UTC).date())
        assert not [each for each in differences if each["payment_id"] in {str(p) for p in await self._own()}]

    async def _own(self) -> list[UUID]:
        found = [await self.payment(purchase) for purchase in self.purchases]
        return [payment.payment_id for payment in found if payment is not None]

    async def _ask(self, payment: PaymentView) -> None:
        for _ in range(TRIES):
            if (await intents.refresh(payment.payment_id)).state != "unknown":
                return
        raise TimeoutError("the gateway does not answer")


async def stock(products: list[int], units: int) -> None:
    """A delivery."""
    async with transaction() as session:
        await inventory.receive(session, [(each, units) for each in products], cause="delivery")

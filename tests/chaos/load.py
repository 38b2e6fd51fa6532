"""People who look and buy over HTTP while everything breaks, and what they were promised."""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import UUID, uuid4

import httpx

from api.core.auth import Principal
from api.domains.identity.service.tokens import sign_access_token

LOOKERS, BUYERS = 4, 4
BATCH = 20
PAUSE = 0.1
TRIES = 60


@dataclass
class Promised:
    """Ids that an answer of 2xx named. `undecided`: orders whose payment was not answered yet (202)."""

    events: set[UUID] = field(default_factory=set)
    orders: set[UUID] = field(default_factory=set)
    undecided: set[UUID] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)


class Load:
    """Runs in a thread of its own, with a loop of its own."""

    def __init__(self, url: str, products: Sequence[int], seed: int) -> None:
        self.promised = Promised()
        self._url = url
        self._products = products
        self._dice = random.Random(seed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way."""
        self._stopping.set()
        self._thread.join(180)

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=LOOKERS + BUYERS)
        async with httpx.AsyncClient(base_url=self._url, timeout=15, trust_env=False, limits=limits) as client:
            people = [self._look(client) for _ in range(LOOKERS)] + [self._buy(client) for _ in range(BUYERS)]
            await asyncio.gather(*people)

    async def _look(self, client: httpx.AsyncClient) -> None:
        while not self._stopping.is_set():
            person = {"X-Agora-Anonymous-Id": str(uuid4())}
            events = [self._event() for _ in range(self._dice.randint(1, BATCH))]
            # The ids are the client's own: a batch that was not answered is sent again as it is, as an app would.
            for _ in range(3):
                answer = await self._ask(client, "/v1/events", {"events": events}, person)
                if answer is not None and answer.is_success:
                    self.promised.events |= {UUID(each) for each in answer.json()["accepted"]}
                    break
                await asyncio.sleep(1)
            await asyncio.sleep(PAUSE)

    def _event(self) -> dict[str, object]:
        product = self._dice.choice(self._products)
        if self._dice.random() < 0.3:
            return {"id": str(uuid4()), "type": "analytics.page_viewed", "data": {"path": f"/p/{product}"}}
        return {"id": str(uuid4()), "type": "analytics.product_viewed", "data": {"product_id": product}}

    async def _buy(self, client: httpx.AsyncClient) -> None:
        while not self._stopping.is_set():
            token, _ = sign_access_token(Principal(uuid4(), frozenset({"customer"}), uuid4()))
            person = {"X-Agora-Anonymous-Id": str(uuid4()), "Authorization": f"Bearer {token}"}
            item = {"product_id": self._dice.choice(self._products), "quantity": self._dice.randint(1, 2)}
            if await self._until_answered(client, "/v1/cart/items", item, person) is not None:
                answer = await self._until_answered(client, "/v1/checkout", {"payment_token": "tok_ok"}, person)
                if answer is not None:
                    is_undecided = answer.status_code == HTTPStatus.ACCEPTED
                    orders = self.promised.undecided if is_undecided else self.promised.orders
                    orders.add(UUID(answer.json()["order_id"]))
            await asyncio.sleep(PAUSE)

    async def _until_answered(
        self, client: httpx.AsyncClient, path: str, body: dict[str, object], person: dict[str, str]
    ) -> httpx.Response | None:
        """The answer of success; the same request with the same key again and again until there is an answer at all."""
        headers = person | {"Idempotency-Key": str(uuid4())}
        for _ in range(TRIES):
            answer = await self._ask(client, path, body, headers)
            if answer is not None and answer.is_success:
                return answer
            if answer is not None and answer.is_client_error and answer.status_code != HTTPStatus.CONFLICT:
                return None
            if answer is not None and answer.status_code == HTTPStatus.CONFLICT and "flight" not in answer.text:
                return None
            await asyncio.sleep(1)
        return None

    async def _ask(
        self, client: httpx.AsyncClient, path: str, body: dict[str, object], headers: dict[str, str]
    ) -> httpx.Response | None:
        try:
            answer = await client.post(path, json=body, headers=headers)
        except httpx.HTTPError as error:
            self.promised.answers[f"{path} {type(error).__name__}"] += 1
            return None
        self.promised.answers[f"{path} {answer.status_code}"] += 1
        return answer

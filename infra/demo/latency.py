"""From a click to a changed list: how long until a person's recommendations answer to what was just looked at."""

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

import httpx

POLL_SECONDS = 0.02
PATIENCE = 10.0


@dataclass(frozen=True)
class Latency:
    """Seconds of every try that changed the list; `missed` tries did not within the patience."""

    seconds: tuple[float, ...]
    missed: int

    @property
    def median(self) -> float:
        """The middle."""
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """The nearest-rank 95th percentile, over all tries: a missed one counts with the whole patience."""
        everything = sorted((*self.seconds, *([PATIENCE] * self.missed)))
        return everything[max(0, -(-95 * len(everything) // 100) - 1)]


async def measure(
    url: str,
    email: str,
    password: str,
    product_ids: Sequence[int],
    tries: int,
    advance: Callable[[int, int], object],
    headers: Mapping[str, str],
) -> Latency:
    """Sign in, then `tries` times: read the list, report a look at a product never touched, read until it differs."""
    who = {"X-Agora-Anonymous-Id": str(uuid4()), **headers}
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False, headers=who) as client:
        answer = await client.post("/v1/tokens", json={"email": email, "password": password})
        answer.raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        seconds, missed = [], 0
        for attempt, product_id in enumerate(random.Random(7).sample(list(product_ids), tries)):  # noqa: S311
            found = await _one(client, product_id)
            if found is None:
                missed += 1
            else:
                seconds.append(found)
            advance(attempt + 1, tries)
    return Latency(tuple(seconds), missed)


async def _one(client: httpx.AsyncClient, product_id: int) -> float | None:
    before = await _list(client)
    event = {"type": "analytics.product_viewed", "data": {"product_id": product_id}}
    began = time.monotonic()
    answer = await client.post("/v1/events", json={"events": [event]})
    answer.raise_for_status()
    if answer.json()["refused"]:
        raise RuntimeError(f"the event was refused: {answer.json()['refused']}")
    while time.monotonic() - began < PATIENCE:
        if await _list(client) != before:
            return time.monotonic() - began
        await asyncio.sleep(POLL_SECONDS)
    return None


async def _list(client: httpx.AsyncClient) -> list[int]:
    answer = await client.get("/v1/recommendations", params={"surface": "home", "limit": 12})
    answer.raise_for_status()
    return [item["product_id"] for item in answer.json()["items"]]

"""Webhooks out: signed, at least once, tried again while the shop does not take them."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from typing import Any

import httpx

from infra.gateway import disputes
from infra.gateway.store import Store

ATTEMPTS = 8
PAUSE = 0.05
AT_ONCE = 20
DISPUTES_EVERY = 1.0


def signing_key(secret: str) -> bytes:
    """The key of webhook signatures, derived from the shared secret so that the secret itself signs nothing."""
    return hmac.digest(secret.encode(), b"webhooks", "sha256")


def sign(secret: str, body: bytes, at: int) -> str:
    """The header `Agora-Signature`: `t=<unix time>,v1=<HMAC-SHA256 of "<t>.<body>">`."""
    mac = hmac.new(signing_key(secret), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


class Deliverer:
    """Sends what is due to one address; without an address events only wait to be read."""

    def __init__(self, store: Store, url: str | None, secret: str) -> None:
        self._store = store
        self._url = url
        self._secret = secret
        self._disputes_at = 0.0

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                self._close_overdue()
                due = self._due() if self._url else []
                taken = await asyncio.gather(*(self._deliver(client, row) for row in due))
                self._note(list(zip(due, taken, strict=True)))
                if not due:
                    await asyncio.sleep(PAUSE)

    def is_idle(self, payment_id: str) -> bool:
        """Whether nothing of this payment is due now."""
        with self._store.writing() as db:
            row = db.execute(
                "SELECT 1 FROM deliveries d JOIN events e USING (event_id)"
                " WHERE e.payment_id = ? AND d.is_done = 0 AND d.due_at <= ?",
                (payment_id, time.time()),
            ).fetchone()
        return row is None or self._url is None

    def _close_overdue(self) -> None:
        if time.monotonic() - self._disputes_at > DISPUTES_EVERY:
            self._disputes_at = time.monotonic()
            disputes.close_overdue(self._store)

    def _due(self) -> list[dict[str, Any]]:
        with self._store.writing() as db:
            rows = db.execute(
                "SELECT d.delivery_id, d.attempts, e.* FROM deliveries d JOIN events e USING (event_id)"
                " WHERE d.is_done = 0 AND d.due_at <= ? ORDER BY d.due_at, d.delivery_id LIMIT ?",
                (time.time(), AT_ONCE),
            ).fetchall()
        return [dict(row) for row in rows]

    async def _deliver(self, client: httpx.AsyncClient, row: dict[str, Any]) -> bool:
        event = {name: row[name] for name in ("event_id", "type", "payment_id", "created_at")}
        body = json.dumps(event).encode()
        headers = {
            "Agora-Signature": sign(self._secret, body, int(time.time())),
            "Content-Type": "application/json",
        }
        with contextlib.suppress(httpx.HTTPError):
            return (await client.post(self._url or "", content=body, headers=headers)).is_success
        return False

    def _note(self, tried: list[tuple[dict[str, Any], bool]]) -> None:
        """All in one transaction."""
        rows = []
        for row, is_taken in tried:
            attempts = row["attempts"] + 1
            is_over = is_taken or attempts >= ATTEMPTS
            rows.append((attempts, is_over, time.time() + 2.0**attempts / 4, row["delivery_id"]))
        if rows:
            with self._store.writing() as db:
                db.executemany(
                    "UPDATE deliveries SET attempts = ?, is_done = ?, due_at = ? WHERE delivery_id = ?", rows
                )

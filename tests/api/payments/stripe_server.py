"""A listener that answers as Stripe documents it, keeps what it was sent, and repeats itself for a known key."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from api.core.settings import get_settings
from tests.postbox import Letter, Postbox

KEY, SECRET = "sk_test_of_nobody", "whsec_of_nobody"
SHAPES = Path(__file__).parent / "stripe_shapes"
Answer = tuple[int, dict[str, Any]]


def shape(name: str, **changes: Any) -> dict[str, Any]:
    """A recorded answer, with what differs."""
    found: dict[str, Any] = json.loads((SHAPES / f"{name}.json").read_text())
    return found | changes


def fields(letter: Letter) -> dict[str, str]:
    """The form that a library of Stripe's sends."""
    return dict(parse_qsl(letter.body.decode()))


class StripeServer:
    """One payment intent with its refunds and disputes. `confirms_to` is what a confirmation comes to."""

    def __init__(self) -> None:
        self.intent = shape("payment_intent")
        self.session = shape("checkout_session")
        self.refunds: list[dict[str, Any]] = []
        self.disputes: list[dict[str, Any]] = []
        self.movements: list[dict[str, Any]] = []
        self.confirms_to = "succeeded"
        self.fails_with: int | None = None
        self._answers: dict[str, Answer] = {}

    def answer(self, letter: Letter) -> Answer:
        """As the real one: the same key gets the same answer."""
        if self.fails_with is not None:
            return self.fails_with, {"error": {"type": "api_error", "message": "An unknown error occurred"}}
        key = letter.headers.get("idempotency-key", "")
        if letter.method == "POST" and key in self._answers:
            return self._answers[key]
        path = letter.path.partition("?")[0]
        is_session = path.startswith("/v1/checkout/sessions")
        answer = self.sessions(path, fields(letter)) if is_session else self._answered(letter, path, fields(letter))
        if key:
            self._answers[key] = answer
        return answer

    def _answered(self, letter: Letter, path: str, sent: dict[str, str]) -> Answer:
        if path == "/v1/payment_intents":
            metadata = {name[9:-1]: value for name, value in sent.items() if name.startswith("metadata[")}
            wanted = {"amount": int(sent["amount"]), "capture_method": sent["capture_method"], "metadata": metadata}
            self.intent |= wanted
            return 200, self.intent
        if path.endswith("/confirm"):
            return self._confirmed()
        if path.endswith("/capture"):
            return 200, self.take(int(sent["amount_to_capture"]))
        lists = {"/v1/disputes": self.disputes, "/v1/balance_transactions": self.movements}
        if path in lists:
            return 200, {"object": "list", "data": lists[path], "has_more": False, "url": path}
        if path.endswith("/cancel"):
            self.intent |= {"status": "canceled"}
        if path == "/v1/refunds":
            return self._refunds(letter, sent)
        return 200, self.intent

    def _confirmed(self) -> Answer:
        if self.confirms_to == "declined":
            self.intent |= {"last_payment_error": shape("last_payment_error")}
            return 402, shape("card_error")
        if self.confirms_to == "succeeded" and self.intent["capture_method"] == "automatic":
            return 200, self.take(self.intent["amount"])
        manual = {"status": "requires_capture", "amount_capturable": self.intent["amount"]}
        action = {"status": "requires_action", "next_action": shape("next_action")}
        self.intent |= action if self.confirms_to == "requires_action" else manual
        return 200, self.intent

    def sessions(self, path: str, sent: dict[str, str]) -> Answer:
        """Its own page, and what is asked about it."""
        if path.endswith("/expire"):
            if self.session["status"] != "open":
                gone = {"type": "invalid_request_error", "message": "Only open sessions can be expired"}
                return 400, {"error": gone}
            self.session |= {"status": "expired", "url": None}
        elif path == "/v1/checkout/sessions":
            metadata = "payment_intent_data[metadata]["
            self.intent["metadata"] = {
                name.removeprefix(metadata)[:-1]: value for name, value in sent.items() if name.startswith(metadata)
            }
            self.intent["amount"] = int(sent["line_items[0][price_data][unit_amount]"])
        return 200, self.session

    def pay_on_the_page(self) -> None:
        """What a person does there."""
        self.take(self.intent["amount"])
        self.session |= {"status": "complete", "payment_intent": self.intent["id"], "url": None}

    def take(self, amount: int) -> dict[str, Any]:
        """The money is there."""
        charge = shape("charge", amount_captured=amount, metadata=self.intent["metadata"])
        self.intent |= {
            "status": "succeeded",
            "amount_received": amount,
            "latest_charge": charge,
            "next_action": None,
        }
        return self.intent

    def _refunds(self, letter: Letter, sent: dict[str, str]) -> Answer:
        if letter.method == "POST":
            left = self.intent["amount_received"] - sum(row["amount"] for row in self.refunds)
            if int(sent["amount"]) > left:
                too_much = {"code": "charge_already_refunded", "type": "invalid_request_error", "message": "too much"}
                return 400, {"error": too_much}
            metadata = {"refund_id": sent["metadata[refund_id]"]}
            made = shape("refund", id=f"re_{len(self.refunds)}", amount=int(sent["amount"]), metadata=metadata)
            self.refunds.append(made)
            self.intent["latest_charge"]["amount_refunded"] += made["amount"]
            return 200, made
        return 200, {"object": "list", "data": self.refunds, "has_more": False, "url": "/v1/refunds"}


@contextmanager
def stripe_in_use(listener: Postbox) -> Iterator[StripeServer]:
    """Stripe as the gateway of new payments, played by the listener."""
    server = StripeServer()
    listener.answer = server.answer
    listener.letters.clear()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AGORA_PAYMENTS_GATEWAY": "stripe",
            "AGORA_STRIPE_API_KEY": KEY,
            "AGORA_STRIPE_WEBHOOK_SECRET": SECRET,
            "AGORA_STRIPE_URL": listener.url,
        }.items():
            patch.setenv(name, value)
        get_settings.cache_clear()
        yield server
    get_settings.cache_clear()

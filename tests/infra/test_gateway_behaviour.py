"""What the sandbox gateway does on demand: second steps, partial captures and refunds, disputes, webhooks, a report."""

import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.gateway.store import Store
from infra.gateway.webhooks import sign
from tests.gateway_process import SLOW_SECONDS, RunningGateway, running_gateway
from tests.postbox import Letter, open_postbox


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with open_postbox() as postbox, running_gateway(tmp_path_factory.mktemp("gateway"), postbox) as running:
        yield running


def charge(gateway: RunningGateway, token: str, **more: Any) -> dict[str, Any]:
    body = {"payment_id": str(uuid4()), "amount_minor": 500, "currency": "USD", "token": token} | more
    answer = gateway.call("POST", "/v1/charges", json=body)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def letters(gateway: RunningGateway, payment_id: str, at_least: int) -> list[Letter]:
    assert gateway.postbox is not None
    return gateway.postbox.of(payment_id, at_least)


def test_a_refused_payment_may_be_tried_again(gateway: RunningGateway) -> None:
    first = charge(gateway, "tok_declined")
    same = {"payment_id": first["payment_id"]}
    assert charge(gateway, "tok_ok", **same)["status"] == "declined"  # the first attempt, repeated
    assert charge(gateway, "tok_ok", attempt=2, **same)["status"] == "captured"
    assert charge(gateway, "tok_declined", attempt=3, **same)["status"] == "captured"


@pytest.mark.parametrize(("decision", "status"), [("confirm", "captured"), ("refuse", "declined")])
def test_the_second_step(gateway: RunningGateway, decision: str, status: str) -> None:
    asked = charge(gateway, "tok_action", return_url="https://shop.example/back?a=1")
    assert asked["status"] == "requires_action"
    back = gateway.decide(asked["next_action_url"], decision)
    assert (back.status_code, back.headers["location"]) == (303, "https://shop.example/back?a=1")
    changed_mind = httpx.post(asked["next_action_url"], data={"decision": "confirm"}, trust_env=False)
    assert changed_mind.status_code == 303
    assert gateway.call("GET", f"/v1/charges/{asked['payment_id']}").json()["status"] == status
    done = httpx.get(asked["next_action_url"], trust_env=False)
    assert "a=1" in done.text
    assert "Confirm" not in done.text
    assert httpx.get(f"{gateway.url}/pay/ch_of_nobody", trust_env=False).status_code == 404


def test_a_part_is_captured_once(gateway: RunningGateway) -> None:
    held = charge(gateway, "tok_ok", capture=False)
    path = f"/v1/charges/{held['payment_id']}/capture"
    assert held["status"] == "authorized"
    assert gateway.call("POST", path, json={"amount_minor": 501}).status_code == 409
    for _ in range(2):
        assert gateway.call("POST", path, json={"amount_minor": 300}).json()["captured_minor"] == 300
    assert gateway.call("POST", path, json={"amount_minor": 200}).status_code == 409
    assert gateway.call("POST", f"/v1/charges/{uuid4()}/capture", json={"amount_minor": 1}).status_code == 409


def test_parts_go_back_once_each_and_never_too_much(gateway: RunningGateway) -> None:
    paid = charge(gateway, "tok_ok")
    path = f"/v1/charges/{paid['payment_id']}/refunds"
    first = {"refund_id": str(uuid4()), "amount_minor": 300}
    for _ in range(2):
        assert gateway.call("POST", path, json=first).json()["status"] == "succeeded"
    assert gateway.call("POST", path, json=first | {"amount_minor": 299}).status_code == 409
    assert gateway.call("POST", path, json={"refund_id": str(uuid4()), "amount_minor": 201}).status_code == 409
    rest = gateway.call("POST", f"/v1/charges/{paid['payment_id']}/void").json()
    assert (rest["status"], rest["refunded_minor"]) == ("refunded", 500)


def test_a_dispute_without_evidence_is_lost_at_its_deadline(gateway: RunningGateway) -> None:
    paid = charge(gateway, "tok_ok")
    path = f"/v1/charges/{paid['payment_id']}"
    opened = gateway.call("POST", f"{path}/disputes", json={"evidence_seconds": 0.1}).json()
    deadline = time.monotonic() + 10
    while (found := gateway.call("GET", path).json()["disputes"][0])["status"] == "needs_response":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert found["status"] == "lost"
    late = gateway.call("POST", f"/v1/disputes/{opened['dispute_id']}/evidence", json={"evidence": "x"})
    assert late.status_code == 409
    assert gateway.call("POST", "/v1/disputes/dp_none/evidence", json={"evidence": "x"}).status_code == 404
    assert gateway.call("POST", f"/v1/charges/{uuid4()}/disputes", json={}).status_code == 409


@pytest.mark.parametrize(
    ("token", "count"), [("tok_ok", 1), ("tok_webhook_twice", 2), ("tok_webhook_late", 1), ("tok_webhook_first", 1)]
)
def test_webhooks_are_signed(gateway: RunningGateway, token: str, count: int) -> None:
    began = time.monotonic()
    paid = charge(gateway, token)
    if token == "tok_webhook_first":
        assert gateway.postbox is not None
        assert any(letter.event["payment_id"] == paid["payment_id"] for letter in gateway.postbox.letters)
    found = letters(gateway, paid["payment_id"], count)
    assert (time.monotonic() - began >= SLOW_SECONDS) is (token == "tok_webhook_late")
    assert len({letter.event["event_id"] for letter in found}) == 1
    for letter in found:
        at = int(letter.headers["agora-signature"].split(",")[0].removeprefix("t="))
        assert abs(at - time.time()) < 60
        assert letter.headers["agora-signature"] == sign(gateway.secret, letter.body, at)
        assert set(letter.event) == {"event_id", "type", "payment_id", "created_at"}


def test_a_webhook_that_is_not_taken_comes_again(gateway: RunningGateway) -> None:
    assert gateway.postbox is not None
    gateway.postbox.answer = lambda _: (500, {})
    try:
        paid = charge(gateway, "tok_ok")
        letters(gateway, paid["payment_id"], 1)
    finally:
        gateway.postbox.answer = lambda _: (200, {})
    first, second = letters(gateway, paid["payment_id"], 2)
    assert first.event == second.event


def test_no_webhook_is_sent_where_none_is_wanted(gateway: RunningGateway) -> None:
    silent, marker = charge(gateway, "tok_webhook_never"), charge(gateway, "tok_ok")
    letters(gateway, marker["payment_id"], 1)
    assert gateway.postbox is not None
    assert all(letter.event["payment_id"] != silent["payment_id"] for letter in gateway.postbox.letters)


def test_the_report_names_every_movement(gateway: RunningGateway) -> None:
    paid = charge(gateway, "tok_ok")
    payment_id = paid["payment_id"]
    gateway.call("POST", f"/v1/charges/{payment_id}/void")
    day = datetime.now(UTC).date().isoformat()
    rows = gateway.call("GET", f"/v1/report?day={day}").json()["movements"]
    mine = {row["reference"]: row["amount_minor"] for row in rows if row["payment_id"] == payment_id}
    assert mine == {f"capture:{payment_id}": 500, f"refund:{payment_id}": -500}
    assert gateway.call("GET", "/v1/report?day=2020-01-01").json()["movements"] == []
    assert gateway.call("GET", "/v1/report?day=2020-13-01").status_code == 422


def test_charges_of_the_first_version_are_carried_over(tmp_path: Path) -> None:
    path = tmp_path / "charges.sqlite"
    with sqlite3.connect(path) as old:
        old.execute(
            "CREATE TABLE charges (payment_id TEXT PRIMARY KEY, charge_id TEXT NOT NULL UNIQUE, amount_minor INTEGER,"
            " currency TEXT, status TEXT, reason TEXT, settles_at REAL, created_at REAL) STRICT"
        )
        ids = {status: str(uuid4()) for status in ("captured", "refunded", "voided")}
        for status, payment_id in ids.items():
            row = (payment_id, f"ch_{status}", 500, "USD", status, None, 1.0, 1.0)
            old.execute("INSERT INTO charges VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    old.close()
    for _ in range(2):
        store = Store(path, 1.0)
        assert {status: row["charges"] for status, row in store.balance().items()} == dict.fromkeys(ids, 1)
        moved = [(row["kind"], row["amount_minor"]) for row in store.report(0, 2)]
        assert sorted(moved) == [("capture", 500), ("capture", 500), ("refund", -500)]
        store.close()

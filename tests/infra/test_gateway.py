"""The sandbox gateway as a real process: each token, every repeat, a restart in the middle."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.gateway_process import SLOW_SECONDS, RunningGateway, running_gateway


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with running_gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


def charge(gateway: RunningGateway, token: str, payment_id: str | None = None, amount: int = 500) -> httpx.Response:
    body = {"payment_id": payment_id or str(uuid4()), "amount_minor": amount, "currency": "USD", "token": token}
    return gateway.call("POST", "/v1/charges", json=body)


def test_a_payment_is_charged_once_however_often_it_is_asked_for(gateway: RunningGateway) -> None:
    payment_id = str(uuid4())
    before = gateway.balance().get("captured", (0, 0))[0]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: charge(gateway, "tok_ok", payment_id), range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["charge_id"] for answer in answers}) == 1
    assert answers[0].json()["status"] == "captured"
    assert gateway.balance()["captured"][0] == before + 1


@pytest.mark.parametrize(
    ("token", "reason"), [("tok_declined", "card_declined"), ("tok_insufficient_funds", "insufficient_funds")]
)
def test_refusals_have_a_code(gateway: RunningGateway, token: str, reason: str) -> None:
    answer = charge(gateway, token).json()
    assert (answer["status"], answer["reason"]) == ("declined", reason)


def test_an_unknown_token_and_a_changed_amount_are_errors(gateway: RunningGateway) -> None:
    assert charge(gateway, "tok_of_somebody_else").status_code == 422
    payment_id = str(uuid4())
    charge(gateway, "tok_ok", payment_id, 500)
    assert charge(gateway, "tok_ok", payment_id, 501).status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_minor": 0},
        {"amount_minor": -5},
        {"amount_minor": 2**60},
        {"currency": "usd"},
        {"payment_id": "x"},
        {"token": ""},
        {"more": 1},
    ],
)
def test_bad_requests_are_refused(gateway: RunningGateway, wrong: dict[str, Any]) -> None:
    body = {"payment_id": str(uuid4()), "amount_minor": 5, "currency": "USD", "token": "tok_ok"} | wrong
    assert gateway.call("POST", "/v1/charges", json=body).status_code == 422


def test_money_is_given_back_once(gateway: RunningGateway) -> None:
    payment_id = str(uuid4())
    charge(gateway, "tok_ok", payment_id)
    for _ in range(2):
        assert gateway.call("POST", f"/v1/charges/{payment_id}/void").json()["status"] == "refunded"
    assert charge(gateway, "tok_ok", payment_id).json()["status"] == "refunded"


def test_a_void_fences_off_a_charge_that_is_still_on_its_way(gateway: RunningGateway) -> None:
    payment_id = str(uuid4())
    assert gateway.call("GET", f"/v1/charges/{payment_id}").status_code == 404
    assert gateway.call("POST", f"/v1/charges/{payment_id}/void").json()["status"] == "voided"
    assert charge(gateway, "tok_ok", payment_id).json()["status"] == "voided"


def test_a_lost_answer_has_charged(gateway: RunningGateway) -> None:
    payment_id = str(uuid4())
    body = {"payment_id": payment_id, "amount_minor": 5, "currency": "USD", "token": "tok_lost_answer"}
    with pytest.raises(httpx.TransportError):
        httpx.post(
            f"{gateway.url}/v1/charges",
            json=body,
            headers={"Authorization": f"Bearer {gateway.secret}"},
            timeout=0.5,
            trust_env=False,
        )
    assert gateway.call("GET", f"/v1/charges/{payment_id}").json()["status"] == "captured"


@pytest.mark.parametrize("secret", ["", "Bearer wrong", "Basic x"])
def test_without_the_secret_nothing_is_told(gateway: RunningGateway, secret: str) -> None:
    for method, path in (("GET", "/v1/balance"), ("GET", f"/v1/charges/{uuid4()}"), ("POST", "/v1/charges")):
        assert gateway.call(method, path, headers={"Authorization": secret}).status_code == 401


def test_a_slow_charge_survives_a_restart(gateway: RunningGateway) -> None:
    payment_id = str(uuid4())
    body = {"payment_id": payment_id, "amount_minor": 5, "currency": "USD", "token": "tok_slow"}
    with pytest.raises(httpx.TransportError):
        httpx.post(
            f"{gateway.url}/v1/charges",
            json=body,
            headers={"Authorization": f"Bearer {gateway.secret}"},
            timeout=0.3,
            trust_env=False,
        )
    assert gateway.call("GET", f"/v1/charges/{payment_id}").json()["status"] == "pending"
    gateway.stop()
    gateway.start()
    deadline = time.monotonic() + SLOW_SECONDS + 5
    while (status := gateway.call("GET", f"/v1/charges/{payment_id}").json()["status"]) == "pending":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert status == "captured"


@pytest.mark.parametrize("url", ["http://0.0.0.0:9", "https://127.0.0.1:9", "http://127.0.0.1", "nonsense"])
def test_it_listens_on_loopback_alone(url: str) -> None:
    environment = os.environ | {"AGORA_GATEWAY_URL": url, "AGORA_GATEWAY_SECRET": "secret"}
    ended = subprocess.run(
        [sys.executable, "-m", "infra.gateway"], env=environment, capture_output=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    assert b"AGORA_GATEWAY_URL" in ended.stderr

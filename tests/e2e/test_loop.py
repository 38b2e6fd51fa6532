"""The whole loop on a small slice: every server and process of the stack, beside the one that other tests use."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.local import stack
from infra.local.environment import read_environment
from infra.local.settings import ROOT, LocalSettings

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]
PORT_BASE = 30100
MODELS = {"popularity", "own_repeats", "item_knn", "ease", "als", "content", "blend"}


@pytest.fixture(scope="module")
def settings() -> Iterator[LocalSettings]:
    """An empty stack of this test's own; it goes again whatever happens.

    Not in pytest's own folder, which is closed to the user that runs Postgres where the tests run as root.
    """
    settings = LocalSettings(ROOT / "var" / "e2e" / "stack", PORT_BASE)
    stack.down(settings)
    shutil.rmtree(settings.directory.parent)
    yield settings
    stack.down(settings)
    shutil.rmtree(settings.directory.parent)


def agora(settings: LocalSettings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, as a person would call it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("AGORA_")}
    env |= {"AGORA_LOCAL_DIR": str(settings.directory), "AGORA_LOCAL_PORT_BASE": str(settings.port_base)}
    command = [sys.executable, "-m", "infra.local.cli", *arguments]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def report(settings: LocalSettings) -> dict[str, Any]:
    """What the demo says of two weeks of history and a few sessions."""
    folder = settings.directory.parent / "demo"
    size = ["--weeks", "2", "--baskets", "8", "--tries", "5"]
    done = agora(settings, "demo", *size, "--folder", str(folder))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return found


@pytest.fixture(scope="module")
def shop(settings: LocalSettings, report: dict[str, Any]) -> Iterator[httpx.Client]:
    """The running shop."""
    with httpx.Client(base_url=report["addresses"]["storefront"], trust_env=False, timeout=30) as client:
        yield client


def sign_in(shop: httpx.Client, settings: LocalSettings, email: str) -> dict[str, str]:
    """Headers of a person who has signed in."""
    password = (settings.directory / "demo-password").read_text().strip()
    answer = shop.post("/v1/tokens", json={"email": email, "password": password})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}", "X-Agora-Anonymous-Id": str(uuid4())}


def test_what_was_accepted_arrived_everywhere_once(report: dict[str, Any], settings: LocalSettings) -> None:
    assert report["proof_difference"] == 0
    assert report["replay"]["orders"] > 0
    assert report["orders"] == report["load"]["orders"] + report["replay"]["orders"]
    proof = agora(settings, "proof", "--json", "--wait", "60")
    assert proof.returncode == 0, proof.stderr
    rows = {row["type"]: row for row in json.loads(proof.stdout)["rows"]}
    assert rows["ordering.order_placed"]["warehouse"] == report["orders"]
    assert rows["recommendations.recommendation_served"]["lake"] > 0


def test_models_are_compared_and_the_best_one_answers(report: dict[str, Any], shop: httpx.Client) -> None:
    assert set(report["models"]) == MODELS
    best = max(report["models"], key=lambda name: report["models"][name]["ndcg_at_10"])
    assert report["champion"] == best
    answer = shop.get("/v1/recommendations", params={"surface": "home"}).json()
    assert (answer["model"], answer["version"]) == (best, 1)
    assert len(answer["items"]) == 12


def test_a_person_with_a_history_gets_another_list_than_a_stranger(
    report: dict[str, Any], shop: httpx.Client, settings: LocalSettings
) -> None:
    headers = sign_in(shop, settings, report["accounts"]["customer"])
    theirs = shop.get("/v1/recommendations", params={"surface": "home"}, headers=headers).json()["items"]
    strangers = shop.get("/v1/recommendations", params={"surface": "home"}).json()["items"]
    assert [item["product_id"] for item in theirs] != [item["product_id"] for item in strangers]
    assert any(item["reason"] != "Popular this month" for item in theirs)


def test_a_click_changes_the_list(report: dict[str, Any]) -> None:
    assert report["click_to_changed_list"]["missed"] == 0
    assert report["click_to_changed_list"]["tries"] == 5


def test_the_executive_sees_the_replayed_orders(
    report: dict[str, Any], shop: httpx.Client, settings: LocalSettings
) -> None:
    headers = sign_in(shop, settings, report["accounts"]["executive"])
    overview = shop.get("/v1/reports/overview", params={"days": 28}, headers=headers)
    assert overview.status_code == 200, overview.text
    as_of = datetime.fromisoformat(overview.json()["as_of"])
    assert datetime.now(UTC) - as_of < timedelta(minutes=15)
    customer = sign_in(shop, settings, report["accounts"]["customer"])
    assert shop.get("/v1/reports/overview", headers=customer).status_code == 403


def test_dagster_and_mlflow_show_what_happened(report: dict[str, Any], settings: LocalSettings) -> None:
    environment = read_environment(settings)
    query = {"query": "{ runsOrError { ... on Runs { results { jobName status } } } }"}
    runs = httpx.post(f"{environment['AGORA_DAGSTER_URL']}/graphql", json=query, trust_env=False, timeout=30).json()
    found = {(run["jobName"], run["status"]) for run in runs["data"]["runsOrError"]["results"]}
    assert {("loop", "SUCCESS"), ("training", "SUCCESS")} <= found
    models = f"{environment['AGORA_MLFLOW_URL']}/api/2.0/mlflow/registered-models/search"
    [model] = httpx.get(models, trust_env=False, timeout=30).json()["registered_models"]
    assert [alias["alias"] for alias in model["aliases"]] == ["champion"]


def test_every_part_is_well_and_only_on_loopback(report: dict[str, Any], settings: LocalSettings) -> None:
    status = agora(settings, "status", "--json")
    states = json.loads(status.stdout)
    assert [state["name"] for state in states if state["trouble"]] == []
    hosts = {state["address"].rpartition("//")[2].partition(":")[0] for state in states if state["address"]}
    assert hosts == {"127.0.0.1"}


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(ROOT))

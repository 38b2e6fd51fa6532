"""The demo's own parts: what it says when a step fails, what it remembers, how it counts a slow click."""

import io
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from infra.demo.journal import Journal, StepFailed
from infra.demo.latency import PATIENCE, Latency
from infra.demo.replay import Position, Replayed, ServerFailed, Shop


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def journal(screen: io.StringIO, tmp_path: Path) -> Journal:
    return Journal(Console(file=screen, width=80), tmp_path / "demo", steps=2)


def test_steps_are_numbered_and_timed(journal: Journal, screen: io.StringIO) -> None:
    with journal.step("first", "Something"):
        journal.say("a line")
    with journal.step("second", "Something else"):
        pass
    assert list(journal.seconds) == ["first", "second"]
    assert [line for line in screen.getvalue().splitlines() if line.startswith("[")] == [
        "[1/2] Something",
        "[2/2] Something else",
    ]


def test_a_step_that_fails_is_named_with_its_log(journal: Journal, tmp_path: Path) -> None:
    log = tmp_path / "demo" / "load.log"

    def load() -> None:
        with journal.step("load", "Load"):
            journal.say("reading")
            raise ExceptionGroup("some", [OSError("no room")])

    with pytest.raises(StepFailed, match=rf"step load failed: no room\nIts log is {log}"):
        load()
    assert log.read_text().startswith("reading\n")
    assert "OSError: no room" in log.read_text()
    assert "load" not in journal.seconds


def test_the_replay_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "replayed"
    assert Position(path).read() == 0
    Position(path).write(200)
    assert Position(path).read() == 200


def test_a_click_without_an_effect_counts_as_the_slowest() -> None:
    assert Latency((0.1,) * 19, missed=1).p95 == 0.1
    assert Latency((0.1,) * 18, missed=2).p95 == PATIENCE
    assert Latency((0.1, 0.2, 0.4), missed=0).median == 0.2


async def test_an_error_of_the_server_ends_the_replay_and_a_refusal_does_not() -> None:
    answers = iter([httpx.Response(409, json={"type": "urn:agora:problem:out-of-stock"}), httpx.Response(503)])
    tally = Replayed()
    transport = httpx.MockTransport(lambda _: next(answers))
    async with httpx.AsyncClient(base_url="http://shop", transport=transport) as client:
        shop = Shop(client, tally)
        assert await shop.fill([(1, "Milk", 1)]) == 0
        with pytest.raises(ServerFailed, match="POST /v1/cart/items was answered with 503"):
            await shop.fill([(1, "Milk", 1)])
    assert tally.refused == {"out-of-stock": 1}
    assert tally.requests == 2

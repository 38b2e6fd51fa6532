"""Processes that die, or sleep, at any moment: nothing is lost, and nothing counts twice.

`CHAOS_SEED=<number>` repeats a run's delays; the moments themselves are the machine's.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from ingestion.contracts.analytics import ProductViewed
from ingestion.proof import Prover
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.ingestion.plane import Plane, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
KILLS = 6
RELAY, LANDER = "ingestion.relay", "ingestion.lander"


@pytest.fixture
def dice() -> random.Random:
    """Delays; the seed is printed where the test fails."""
    seed = int(os.environ.get("CHAOS_SEED", random.randrange(2**32)))
    sys.stdout.write(f"CHAOS_SEED={seed}\n")
    return random.Random(seed)


class Load:
    """Accepts transactions of one to some hundred events until told to stop."""

    def __init__(self, plane: Plane, dice: random.Random) -> None:
        self.accepted = 0
        self._plane, self._sizes = plane, random.Random(dice.random())
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._thread.join(30)

    def _run(self) -> None:
        while not self._stopping.wait(0.02):
            self.accepted += len(self._plane.accept(self._sizes.randint(1, 300)))


def relay_epoch(plane: Plane) -> int:
    """Grows by one with every relay that takes the lease."""
    [(epoch,)] = plane.outbox_sql("select epoch from core.relay_cursor where shard = 0")
    return int(epoch)


def lander_epoch(plane: Plane) -> int:
    """The same for landers."""
    if plane.lake_sql("select to_regclass('ingest_lease')") == [(None,)]:
        return 0
    name = f"lander/{plane.settings.lake_namespace_prefix}"
    rows = plane.lake_sql("select epoch from ingest_lease where name = %s", name)
    return int(rows[0][0]) if rows else 0


def kill_again_and_again(
    plane: Plane, module: str, epoch: Callable[[Plane], int], dice: random.Random, within: float
) -> None:
    """End a process by SIGKILL some time after it began to work, and start the next one at once."""
    for _ in range(KILLS):
        before = epoch(plane)
        process = plane.start(module)
        wait_for(partial(_has_grown, plane, epoch, before), f"{module} has the lease")
        time.sleep(dice.uniform(0.0, within))
        process.send_signal(signal.SIGKILL)
        process.wait()


def _has_grown(plane: Plane, epoch: Callable[[Plane], int], before: int) -> bool:
    return epoch(plane) > before


def landed(plane: Plane) -> int:
    return len(set(plane.landed()))


def assert_proved(plane: Plane, accepted: int) -> None:
    """Everything accepted is in every place, once."""
    wait_for(lambda: landed(plane) >= accepted, "everything has landed", seconds=60)
    refresh_typed_and_warehouse(plane.pipelines())
    proof = Prover(plane.settings).prove_within(20)
    [row] = [row for row in proof.rows if row.type == ProductViewed.type]
    assert proof.difference == 0, proof.document()
    assert (row.accepted, row.lake, row.warehouse) == (accepted, accepted, accepted)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    assert process.wait(15) == 0


def test_a_relay_killed_at_random_moments(plane: Plane, dice: random.Random) -> None:
    load = Load(plane, dice)
    lander = plane.start(LANDER)
    with load.running():
        # Behind each start waits what came meanwhile: while it catches up there is always a batch on its way.
        kill_again_and_again(plane, RELAY, relay_epoch, dice, within=0.3)
    relay = plane.start(RELAY)
    assert_proved(plane, load.accepted)
    assert relay_epoch(plane) == KILLS + 1
    stop(relay)
    stop(lander)


def test_a_lander_killed_at_random_moments(plane: Plane, dice: random.Random) -> None:
    load = Load(plane, dice)
    relay = plane.start(RELAY)
    with load.running():
        kill_again_and_again(plane, LANDER, lander_epoch, dice, within=1.2)
    lander = plane.start(LANDER)
    assert_proved(plane, load.accepted)
    assert lander_epoch(plane) == KILLS + 1
    # Each record of Kafka is one row: an append that was repeated would show as more rows than events.
    assert len(plane.landed()) == landed(plane)
    stop(lander)
    stop(relay)


def test_a_second_lander_takes_over_from_a_frozen_one(plane: Plane, dice: random.Random) -> None:
    load = Load(plane, dice)
    relay = plane.start(RELAY)
    first = plane.start(LANDER)
    with load.running():
        wait_for(lambda: landed(plane), "the first one lands")
        time.sleep(dice.uniform(0.0, 0.6))
        first.send_signal(signal.SIGSTOP)
        seen, epoch = landed(plane), lander_epoch(plane)
        second = plane.start(LANDER)
        wait_for(lambda: lander_epoch(plane) > epoch and landed(plane) > seen, "the second one lands")
        first.send_signal(signal.SIGCONT)
        again = landed(plane)
        wait_for(lambda: landed(plane) > again, "they go on")
    assert_proved(plane, load.accepted)
    assert len(plane.landed()) == landed(plane)
    for process in (first, second, relay):
        stop(process)

"""What goes wrong and when: drawn from a seed, every kind at least once where there is time for it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

KILL, FREEZE, TWO_LANDERS, TOPIC, DISK = "kill -9", "SIGSTOP", "two landers", "topic made again", "disk full"
TARGETS = ("relay", "lander", "api", "worker", "kafka", "postgres", "s3")
# Fed from the outbox alone. What goes to Kafka directly and has not landed is lost with its topic, and named.
TOPICS = ("ordering", "payments", "inventory")
WARM_UP, QUIET, APART = 10.0, 10.0, 22.0
TOGETHER = 0.3


@dataclass(frozen=True)
class Fault:
    """`at` and `lasts` in seconds; `also` happens in the same moment."""

    at: float
    kind: str
    target: str
    lasts: float = 0.0
    also: tuple["Fault", ...] = ()

    @property
    def name(self) -> str:
        """For people."""
        return " and ".join([f"{self.kind}, {self.target}", *(each.name for each in self.also)])


def draw(seed: int, seconds: float) -> list[Fault]:
    """The faults of a run, in order."""
    dice = random.Random(seed)
    count = max(1, int((seconds - WARM_UP - QUIET) / APART))
    kinds = list(islice(_kinds(dice), count))
    dice.shuffle(kinds)
    gap = (seconds - WARM_UP - QUIET) / count
    faults = []
    for number, (kind, target) in enumerate(kinds):
        at = WARM_UP + gap * number + dice.uniform(0, gap / 4)
        also: tuple[Fault, ...] = ()
        if kind in {KILL, FREEZE} and dice.random() < TOGETHER:
            other = dice.choice([each for each in TARGETS if each != target])
            also = (_fault(dice, at, dice.choice([KILL, FREEZE]), other),)
        faults.append(_fault(dice, at, kind, target, also))
    return faults


def _kinds(dice: random.Random) -> Iterator[tuple[str, str]]:
    """Endless; the first ones are all different, and a short run has one of each kind."""
    kills, freezes = (dice.sample(TARGETS, len(TARGETS)) for _ in range(2))
    yield from [(TOPIC, dice.choice(TOPICS)), (DISK, "s3"), (TWO_LANDERS, "lander")]
    for kill, freeze in zip(cycle(kills), cycle(freezes), strict=False):
        yield KILL, kill
        yield FREEZE, freeze


def _fault(dice: random.Random, at: float, kind: str, target: str, also: tuple[Fault, ...] = ()) -> Fault:
    lasts = {KILL: 0.0, FREEZE: dice.uniform(3, 12), TWO_LANDERS: 12.0, TOPIC: dice.uniform(1, 6), DISK: 12.0}[kind]
    return Fault(at, kind, target, lasts, also)

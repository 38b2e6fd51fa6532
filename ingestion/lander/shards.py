"""Several landers at once: each shard is every n-th partition of every topic, under a lease of its own."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Shard:
    """Number `number` of `of`. Whoever holds its lease reads its partitions, and moves the cursor of no others."""

    number: int = 0
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}of{self.of}"

    def owned(self, partitions: Iterable[int]) -> list[int]:
        """Those of `partitions` that are this shard's."""
        return [partition for partition in partitions if partition % self.of == self.number]

    def lease_name(self, prefix: str) -> str:
        """The lease in an environment. Another number of shards has other leases, and needs none to be safe: a commit
        moves the cursor of each partition from where it began to read, or does not happen."""
        return f"lander/{prefix}" if self.of == 1 else f"lander/{prefix}/{self}"


WHOLE = Shard()


def shards(count: int) -> list[Shard]:
    """All of them."""
    return [Shard(number, count) for number in range(count)]

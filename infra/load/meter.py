"""What a loader shows while it works: a bar per step, with rows, rate and time."""

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

T = TypeVar("T")


class Meter:
    """A bar with rows, rate and elapsed time for each step."""

    def __init__(self, console: Console, seconds: dict[str, float]) -> None:
        self._seconds = seconds
        self.progress = Progress(
            TextColumn("{task.description:<22}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            console=console,
        )

    async def run(
        self, name: str, rows: Sequence[T], at_once: int, work: Callable[[Sequence[T]], Awaitable[int]]
    ) -> int:
        """Do `work` chunk by chunk, one transaction each (it makes its own); returns the sum of what was new."""
        task = self.progress.add_task(name, total=len(rows), rate="")
        began, new = perf_counter(), 0
        for start in range(0, len(rows), at_once):
            chunk = rows[start : start + at_once]
            new += await work(chunk)
            rate = (start + len(chunk)) / (perf_counter() - began)
            self.progress.update(task, advance=len(chunk), rate=f"{rate:,.0f} rows/s")
        self._seconds[name] = round(perf_counter() - began, 3)
        return new

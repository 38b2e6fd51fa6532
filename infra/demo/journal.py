"""What a person sees while the demo works: numbered steps, bars, seconds; and what is left to read when one fails."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[float, float], None]
_LINE_EVERY = 10.0


class StepFailed(Exception):
    """A step that could not be done; the message says which, why, and where to read more."""


class Journal:
    """Counts the steps, takes their time, and keeps a log of each under `folder`."""

    def __init__(self, console: Console, folder: Path, steps: int) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}
        self._folder = folder
        self._steps = steps
        self._log: Path | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[None]:
        """One step. Raises StepFailed for any error inside, which is kept whole in the step's log."""
        began = time.monotonic()
        self.console.print(f"[bold]\\[{len(self.seconds) + 1}/{self._steps}] {title}[/]")
        self._log = self._folder / f"{name}.log"
        self._log.write_text("")
        try:
            yield
        except Exception as error:
            with self._log.open("a") as log:
                log.write(traceback.format_exc())
            first: BaseException = error
            while isinstance(first, BaseExceptionGroup):
                first = first.exceptions[0]
            reason = " ".join(str(first).split())[:300] or type(first).__name__
            raise StepFailed(f"step {name} failed: {reason}\nIts log is {self._log}") from error
        self.seconds[name] = round(time.monotonic() - began, 1)
        self.console.print(f"    [green]done[/] in {self.seconds[name]:.1f} s")

    def say(self, line: str) -> None:
        """A line of the step at hand, on the screen and in its log."""
        self.console.print(f"    {line}", highlight=False)
        if self._log is not None:
            with self._log.open("a") as log:
                log.write(f"{line}\n")

    @contextmanager
    def bar(self, what: str) -> Iterator[Advance]:
        """A bar on a terminal, a line every ten seconds elsewhere; call what it gives with (done, total)."""
        if not self.console.is_terminal:
            yield self._lines(what)
            return
        columns = (TextColumn("    {task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(what, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    def _lines(self, what: str) -> Advance:
        said_at = time.monotonic()

        def advance(done: float, total: float) -> None:
            nonlocal said_at
            if time.monotonic() - said_at >= _LINE_EVERY:
                said_at = time.monotonic()
                self.say(f"{what}: {done:,.0f} of {total:,.0f}")

        return advance

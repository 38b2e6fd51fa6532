"""One form for every figure: a JSON file per area, and all of them as one table."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.table import Table

FOLDER = Path(__file__).parents[2] / "var" / "bench"


@dataclass(frozen=True)
class Scale:
    """How much the long areas do: a default that takes minutes, and what was asked for at the command line."""

    minutes: float = 3.0
    events: int = 5_000_000
    commits: int = 600
    posts: int = 1_000_000


@dataclass(frozen=True)
class Figure:
    """One measurement. `limit` is what the same machine reaches in the same run without our part, named by its name."""

    name: str
    value: float
    unit: str
    goal: float
    better: Literal["higher", "lower"]
    limit: float | None = None
    limit_name: str | None = None

    @property
    def is_met(self) -> bool:
        """Whether the goal was reached."""
        return self.value >= self.goal if self.better == "higher" else self.value <= self.goal


def write(area: str, figures: Sequence[Figure]) -> Path:
    """Keep an area's figures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{area}.json"
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")
    return path


def table(areas: dict[str, Sequence[Figure]]) -> Table:
    """All figures for people."""
    found = Table(box=None, pad_edge=False)
    for heading in ("figure", "value", "goal", "", "limit of this machine", "of limit"):
        found.add_column(heading, justify="right" if heading in {"value", "goal", "of limit"} else "left")
    for area, figures in areas.items():
        found.add_row(f"[bold]{area}[/]")
        for figure in figures:
            found.add_row(
                f" {figure.name}",
                f"{_number(figure.value)} {figure.unit}",
                f"{'≥' if figure.better == 'higher' else '≤'} {_number(figure.goal)}",
                "[green]met[/]" if figure.is_met else "[red]missed[/]",
                "" if figure.limit is None else f"{_number(figure.limit)} ({figure.limit_name})",
                "" if not figure.limit else f"{figure.value / figure.limit:.0%}",
            )
    return found


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"

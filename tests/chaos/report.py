"""The report of a chaos run, for people."""

from collections.abc import Sequence
from pathlib import Path

from tests.chaos.journal import Entry, Journal, Line, Pause
from tests.chaos.load import Promised
from tests.chaos.verdict import Check

SHOWN = 6


def write(
    path: Path,
    title: str,
    journal: Journal,
    lines: Sequence[Line],
    pauses: Sequence[Pause],
    checks: Sequence[Check],
    promised: Promised,
) -> None:
    """As Markdown."""
    out = [f"# {title}", "", f"Began {journal.began:%Y-%m-%d %H:%M:%S} UTC.", "", "## Checks", ""]
    out += ["| check | | found |", "|---|---|---|"]
    out += [f"| {each.name} | {'holds' if each.holds else '**FAILS**'} | {_cell(each.found)} |" for each in checks]
    out += ["", "## Faults", "", "| time | lasted | fault | what happened |", "|---|---|---|---|"]
    for entry, following in zip(journal.entries, [*journal.entries[1:], None], strict=True):
        out.append(_fault(entry, following, lines))
    out += ["", "## Pauses", "", "Times in which nothing landed though people went on.", ""]
    out += ["| from | seconds | what the processes said |", "|---|---|---|"]
    for pause in pauses:
        said = _told(pause.lines) or "**nothing**"
        out.append(f"| {pause.began:%H:%M:%S} | {pause.seconds:.0f} | {said} |")
    out += ["", "## Answers", "", "| request | times |", "|---|---|"]
    out += [f"| {name} | {times:,} |" for name, times in sorted(promised.answers.items())]
    path.write_text("\n".join(out) + "\n")


def _fault(entry: Entry, following: Entry | None, lines: Sequence[Line]) -> str:
    until = following.began if following else None
    around = [
        line
        for line in lines
        if line.event != "landed" and entry.began <= line.at and (until is None or line.at < until)
    ]
    ended = entry.ended or entry.began
    steps = "<br>".join(f"{at:%H:%M:%S} {_cell(text)}" for at, text in entry.steps)
    lasted = (ended - entry.began).total_seconds()
    return f"| {entry.began:%H:%M:%S} | {lasted:.0f} s | {entry.name} | {steps}<br>{_told(around)} |"


def _told(lines: Sequence[Line]) -> str:
    """The first line of each kind."""
    first: dict[tuple[str, str], Line] = {}
    for line in lines:
        first.setdefault((line.part, line.event), line)
    shown = list(first.values())
    more = f"<br>… {len(shown) - SHOWN * 2} more kinds" if len(shown) > SHOWN * 2 else ""
    return "<br>".join(f"`{each.part}` {each.event} {_cell(each.said)}" for each in shown[: SHOWN * 2]) + more


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")[:240]

"""`agora import products` and `agora export products`: the catalogue's own files, with a bar."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ImportCounts


def parse_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """`["sku=Item no"]` → column → header. Raises ValueError."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        column, is_there, header = pair.partition("=")
        if not is_there or not header:
            raise ValueError(f"a mapping is COLUMN=HEADER, not {pair!r}")
        mapping[column.strip()] = header
    return mapping


def bar(console: Console) -> Progress:
    """One line: what is done, how far, what came of it, for how long."""
    return Progress(
        TextColumn("{task.description:<16}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
        console=console,
    )


def in_words(counts: ImportCounts) -> str:
    """The counts in one line."""
    names = ("new", "changed", "same", "bad")
    return ", ".join(f"{getattr(counts, name):,} {name}" for name in names)


async def import_products(
    path: Path,
    *,
    kind: str | None = None,
    mapping: Mapping[str, str] | None = None,
    report: Path | None = None,
    is_dry_run: bool = False,
    console: Console | None = None,
) -> ImportCounts:
    """Import a file, show a bar, say what was done. Raises UnreadableFile."""
    console, began = console or Console(), perf_counter()
    with bar(console) as progress:
        task = progress.add_task("products", total=1.0, state="")

        async def show(counts: ImportCounts, fraction: float) -> None:
            progress.update(task, completed=fraction, state=f"{counts.read:,} rows: {in_words(counts)}")

        counts = await catalog.import_file(
            path, kind=kind, mapping=mapping, report=report, is_dry_run=is_dry_run, progress=show
        )
        progress.update(task, completed=1.0)
    rate = counts.read / max(perf_counter() - began, 1e-9)
    verb = "would be" if is_dry_run else "are"
    console.print(f"{counts.read:,} rows ({rate:,.0f} a second), of which {verb} {in_words(counts)}.")
    if counts.bad:
        console.print(f"The bad rows are in {report}." if report else "--report FILE writes down which and why.")
    return counts


async def export_products(path: Path, *, kind: str | None = None, console: Console | None = None) -> int:
    """Write every product to a file, with a bar. Raises UnreadableFile."""
    console = console or Console()
    with bar(console) as progress:
        task = progress.add_task("products", total=1.0, state="")

        async def show(count: int, fraction: float) -> None:
            progress.update(task, completed=fraction, state=f"{count:,} products")

        count = await catalog.export_file(path, kind=kind, progress=show)
        progress.update(task, completed=1.0)
    console.print(f"{count:,} products are in {path}.")
    return count

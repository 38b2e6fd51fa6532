"""Commands that bring files in and out: products, real catalogues, past orders."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from infra.local.environment import enter
from infra.local.settings import ROOT, LocalError

SHARED = ROOT.parent / "shared" / "data"

import_app = typer.Typer(no_args_is_help=True, help="Take files in; the same file again changes nothing.")
export_app = typer.Typer(no_args_is_help=True, help="Write files that `agora import` takes back.")

File = Annotated[Path, typer.Argument(help="CSV or Parquet, by its ending.", dir_okay=False)]
Kind = Annotated[str | None, typer.Option("--format", help="csv or parquet, whatever the ending.")]
From = Annotated[Path, typer.Option("--from", help="The folder of the data.", file_okay=False)]
ReportFile = Annotated[Path | None, typer.Option("--report", help="Where the rows go that were not taken, with why.")]


@import_app.command("products")
def import_products(
    file: File,
    kind: Kind = None,
    mapping: Annotated[list[str] | None, typer.Option(help="COLUMN=HEADER, as often as needed.")] = None,
    report: ReportFile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, write nothing.")] = False,
) -> None:
    """Products by SKU: good rows are kept, bad ones told by line. Exit 1 where there were bad ones."""
    if not file.is_file():
        raise LocalError(f"there is no file {file}")

    async def run() -> bool:
        from infra.load import products  # noqa: PLC0415

        counts = await products.import_products(
            file, kind=kind, mapping=products.parse_mapping(mapping or []), report=report, is_dry_run=dry_run,
            console=Console(),
        )  # fmt: skip
        return counts.bad > 0

    if _run(run):
        raise typer.Exit(1)


@export_app.command("products")
def export_products(file: File, kind: Kind = None) -> None:
    """Every product, in the order of its SKU."""

    async def run() -> int:
        from infra.load import products  # noqa: PLC0415

        return await products.export_products(file, kind=kind, console=Console())

    _run(run)


def add_loads(app: typer.Typer) -> None:
    """The loaders of real data join `agora load`."""
    for command in (livostyle, goodbooks, bestbuy_categories, online_retail, forum):
        app.command(command.__name__.replace("_", "-"))(command)


def livostyle(folder: From = SHARED / "catalogue" / "livostyle", report: ReportFile = None) -> None:
    """2,766 live fashion products, with pictures of 517."""

    async def run() -> Any:
        from infra.load.catalogues import load_livostyle  # noqa: PLC0415

        return await load_livostyle(folder, report=report, console=Console())

    _run(run)


def goodbooks(folder: From = SHARED / "catalogue" / "goodbooks10k", report: ReportFile = None) -> None:
    """10,000 books."""

    async def run() -> Any:
        from infra.load.catalogues import load_goodbooks  # noqa: PLC0415

        return await load_goodbooks(folder, report=report, console=Console())

    _run(run)


def bestbuy_categories(folder: From = SHARED / "catalogue" / "bestbuy", report: ReportFile = None) -> None:
    """4,584 categories as a tree."""

    async def run() -> Any:
        from infra.load.category_tree import load_categories  # noqa: PLC0415

        return await load_categories(folder, report=report, console=Console())

    _run(run)


def online_retail(folder: From = SHARED / "online_retail", report: ReportFile = None) -> None:
    """Nine months of a gift shop's invoices as past orders, returns and a report of what they cannot be."""

    async def run() -> Any:
        from infra.load.online_retail import load_invoices  # noqa: PLC0415

        return await load_invoices(folder, report=report, console=Console())

    _run(run)


def forum(folder: From = SHARED / "forum", report: ReportFile = None) -> None:
    """A site of questions about beer and 100,000 top posts of 102 communities as past posts, comments and votes."""

    async def run() -> Any:
        from infra.load.forum import load_forum  # noqa: PLC0415

        return await load_forum(folder, report=report, console=Console())

    _run(run)


def _run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Do it in the environment of the running stack; what a person has to mend becomes one line."""
    enter()
    from sqlalchemy.exc import InterfaceError, OperationalError  # noqa: PLC0415

    from api.domains.catalog.errors import UnreadableFile  # noqa: PLC0415

    try:
        return asyncio.run(work())
    except FileNotFoundError as error:
        raise LocalError(f"there is no {error.filename}; --from names the folder where it lies") from error
    except (InterfaceError, OperationalError) as error:
        raise LocalError("Postgres does not answer: is the stack up?") from error
    except (UnreadableFile, ValueError) as error:
        raise LocalError(str(error)) from error

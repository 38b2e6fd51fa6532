"""`agora lake` and `agora warehouse`: questions in SQL, and how the lake's tables are."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

lake_app = typer.Typer(no_args_is_help=True, help="The lake: its tables, their history, questions in SQL, care.")
warehouse_app = typer.Typer(no_args_is_help=True, help="The warehouse: questions in SQL.")

Form = Annotated[str, typer.Option("--format", help="table, csv or json.")]
Rows = Annotated[int, typer.Option(help="Rows of a table to show; csv and json have all.", min=1)]
Query = Annotated[str, typer.Argument(help="One SELECT.")]
At = Annotated[datetime | None, typer.Option(help="As it was at this UTC time.")]


@lake_app.command("tables")
def show_tables(form: Form = "table") -> None:
    """Every table with its rows, files and snapshots."""
    from infra.local import ask  # noqa: PLC0415

    ask.show_tables(form)


@lake_app.command("history")
def show_history(
    table: Annotated[str, typer.Argument(help="Such as raw.ordering.")], form: Form = "table", rows: Rows = 50
) -> None:
    """The snapshots of a table, the newest first: what each did, and which have a name."""
    from infra.local import ask  # noqa: PLC0415

    ask.show_history(table, form, rows)


@lake_app.command("sql")
def ask_lake(query: Query, at: At = None, form: Form = "table", rows: Rows = 100) -> None:
    """Ask about `raw.…` and `typed.…`. Nothing can be changed."""
    from infra.local import ask  # noqa: PLC0415

    ask.ask_lake(query, at, form, rows)


@lake_app.command("order")
def show_order(
    order_id: Annotated[UUID, typer.Argument(help="Its number.")],
    hours: Annotated[int, typer.Option(help="How long before the order to look.", min=1, max=24 * 31)] = 24,
    at: At = None,
    form: Form = "table",
) -> None:
    """What the customer saw at an order: prices, stock and rankings of that moment, with model and version."""
    from infra.local import ask  # noqa: PLC0415

    ask.show_order(order_id, hours, at, form)


@lake_app.command()
def care(form: Form = "table") -> None:
    """Compact, expire and clean now, as every night; shows each table before and after."""
    from infra.local import ask  # noqa: PLC0415

    ask.care(form)


@lake_app.command()
def mend(
    table: Annotated[str, typer.Argument(help="Such as raw.ordering or typed.ordering_order_placed.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only name the files that cannot be read.")] = False,
) -> None:
    """Bring back what broken files of a table held: raw rows from Kafka, typed ones from raw."""
    from infra.local import mending  # noqa: PLC0415

    mending.mend_table(table, dry_run=dry_run)


@warehouse_app.command("sql")
def ask_warehouse(query: Query, form: Form = "table", rows: Rows = 100) -> None:
    """Ask about `marts.…` and `lake.…`. Nothing can be changed."""
    from infra.local import ask  # noqa: PLC0415

    ask.ask_warehouse(query, form, rows)

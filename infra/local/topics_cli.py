"""`agora topics`: how far each topic has landed, and the way back of one that was stopped."""

from typing import Annotated

import typer

topics_app = typer.Typer(
    no_args_is_help=True, help="Topics: how far they have landed, and what to do when one stopped."
)

Domain = Annotated[str, typer.Argument(help="The topic of this domain, such as ordering.")]


@topics_app.command("list")
def list_topics(form: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table") -> None:
    """Every topic with what waits to land. Exit 1 when one is stopped."""
    from infra.local import topics  # noqa: PLC0415

    if not topics.list_topics(form):
        raise typer.Exit(1)


@topics_app.command()
def resume(
    domain: Domain,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    from_table: Annotated[
        bool, typer.Option("--from-table", help="Where cursor and table differ, begin where the table stands.")
    ] = False,
    write_off: Annotated[
        str, typer.Option(help="Note the events that are nowhere any more as lost, for this reason.", metavar="REASON")
    ] = "",
) -> None:
    """Let a stopped topic land again and send again what Kafka lost. Exit 1 while events are nowhere any more."""
    from infra.local import topics  # noqa: PLC0415

    if not topics.resume(domain, dry_run=dry_run, from_table=from_table, write_off=write_off):
        raise typer.Exit(1)

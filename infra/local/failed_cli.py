"""`agora failed`: the commands."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

failed_app = typer.Typer(no_args_is_help=True, help="Events that fit no contract: look, put right, send again.")

FailedId = Annotated[str, typer.Argument(help="The id, or as much of its beginning as is enough.", metavar="ID")]
Topic = Annotated[str | None, typer.Option(help="Of this domain's topic alone, such as ordering.")]
Type = Annotated[str | None, typer.Option("--type", help="That claim to be of this event type.")]
Reason = Annotated[str | None, typer.Option(help="With these words in their reason.")]
Since = Annotated[datetime | None, typer.Option(help="Failed since this UTC time.")]


@failed_app.command("list")
def list_failed(
    topic: Topic = None,
    kind: Type = None,
    reason: Reason = None,
    since: Since = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that were sent again or dismissed.")] = False,
    form: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
) -> None:
    """What waits for somebody, the newest last."""
    from infra.local import failed  # noqa: PLC0415

    failed.list_failed(failed.Filters(topic, kind, reason, since), every=every, form=form)


@failed_app.command()
def show(failed_id: FailedId) -> None:
    """All that is known of one: where it lay, why it failed, the record itself, what was done."""
    from infra.local import failed  # noqa: PLC0415

    failed.show(failed_id)


@failed_app.command()
def repair(
    failed_id: FailedId,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="PATH=VALUE in the record, such as data.lines.0.quantity=2.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="The whole record as it should be.", dir_okay=False)] = None,
    note: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Keep what the record should have been; it has to fit its contract. `agora failed replay` sends it."""
    from infra.local import failed  # noqa: PLC0415

    failed.repair(failed_id, changes or [], file, note)


@failed_app.command()
def replay(
    failed_ids: Annotated[list[str] | None, typer.Argument(help="Ids, or their beginnings.", metavar="ID…")] = None,
    topic: Topic = None,
    kind: Type = None,
    reason: Reason = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait, or of them what the filters leave.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell which would go.")] = False,
) -> None:
    """Send events again, each once, as they were repaired or as they came. Exit 1 where one still fits no contract."""
    from infra.local import failed  # noqa: PLC0415

    if not failed.replay(failed_ids or [], failed.Filters(topic, kind, reason), every=every, dry_run=dry_run):
        raise typer.Exit(1)


@failed_app.command()
def dismiss(failed_id: FailedId, note: Annotated[str, typer.Option(help="Why it is let be.")]) -> None:
    """Let one be: it no longer counts as waiting. It can still be repaired later."""
    from infra.local import failed  # noqa: PLC0415

    failed.dismiss(failed_id, note)

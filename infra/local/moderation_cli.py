"""`agora moderation`: what a rule of moderation would have done."""

from typing import Annotated

import typer
from rich.console import Console

from infra.local.settings import LocalError

moderation_app = typer.Typer(no_args_is_help=True, help="Try rules of moderation on the past.")


# Typer makes a command of a lone one: with this the name `backtest` stays.
@moderation_app.callback()
def _group() -> None:
    """More will stand beside the first."""


@moderation_app.command()
def backtest(
    rule: Annotated[str, typer.Argument(help="The rule's name, as on the desk.")],
    days: Annotated[int, typer.Option(min=1, max=365, help="How far back to look.")] = 90,
) -> None:
    """What the newest version of a rule would have done with the texts that the lake knows of."""
    from infra.local.environment import enter  # noqa: PLC0415
    from pipelines.lib import backtest as lib  # noqa: PLC0415
    from pipelines.lib.settings import load_settings  # noqa: PLC0415

    enter()
    console = Console()
    try:
        with console.status("asking the lake"):
            found = lib.run(load_settings(), rule, days)
    except lib.NoSuchRule as error:
        raise LocalError(str(error)) from None
    if found.problem:
        raise LocalError(found.problem)
    precision = "not known" if found.precision is None else f"{found.precision:.0%}"
    console.print(f"{found.hits:,} of {found.texts:,} texts in {days} days, of {found.people:,} people")
    if found.unseen or found.failed:
        console.print(f"not looked at: {found.unseen:,} without facts, {found.failed:,} on which it failed")
    console.print(f"precision {precision}: {found.removed:,} removed, {found.stood:,} let stand by moderators")
    console.print(f"{found.alone:,} by it alone; at most {found.most_by_one:,} of one person")
    for other, times in found.overlap.items():
        console.print(f"  with {other}: {times:,}")

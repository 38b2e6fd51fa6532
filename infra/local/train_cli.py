"""`agora train`: models that no schedule trains, because what they learn from does not come from the shop."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra.local.settings import LocalError

train_app = typer.Typer(no_args_is_help=True, help="Train a model, register it and let it answer.")


# Typer makes a command of a lone one: with this the name `toxicity` stays.
@train_app.callback()
def _group() -> None:
    """More models will stand beside the first."""


@train_app.command()
def toxicity(
    data: Annotated[
        Path | None, typer.Option(help="Folder with the judged sets; without it a small made one is used.")
    ] = None,
) -> None:
    """How toxic a text is: trained on texts that people judged. Prints the model card."""
    from infra.local.environment import enter  # noqa: PLC0415
    from ml.moderation import packaging  # noqa: PLC0415
    from ml.registry import WorseChallengerError  # noqa: PLC0415
    from pipelines.lib import toxicity as lib  # noqa: PLC0415
    from pipelines.lib.settings import load_settings  # noqa: PLC0415

    if data is not None and not data.is_dir():
        raise LocalError(f"{data} is no folder")
    enter()
    console = Console()
    try:
        with console.status("training: a minute for the small set, several for the judged ones"):
            outcome = lib.train(load_settings(), data)
    except WorseChallengerError as error:
        raise LocalError(f"{error}; the champion goes on answering") from None
    for name in outcome.missing if data else ():
        console.print(f"[yellow]not found:[/] {name}")
    print(packaging.card(outcome.trained))
    console.print(f"version {outcome.version} answers now; {outcome.registered.link}")

"""`agora models`: which models there are, how they compare, and which one answers."""

from typing import Annotated

import typer

models_app = typer.Typer(no_args_is_help=True, help="Models: list, compare, promote, roll back.")

Version = Annotated[int, typer.Argument(help="A registered version, as `agora models list` shows it.", min=1)]
Form = Annotated[str, typer.Option("--format", help="table, csv or json.")]


@models_app.command("list")
def list_models(form: Form = "table") -> None:
    """Every registered version: its figures, the champion, and what answers now."""
    from infra.local import models  # noqa: PLC0415

    models.list_models(form)


@models_app.command()
def compare(one: Version, other: Version, form: Form = "table") -> None:
    """Two versions figure by figure; person by person where both were asked about the same people."""
    from infra.local import models  # noqa: PLC0415

    models.compare(one, other, form)


@models_app.command()
def promote(
    version: Version,
    even_if_worse: Annotated[bool, typer.Option("--even-if-worse", help="Without asking for better figures.")] = False,
) -> None:
    """Make a version champion and let it answer. Exit 1 where it is worse than the champion."""
    from infra.local import models  # noqa: PLC0415

    models.promote(version, even_if_worse=even_if_worse)


@models_app.command()
def rollback() -> None:
    """Let the version before answer again, at once; then point the champion there."""
    from infra.local import models  # noqa: PLC0415

    models.rollback()

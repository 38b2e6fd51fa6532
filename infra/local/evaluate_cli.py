"""`agora evaluate`: how good a model is, on a file or on real data that come as a package."""

from pathlib import Path
from typing import Annotated

import typer

evaluate_app = typer.Typer(no_args_is_help=True, help="How good a model is, beside the simplest one.")


@evaluate_app.command()
def demand(
    sales: Annotated[
        Path | None,
        typer.Option(
            help="CSV or Parquet with variant_id, day, units and perhaps location; else a year of complete-journey."
        ),
    ] = None,
    origins: Annotated[int, typer.Option(help="How many past fortnights to forecast.", min=1, max=20)] = 6,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures there.")] = None,
) -> None:
    """Forecast past fortnights of demand with every forecaster, and tell which was best where."""
    from infra.local.evaluating import evaluate_demand  # noqa: PLC0415

    evaluate_demand(sales, origins, json_file)

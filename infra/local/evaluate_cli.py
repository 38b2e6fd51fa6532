"""`agora evaluate`: how good models are, on any file, beside the simplest one."""

from pathlib import Path
from typing import Annotated

import typer

evaluate_app = typer.Typer(no_args_is_help=True, help="Try models on data of any file; nothing is served.")


@evaluate_app.command()
def recommendations(
    interactions: Annotated[Path, typer.Option(help="Parquet or CSV: one row per interaction.")],
    user: Annotated[str | None, typer.Option(help="Column of the person.")] = None,
    item: Annotated[str | None, typer.Option(help="Column of the item.")] = None,
    time: Annotated[str | None, typer.Option(help="Column of the time: time, date, text or epoch.")] = None,
    weight: Annotated[str | None, typer.Option(help="Column of the weight or rating.")] = None,
    at_least: Annotated[float | None, typer.Option(help="Only rows of this weight or more, each counting one.")] = None,
    least_per_person: Annotated[int, typer.Option(help="Only people with so many rows or more.", min=1)] = 1,
    items: Annotated[Path | None, typer.Option(help="Parquet or CSV with title, category, brand of items.")] = None,
    trait: Annotated[str | None, typer.Option(help="A number of the items file, such as a price or a year.")] = None,
    split: Annotated[str, typer.Option(help="time, leave-one-out, random or strong.")] = "time",
    held_out: Annotated[float, typer.Option(help="Days that a time split holds out.", min=0)] = 28,
    k: Annotated[int, typer.Option("--k", help="Places that count.", min=1, max=100)] = 10,
    models: Annotated[str, typer.Option(help="Names with commas between them; all when none is named.")] = "",
    sources: Annotated[str, typer.Option(help="What the blends are made of, with commas.")] = "",
    change: Annotated[
        list[str] | None, typer.Option("--set", help="A model's setting, such as ease.regularization=200.")
    ] = None,
    half_life: Annotated[float | None, typer.Option(help="Days after which an interaction counts half.")] = None,
    people: Annotated[int | None, typer.Option(help="Ask about so many people at most.", min=1)] = None,
    folds: Annotated[int, typer.Option(help="Parts of the train part that a blend learns from.", min=1)] = 4,
    seed: Annotated[int, typer.Option(help="The same seed gives the same result.")] = 7,
    tune: Annotated[int, typer.Option(help="First try so many settings of each model inside the train part.")] = 0,
    track: Annotated[bool, typer.Option("--track", help="Keep every try of --tune as a run in MLflow.")] = False,
    out: Annotated[Path | None, typer.Option("--json", help="Where the whole report goes.")] = None,
) -> None:
    """Fit models on a part of the file, rank every item for the people of the other part, and compare."""
    from infra.local import evaluating  # noqa: PLC0415

    evaluating.recommendations(
        evaluating.Source(interactions, user, item, time, weight, at_least, least_per_person, items, trait),
        evaluating.options(split, held_out, k, models, sources, change or [], half_life, people, seed, folds),
        tune,
        out,
        track=track,
    )


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
    from infra.local.evaluating_demand import evaluate_demand  # noqa: PLC0415

    evaluate_demand(sales, origins, json_file)

"""Typed events to a model that answers: read, train, register, serve."""

from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from ingestion.contracts.catalog import ProductPublished
from ingestion.contracts.identity import CustomerRegistered
from ingestion.contracts.ordering import OrderCancelled, OrderPlaced
from ingestion.contracts.recommendations import TasteRemoved, TasteReset, TasteRestored
from ingestion.settings import SettingsError
from pipelines.lib import frames, serving
from pipelines.lib.exclusive import exclusive
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.settings import Settings
from pipelines.lib.typed import typed_name

if TYPE_CHECKING:
    from ml.recommendations.packaging import Registered
    from ml.recommendations.train import Training

READ = (
    OrderPlaced.type,
    OrderCancelled.type,
    ProductPublished.type,
    CustomerRegistered.type,
    TasteRemoved.type,
    TasteRestored.type,
    TasteReset.type,
)
_DESCRIPTION = ("product_id", "title", "department", "category", "product_type", "brand", "is_active")


@dataclass(frozen=True)
class TrainingData:
    """Order lines and products, and the snapshot of each typed table that they were read from."""

    lines: pl.DataFrame
    products: pl.DataFrame
    snapshots: dict[str, int]


@dataclass(frozen=True)
class Outcome:
    """All that came of one training."""

    training: "Training"
    registered: "Registered"
    served: serving.Served
    data: TrainingData


def read(settings: Settings) -> TrainingData:
    """What models learn from. No table can move meanwhile, so that the noted snapshots are those that were read."""
    with exclusive(settings):
        return TrainingData(frames.purchases(settings), products(settings), snapshots(settings))


def snapshots(settings: Settings) -> dict[str, int]:
    """Typed table → its current snapshot; tables that are still empty are left out."""
    found = {}
    with open_lake(settings) as catalog:
        for event_type in READ:
            current = catalog.load_table(identifier(settings, typed_name(event_type))).current_snapshot()
            if current is not None:
                found[typed_name(event_type)] = current.snapshot_id
    return found


def products(settings: Settings) -> pl.DataFrame:
    """Every product as it was published last."""
    published = frames.events(ProductPublished.type, (*_DESCRIPTION, "occurred_at", "kafka_offset"), settings)
    newest = published.sort("occurred_at", "kafka_offset").unique("product_id", keep="last")
    # Events from before the field existed are of products that could be bought.
    return newest.select(_DESCRIPTION).with_columns(pl.col("is_active").fill_null(True)).sort("product_id")


def train(settings: Settings) -> Outcome:
    """Train all models, register the best as champion, and let it answer.

    Raises ValueError where there are no purchases yet, WorseChallengerError or GuardrailError where the new model is
    refused: then the version before goes on answering.
    """
    # Together they take seconds to import; Dagster's daemon and webserver load this module and never train.
    from ml.recommendations import export, interactions, packaging  # noqa: PLC0415
    from ml.recommendations.serving import files  # noqa: PLC0415
    from ml.recommendations.train import train as fit  # noqa: PLC0415
    from ml.registry import Registry  # noqa: PLC0415

    if settings.mlflow_url is None:
        raise SettingsError("AGORA_MLFLOW_URL: is needed to train models")
    data = read(settings)
    mlflow = Registry(settings.mlflow_url)
    said = export.Said(frames.removed_tastes(settings), frames.taste_resets(settings), frames.segments(settings))
    # What somebody took out of their taste teaches nobody anything either.
    lines = said.respected(interactions.check(data.lines))
    training = fit(lines, data.products, incumbent=packaging.kind_of_champion(mlflow))
    registered = packaging.register(mlflow, training, data.snapshots)
    version = serving.Version(
        champion=training.champion,
        kind=training.scorer.kind,
        parameters=asdict(export.parameters(training.scorer)),
        metrics={name: trained.evaluation.figures for name, trained in training.trained.items()},
        lake_snapshots=data.snapshots,
        mlflow_run_id=registered.runs[training.champion],
        mlflow_version=registered.version,
    )
    tables = export.tables(training, lines, said)
    with TemporaryDirectory() as place:
        folder = None if training.blend is None else files.save(training.blend, Path(place) / "blend")
        served = serving.publish(settings, version, tables, folder)
    return Outcome(training, registered, served, data)

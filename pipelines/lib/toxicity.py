"""The toxicity model from judged texts to the API: train, register, serve."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.settings import SettingsError
from pipelines.lib import serving
from pipelines.lib.settings import Settings

if TYPE_CHECKING:
    from ml.moderation.packaging import Registered
    from ml.moderation.train import Trained

NAME = "toxicity"
_WEIGHTS = "insert into serving.toxicity (version, weights, bias) values (%s, %s, %s)"


@dataclass(frozen=True)
class Outcome:
    """All that came of one training; `missing` are the sets that were not in the folder."""

    trained: "Trained"
    registered: "Registered"
    version: int
    missing: tuple[str, ...]


def train(settings: Settings, folder: Path | None = None) -> Outcome:
    """Train on the judged sets of a folder, or on the made texts where none is given or none lies there.

    Raises WorseChallengerError where the registry refuses the new model: then the one before goes on answering.
    """
    from ml.moderation import corpora, packaging  # noqa: PLC0415 - heavy
    from ml.moderation.train import train as fit  # noqa: PLC0415 - heavy
    from ml.registry import Registry  # noqa: PLC0415 - heavy

    if settings.mlflow_url is None:
        raise SettingsError("AGORA_MLFLOW_URL: is needed to train models")
    corpus = corpora.read(folder) if folder else corpora.Corpus(corpora.made())
    trained = fit(corpus.texts)
    sources = ", ".join(sorted(set(corpus.texts["source"])))
    registered = packaging.register(Registry(settings.mlflow_url), trained, {"sources": sources})
    version = serving.Version(
        champion=NAME,
        kind="logistic_regression",
        parameters={"threshold": trained.evaluation.threshold, "penalty": trained.penalty},
        metrics={NAME: trained.evaluation.figures},
        lake_snapshots={},
        mlflow_run_id=registered.run_id,
        mlflow_version=registered.version,
    )
    with serving.new_version(settings, NAME, version) as (connection, number):
        weights = trained.scorer.weights.astype("<f4").tobytes()
        connection.execute(_WEIGHTS, (number, weights, trained.scorer.bias))
    return Outcome(trained, registered, number, corpus.missing)

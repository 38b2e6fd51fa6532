"""The one door to MLflow: runs, registered versions, the `champion` alias and the way back.

MLflow takes seconds to import, so it is imported where it is used.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

CHAMPION = "champion"
PREVIOUS = "previous_champion"
PER_PERSON = "per_person.json"  # figure → a value for each person asked, in one order for all models of a training
PEOPLE = "people"  # tag: equal where the same people were asked


class WorseChallengerError(Exception):
    """A challenger was refused: its figure is below the one of the champion."""

    def __init__(self, metric: str, challenger: float, champion: float) -> None:
        super().__init__(f"challenger has {metric} {challenger:.4f}, below the champion's {champion:.4f}")
        self.challenger = challenger
        self.champion = champion


class GuardrailError(Exception):
    """A challenger was refused: something beside its figure would suffer."""


class NothingToRollBackError(Exception):
    """There is no earlier champion."""


@dataclass(frozen=True)
class Packaged:
    """A model as the registry keeps it: one file or folder, how to open it, and how it answers a data frame."""

    save: Callable[[Path], Path]
    load: Callable[[Path], Any]
    predict: Callable[[Any, "pd.DataFrame"], "pd.DataFrame"]
    example: "pd.DataFrame"
    requirements: tuple[str, ...] = ("numpy", "pandas")


@dataclass(frozen=True)
class Listed:
    """A registered version in a list."""

    version: int
    model: str
    is_champion: bool
    created_at: datetime
    run_id: str
    people: str | None
    metrics: dict[str, float]


@dataclass(frozen=True)
class Record:
    """All that is known of one run. `texts` maps a file name to its content."""

    name: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    model: Packaged | None = None


class Registry:
    """MLflow at one address (server, or a database file in tests)."""

    def __init__(self, url: str, artifacts: str | None = None) -> None:
        """`artifacts` is where a new experiment keeps its files; None leaves it to the server."""
        import mlflow  # noqa: PLC0415

        # Its bars and its notes on every file drown what the caller says.
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        mlflow.set_tracking_uri(url)
        mlflow.set_registry_uri(url)
        self._url = url.rstrip("/")
        self._artifacts = artifacts

    @property
    def client(self) -> "MlflowClient":
        """MLflow's own client."""
        from mlflow import MlflowClient  # noqa: PLC0415

        return MlflowClient()

    def log(self, experiment: str, record: Record, parent_run_id: str | None = None) -> str:
        """One finished run; its id. With a parent it is shown below it."""
        import mlflow  # noqa: PLC0415

        found = self.client.get_experiment_by_name(experiment)
        experiment_id = (
            found.experiment_id
            if found
            else self.client.create_experiment(experiment, artifact_location=self._artifacts)
        )
        with mlflow.start_run(
            experiment_id=experiment_id,
            run_name=record.name,
            nested=parent_run_id is not None,
            parent_run_id=parent_run_id,
        ) as run:
            mlflow.set_tags(dict(record.tags))
            mlflow.log_params(dict(record.parameters))
            mlflow.log_metrics(dict(record.metrics))
            for name, text in record.texts.items():
                mlflow.log_text(text, name)
            if record.model is not None:
                _log_model(record.model)
        return str(run.info.run_id)

    def link(self, run_id: str) -> str:
        """Where MLflow's own pages show a run."""
        return f"{self._url}/#/experiments/{self.client.get_run(run_id).info.experiment_id}/runs/{run_id}"

    def register(self, name: str, run_id: str, description: str = "") -> int:
        """A new version of `name` from a run's model."""
        import mlflow  # noqa: PLC0415

        version = mlflow.register_model(f"runs:/{run_id}/model", name)
        if description:
            self.client.update_model_version(name, version.version, description)
        return int(version.version)

    def champion(self, name: str) -> int | None:
        """The version that the alias points at; None before the first promotion."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            return int(self.client.get_model_version_by_alias(name, CHAMPION).version)
        except MlflowException as error:
            if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                return None
            raise

    def metrics(self, name: str, version: int) -> dict[str, float]:
        """The logged metrics of a version's run."""
        run_id = self.client.get_model_version(name, str(version)).run_id
        return dict(self.client.get_run(str(run_id)).data.metrics)

    def tags(self, name: str, version: int) -> dict[str, str]:
        """The tags of a version's run."""
        run_id = self.client.get_model_version(name, str(version)).run_id
        return dict(self.client.get_run(str(run_id)).data.tags)

    def versions(self, name: str) -> list[Listed]:
        """All versions, newest first."""
        champion = self.champion(name)
        found = []
        for each in self.client.search_model_versions(f"name = '{name}'"):
            run = self.client.get_run(str(each.run_id))
            found.append(
                Listed(
                    int(each.version),
                    run.data.tags.get("model", run.info.run_name or ""),
                    int(each.version) == champion,
                    datetime.fromtimestamp(each.creation_timestamp / 1000, UTC),
                    str(each.run_id),
                    run.data.tags.get(PEOPLE),
                    dict(run.data.metrics),
                )
            )
        return sorted(found, key=lambda each: -each.version)

    def per_person(self, run_id: str) -> dict[str, list[float]]:
        """The values per person that a run kept; empty where it kept none."""
        import mlflow  # noqa: PLC0415

        if PER_PERSON not in {each.path for each in self.client.list_artifacts(run_id)}:
            return {}
        found: dict[str, list[float]] = mlflow.artifacts.load_dict(f"runs:/{run_id}/{PER_PERSON}")
        return found

    def promote(self, name: str, version: int, metric: str, champion_figure: float | None = None) -> None:
        """Points the alias at `version`, and remembers where it pointed.

        `champion_figure` is the champion's figure on the challenger's own test data; without it the champion's logged
        one counts. Raises WorseChallengerError where the challenger is below it.
        """
        current = self.champion(name)
        if current == version:
            return
        if current is not None:
            challenger = self.metrics(name, version)[metric]
            figure = self.metrics(name, current)[metric] if champion_figure is None else champion_figure
            if challenger < figure:
                raise WorseChallengerError(metric, challenger, figure)
            self.client.set_model_version_tag(name, str(version), PREVIOUS, str(current))
        self.client.set_registered_model_alias(name, CHAMPION, str(version))

    def rollback(self, name: str) -> int:
        """Points the alias back at the champion before this one; that version.

        Raises NothingToRollBackError where there is none.
        """
        current = self.champion(name)
        if current is None:
            raise NothingToRollBackError(f"{name} has no champion")
        previous = self.client.get_model_version(name, str(current)).tags.get(PREVIOUS)
        if previous is None:
            raise NothingToRollBackError(f"{name} has no champion before version {current}")
        self.client.set_registered_model_alias(name, CHAMPION, previous)
        return int(previous)

    def point(self, name: str, version: int) -> None:
        """Points the alias at `version` without asking: what answers was changed already."""
        self.client.set_registered_model_alias(name, CHAMPION, str(version))

    def load(self, name: str, version: int | None = None) -> Any:
        """The champion, or one version, as MLflow's own model object (`predict` takes a data frame)."""
        import mlflow  # noqa: PLC0415

        return mlflow.pyfunc.load_model(f"models:/{name}/{version}" if version else f"models:/{name}@{CHAMPION}")


def _log_model(model: Packaged) -> None:
    from mlflow.models import infer_signature  # noqa: PLC0415
    from mlflow.pyfunc import log_model  # noqa: PLC0415
    from mlflow.pyfunc.model import PythonModel  # noqa: PLC0415

    load, predict = model.load, model.predict

    class Loaded(PythonModel):
        """Kept with the run: opens the arrays and answers as the product does."""

        def load_context(self, context: Any) -> None:
            self.scorer = load(Path(context.artifacts["arrays"]))

        # MLflow takes a type hint here for the model's schema.
        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ARG002
            return predict(self.scorer, model_input)

    with tempfile.TemporaryDirectory() as folder:
        path = model.save(Path(folder) / "arrays.npz")
        answer = predict(load(path), model.example)
        log_model(
            name="model",
            python_model=Loaded(),
            artifacts={"arrays": str(path)},
            input_example=model.example,
            signature=infer_signature(model.example, answer),
            pip_requirements=list(model.requirements),
        )

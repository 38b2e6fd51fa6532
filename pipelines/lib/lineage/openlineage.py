"""Events of the OpenLineage standard about each build, for catalogues that read it: to a file, or to an address."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

import structlog

from pipelines.lib.lineage.columns import ColumnEdge
from pipelines.lib.lineage.models import Model
from pipelines.lib.settings import Settings

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import OutputDataset, RunEvent

log = structlog.get_logger(__name__)
PRODUCER = "https://agora.example/pipelines"
NAMESPACE = "agora"
_ROTATED_AT = 64 << 20


@dataclass(frozen=True)
class Built:
    """One table that was made of others. `columns` are (name, type, words); `error` is set where it went wrong."""

    job: str
    run: str
    name: str
    made_of: Sequence[str]
    finished_at: datetime
    rows: int | None = None
    error: str | None = None
    sql: str | None = None
    columns: Sequence[Mapping[str, str | None]] = field(default_factory=tuple)
    edges: Sequence[ColumnEdge] = field(default_factory=tuple)


def emit(settings: Settings, built: Iterable[Built]) -> int:
    """Send one finished run for each table; returns how many.

    Nothing is sent where the environment names neither a file nor an address. Whoever does not answer is no reason for
    a build to fail: that is logged.
    """
    client = _client(settings)
    if client is None:
        return 0
    sent = 0
    try:
        for each in built:
            client.emit(event_of(each))
            sent += 1
    except Exception as error:
        log.warning("openlineage_not_delivered", sent=sent, error=f"{type(error).__name__}: {error}")
    finally:
        client.close()
    return sent


def _client(settings: Settings) -> "OpenLineageClient | None":
    if settings.pipelines_openlineage_url is None and settings.pipelines_openlineage_file is None:
        return None
    from openlineage.client import OpenLineageClient  # noqa: PLC0415 - heavy
    from openlineage.client.transport.file import FileConfig, FileTransport  # noqa: PLC0415 - heavy
    from openlineage.client.transport.http import HttpConfig, HttpTransport  # noqa: PLC0415 - heavy

    if settings.pipelines_openlineage_url is not None:
        few = {"total": 1, "backoff_factor": 0.1, "allowed_methods": ["POST"]}
        return OpenLineageClient(transport=HttpTransport(HttpConfig(settings.pipelines_openlineage_url, retry=few)))
    path = Path(str(settings.pipelines_openlineage_file))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _ROTATED_AT:
        path.replace(path.with_name(f"{path.name}.1"))
    return OpenLineageClient(transport=FileTransport(FileConfig(str(path), append=True)))


def event_of(built: Built) -> "RunEvent":
    """A run that ended, as the standard has it: its inputs, its output, schema, SQL, rows and columns."""
    from openlineage.client.event_v2 import InputDataset, Job, Run, RunEvent, RunState  # noqa: PLC0415 - heavy
    from openlineage.client.facet_v2 import error_message_run, sql_job  # noqa: PLC0415 - heavy

    run_facets: dict[str, Any] = {}
    if built.error is not None:
        run_facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(built.error, "SQL")
    return RunEvent(
        eventType=RunState.FAIL if built.error is not None else RunState.COMPLETE,
        eventTime=built.finished_at.astimezone(UTC).isoformat(),
        run=Run(str(uuid5(NAMESPACE_URL, f"{built.run}/{built.name}")), run_facets),
        job=Job(NAMESPACE, built.job, {"sql": sql_job.SQLJobFacet(built.sql, "postgres")} if built.sql else {}),
        inputs=[InputDataset(NAMESPACE, name) for name in built.made_of],
        outputs=[_output(built)],
        producer=PRODUCER,
    )


def _output(built: Built) -> "OutputDataset":
    from openlineage.client.event_v2 import OutputDataset  # noqa: PLC0415 - heavy
    from openlineage.client.facet_v2 import (  # noqa: PLC0415 - heavy
        column_lineage_dataset,
        output_statistics_output_dataset,
        schema_dataset,
    )

    facets: dict[str, Any] = {}
    if built.columns:
        fields = [
            schema_dataset.SchemaDatasetFacetFields(str(each["name"]), each["data_type"], each["description"])
            for each in built.columns
        ]
        facets["schema"] = schema_dataset.SchemaDatasetFacet(fields)
    if built.edges:
        by_column: dict[str, list[column_lineage_dataset.InputField]] = {}
        for edge in built.edges:
            source = column_lineage_dataset.InputField(NAMESPACE, edge.source, edge.source_column)
            by_column.setdefault(edge.column, []).append(source)
        made = {name: column_lineage_dataset.Fields(sources) for name, sources in by_column.items()}
        facets["columnLineage"] = column_lineage_dataset.ColumnLineageDatasetFacet(made)
    counted: dict[str, Any] = {}
    if built.rows is not None:
        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=built.rows)
        counted["outputStatistics"] = statistics
    return OutputDataset(NAMESPACE, built.name, counted, facets=facets)


def built_by_dbt(
    runs: Sequence[Mapping[str, Any]], models: Iterable[Model], edges: Iterable[ColumnEdge]
) -> list[Built]:
    """What a build of dbt did, from its runs as `ops.model_runs` has them; tables that it passed over are left out."""
    by_name = {model.name: model for model in models}
    of: dict[str, list[ColumnEdge]] = {}
    for edge in edges:
        of.setdefault(edge.name, []).append(edge)
    return [
        Built(
            job=f"dbt.{run['name']}",
            run=run["invocation_id"],
            name=run["name"],
            made_of=by_name[run["name"]].depends_on,
            finished_at=datetime.fromisoformat(str(run["finished_at"])),
            rows=run["rows"],
            error=None if run["status"] == "success" else f"dbt says: {run['status']}",
            sql=by_name[run["name"]].sql,
            columns=by_name[run["name"]].columns,
            edges=of.get(run["name"], ()),
        )
        for run in runs
        if run["name"] in by_name and run["status"] != "skipped"
    ]

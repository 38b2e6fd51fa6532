"""The last run of each model, from what dbt leaves behind a build."""

from pathlib import Path
from typing import Any

import orjson

from pipelines.lib.lineage.columns import note_columns, noted_columns
from pipelines.lib.lineage.models import read_models
from pipelines.lib.lineage.openlineage import built_by_dbt, emit
from pipelines.lib.ops import open_ops
from pipelines.lib.prepare import manifest_path
from pipelines.lib.settings import Settings

_PUT = """
insert into ops.model_runs (name, invocation_id, status, seconds, rows, finished_at)
values (%(name)s, %(invocation_id)s, %(status)s, %(seconds)s, %(rows)s, %(finished_at)s)
on conflict (name) do update set invocation_id = excluded.invocation_id, status = excluded.status,
    seconds = excluded.seconds, rows = excluded.rows, finished_at = excluded.finished_at
"""


def note_runs(settings: Settings, results: Path) -> int:
    """Write the models of a `run_results.json` to `ops.model_runs`; returns how many. No file is no run.

    The SQL that dbt left beside it tells the columns' lineage, and whoever listens is told of the runs by OpenLineage.
    """
    if not results.exists():
        return 0
    document = orjson.loads(results.read_bytes())
    invocation_id = document["metadata"]["invocation_id"]
    runs = [
        _run(result, invocation_id, document["metadata"]["generated_at"])
        for result in document["results"]
        if result["unique_id"].startswith("model.") and result.get("relation_name")
    ]
    with open_ops(settings) as connection:
        connection.cursor().executemany(_PUT, runs)
    compiled = results.parent / "compiled" / "agora"
    if compiled.exists() and manifest_path().exists():
        models = read_models(manifest_path())
        note_columns(settings, models, compiled)
        emit(settings, built_by_dbt(runs, models, noted_columns(settings)))
    return len(runs)


def _run(result: dict[str, Any], invocation_id: str, generated_at: str) -> dict[str, Any]:
    schema, name = (part.strip('"') for part in result["relation_name"].split(".")[-2:])
    finished = [step["completed_at"] for step in result["timing"] if step["name"] == "execute"]
    rows = (result.get("adapter_response") or {}).get("rows_affected")
    return {
        "name": f"{schema}.{name}",
        "invocation_id": invocation_id,
        "status": result["status"],
        "seconds": result["execution_time"],
        # Postgres says -1 where a statement has no number of rows, as for a view.
        "rows": rows if isinstance(rows, int) and rows >= 0 else None,
        "finished_at": finished[0] if finished and finished[0] else generated_at,
    }

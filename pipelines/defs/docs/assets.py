"""The pages about the data: made when they are missing, and every hour after a newer build of the marts.

An automation condition starts it, not a sensor: everything that it waits for is an asset, so Dagster itself sees when
one is newer. The loop has a sensor, because what it waits for lands in the lake without Dagster's doing.
"""

import dagster as dg

from pipelines.defs.about import ANALYTICS
from pipelines.lib.docs import write_docs
from pipelines.lib.freshness import check_freshness
from pipelines.lib.health import note_verdict
from pipelines.lib.marts import LAST_MART
from pipelines.lib.settings import Settings

DOCS = dg.AssetKey(["docs", "pages"])
_HOURLY = dg.AutomationCondition.on_cron("20 * * * *")
# Missing from the first, too: `on_missing` takes only what became so later.
_MISSING = (
    dg.AutomationCondition.missing()
    & ~dg.AutomationCondition.any_deps_missing()
    & ~dg.AutomationCondition.in_progress()
    & ~dg.AutomationCondition.execution_failed()
)


@dg.asset(
    key=DOCS,
    deps=[dg.AssetKey(["marts", LAST_MART])],
    group_name="docs",
    owners=[ANALYTICS],
    kinds={"dbt"},
    automation_condition=(_HOURLY | _MISSING).with_label("when missing, and hourly after a newer build"),
)
def docs(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[None]:
    """Every mart with meaning, columns, tests, SQL and lineage (dbt docs); what all checks said last (data docs)."""
    if settings.pipelines_docs_dir is None:
        return dg.MaterializeResult(metadata={"skipped": "AGORA_PIPELINES_DOCS_DIR names no folder"})
    note_verdict(settings, "freshness", check_freshness(settings))
    made = write_docs(settings, settings.pipelines_docs_dir)
    metadata: dict[str, int | dg.MetadataValue] = {"models": made.models, "suites": made.suites}
    if settings.pipelines_docs_url is not None:
        metadata["open"] = dg.MetadataValue.url(settings.pipelines_docs_url)
    return dg.MaterializeResult(metadata=metadata)

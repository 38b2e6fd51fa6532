"""Tables whose files are broken: raw ones from Kafka, typed ones from raw."""

from contextlib import closing

from ingestion.contracts import EVENT_TYPES, TOPICS
from ingestion.lake.rewriting import until_committed
from ingestion.lake.swap import swap
from ingestion.lake.tables import raw_table
from ingestion.recovery.mend import Mended, broken_entries, mend_raw
from pipelines.lib import typed
from pipelines.lib.care import alone
from pipelines.lib.exclusive import exclusive
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.settings import Settings
from pipelines.lib.typed import typed_name


class NotMendable(ValueError):
    """No table of this name can be mended."""


def mend(settings: Settings, table: str, *, dry_run: bool = False) -> Mended:
    """Bring back what the broken files of a table held. Raises NotMendable, NoWayBack and CareIsBusy."""
    domains = {raw_table(domain): domain for domain in TOPICS}
    if table in domains:
        with alone(settings):
            return mend_raw(settings.lake, domains[table], dry_run=dry_run)
    event_type = next((name for name in EVENT_TYPES if typed_name(name) == table), None)
    if event_type is None:
        raise NotMendable(f"{table} has no second source: bring its file back from the bucket's versions or a copy")
    with alone(settings), exclusive(settings):
        return _mend_typed(settings, event_type, dry_run=dry_run)


def _mend_typed(settings: Settings, event_type: str, *, dry_run: bool) -> Mended:
    name = identifier(settings, typed_name(event_type))
    with closing(open_lake(settings)) as catalog:
        files = [entry.data_file for entry in broken_entries(catalog.load_table(name))]
        paths, rows = tuple(file.file_path for file in files), sum(file.record_count for file in files)
        if not files or dry_run:
            return Mended(paths, rows)
        until_committed(lambda: swap(catalog, name, files, [], None))
    reports = typed.build(settings, rebuild=True)
    return Mended(paths, sum(report.added for report in reports if report.event_type == event_type))

"""dbt around the touched days: what a build takes in, and what it may then forget."""

from datetime import datetime

import psycopg

from pipelines.lib.dbt import run_dbt
from pipelines.lib.dbt_env import target_dir
from pipelines.lib.exclusive import exclusive
from pipelines.lib.lineage.runs import note_runs
from pipelines.lib.settings import Settings

LAST_MART = "mart_as_of"


def newest_touch(settings: Settings) -> datetime | None:
    """The time of the newest note of a touched day: what a build that starts now will take in."""
    with psycopg.connect(settings.warehouse_url, autocommit=True) as connection:
        row = connection.execute("select max(loaded_at) from lake.touched_days").fetchone()
        return None if row is None else row[0]


def forget_touched_days(settings: Settings, until: datetime | None) -> int:
    """After a build that succeeded: drop the notes that it took in. Returns how many."""
    with psycopg.connect(settings.warehouse_url, autocommit=True) as connection:
        return connection.execute("delete from lake.touched_days where loaded_at <= %s", (until,)).rowcount


def build_marts(
    settings: Settings, *, full_refresh: bool = False, data_tests: bool = True, unit_tests: bool = False
) -> None:
    """`dbt build` without Dagster; the touched days are forgotten only when everything, tests included, went well."""
    arguments = ["build", *(["--full-refresh"] if full_refresh else [])]
    for wanted, kind in ((data_tests, "test"), (unit_tests, "unit_test")):
        if not wanted:
            arguments += ["--exclude-resource-type", kind]
    with exclusive(settings):
        until = newest_touch(settings)
        try:
            run_dbt(settings, arguments)
        finally:
            note_runs(settings, target_dir() / "run_results.json")
        forget_touched_days(settings, until)

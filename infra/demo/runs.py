"""What Dagster says of the runs that its sensor started."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def failed_runs() -> Iterator[Callable[[], str | None]]:
    """Gives a function that names a run of the loop which failed for good since now; None while there is none."""
    import dagster as dg  # noqa: PLC0415

    began = time.time()
    with dg.DagsterInstance.get() as instance:

        def failure() -> str | None:
            filters = dg.RunsFilter(job_name="loop", statuses=[dg.DagsterRunStatus.FAILURE])
            for record in instance.get_run_records(filters, limit=5):
                will_retry = record.dagster_run.tags.get("dagster/will_retry") == "true"
                if record.create_timestamp.timestamp() >= began and not will_retry:
                    return f"Dagster's run {record.dagster_run.run_id} of the loop failed; its page of runs tells why"
            return None

        yield failure

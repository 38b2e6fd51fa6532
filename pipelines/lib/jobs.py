"""Jobs in this process, in the environment's own Dagster: they show in its pages as any other run."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import dagster as dg

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_job(name: str, say: Callable[[str], object] | None = None, *, raise_on_error: bool = True) -> bool:
    """Run `loop` or `training` here and now, and say each step with its seconds; returns whether all went well.

    What the steps print themselves goes to `$DAGSTER_HOME/<job>.log`. Raises the first step's error where
    `raise_on_error`. Needs DAGSTER_HOME and the environment of the stack.
    """
    from pipelines.definitions import defs  # noqa: PLC0415 - needs dbt's manifest, which `prepare` has to make first

    home = Path(os.environ["DAGSTER_HOME"])
    if not (home / "dagster.yaml").exists():
        raise FileNotFoundError(f"no dagster.yaml in DAGSTER_HOME={home}")
    began, stdout = time.monotonic(), sys.stdout

    def report(context: dg.HookContext, word: str) -> None:
        line = f"{name}: {context.op.name} {word} after {time.monotonic() - began:.1f} s"
        say(line) if say else stdout.write(f"{line}\n")

    @dg.success_hook(name="say_done")
    def say_done(context: dg.HookContext) -> None:
        report(context, "done")

    @dg.failure_hook(name="say_failed")
    def say_failed(context: dg.HookContext) -> None:
        report(context, "failed")

    with dg.DagsterInstance.get() as instance, (home / f"{name}.log").open("a") as log, redirect_stdout(log):
        job = defs.resolve_job_def(name).with_hooks({say_done, say_failed})
        return job.execute_in_process(run_config=_QUIET, instance=instance, raise_on_error=raise_on_error).success

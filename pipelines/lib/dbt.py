"""dbt inside this process: to start it anew and to read its project again costs more than most of its builds."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from pipelines.lib.dbt_env import PROJECT_DIR, dbt_env, target_dir
from pipelines.lib.settings import Settings

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

Listener = Callable[["EventMsg"], None]
# dbt takes its settings from the environment and from the folder it stands in, and both are the whole process's own.
_ALONE = Lock()


class DbtFailed(RuntimeError):
    """dbt did not take its project, or not everything that it ran went well."""


def run_dbt(
    settings: Settings, arguments: Sequence[str], *, target: Path | None = None, listen: Listener | None = None
) -> None:
    """Run dbt on the warehouse and show what it says; `listen` gets each of its events, from its own threads.

    `target` is the folder of what it leaves behind, where that is not the usual one. Raises DbtFailed.
    """
    environment = dbt_env(settings.warehouse_url)
    if target is not None:
        environment |= {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
    with _ALONE:
        manifest = _manifest(settings.warehouse_url, target_dir(), changed_at())
        with _standing_in(environment):
            _invoke(arguments, manifest, listen)


def as_dict(event: "EventMsg") -> dict[str, Any]:
    """What a listener got, as dbt's own log has it: `info`, and `data` by the kind of event."""
    from dbt_common.events.functions import msg_to_dict  # noqa: PLC0415 - heavy

    return msg_to_dict(event)


def parse_project(environment: Mapping[str, str]) -> None:
    """Read the project and leave its manifest in the target folder. Raises DbtFailed when dbt objects."""
    with _ALONE, _standing_in(environment):
        _invoke(["--quiet", "parse"])


def changed_at() -> int:
    """When a file of the project was last changed, in nanoseconds."""
    sources = (path for path in PROJECT_DIR.rglob("*") if path.suffix in {".sql", ".yml", ".md"} and path.is_file())
    return max(path.stat().st_mtime_ns for path in sources if "target" not in path.relative_to(PROJECT_DIR).parts)


@lru_cache(maxsize=1)
def _manifest(warehouse_url: str, *_told_apart: object) -> "Manifest":
    """The project as it was read for this warehouse, for the same folder and the same state of its files."""
    with _standing_in(dbt_env(warehouse_url)):
        return _invoke(["--quiet", "parse"]).result  # type: ignore[return-value]  # of this command it is one


@contextmanager
def _standing_in(environment: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        with chdir(PROJECT_DIR):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _invoke(
    arguments: Sequence[str], manifest: "Manifest | None" = None, listen: Listener | None = None
) -> "dbtRunnerResult":
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - heavy

    try:
        done = dbtRunner(manifest, callbacks=[listen] if listen else None).invoke(list(arguments))
    finally:
        _close_log()
    if not done.success:
        raise DbtFailed(f"dbt {' '.join(arguments)}: {done.exception or 'not everything went well'}")
    return done


def _close_log() -> None:
    """dbt leaves its log file open until the garbage collector finds it."""
    from dbt_common.events.event_manager_client import cleanup_event_logger  # noqa: PLC0415 - heavy

    cleanup_event_logger()
    log = logging.getLogger("file_log")
    for handler in tuple(log.handlers):
        log.removeHandler(handler)
        handler.close()

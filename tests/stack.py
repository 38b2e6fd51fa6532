"""The real servers that tests and benches run on: a stack of their own, beside whatever else runs here."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg

from infra.local import credentials, stack
from infra.local.launch import ONE_THREAD, PLAIN_S3
from infra.local.parts import INFRASTRUCTURE
from infra.local.postgres import superuser_url
from infra.local.settings import LocalSettings, load_settings
from infra.local.supervisor import Supervisor

PLACE = {"AGORA_LOCAL_DIR": "var/test", "AGORA_LOCAL_PORT_BASE": "28000"}


@contextmanager
def running_stack() -> Iterator[dict[str, str]]:
    """The environment of the running test stack, also put into this process's own.

    Several processes may use it at once. Where the first of them had to start it, the last one stops it.
    """
    for name, value in PLACE.items():
        os.environ.setdefault(name, value)
    settings = load_settings()
    settings.directory.mkdir(parents=True, exist_ok=True)
    with (settings.directory / "users").open("a") as users:
        environment = _enter(settings, users)
        os.environ.update(environment | PLAIN_S3 | ONE_THREAD)
        try:
            yield environment
        finally:
            _leave(settings, users)


def _enter(settings: LocalSettings, users: IO[str]) -> dict[str, str]:
    with _door(settings):
        if not Supervisor(settings).is_running():
            _started_here(settings).touch()
        fcntl.flock(users, fcntl.LOCK_SH)
        environment = stack.up(settings, INFRASTRUCTURE, say=lambda _: None)
        secret = credentials.load_credentials(settings)
        with psycopg.connect(superuser_url(settings, secret), autocommit=True) as connection:
            # Every worker makes databases of its own, and drops them even while an autovacuum looks at them.
            for role in ("agora_owner", "agora_pipelines"):
                connection.execute(f"alter role {role} createdb")
                connection.execute(f"grant pg_signal_backend to {role}")
    return environment


def _leave(settings: LocalSettings, users: IO[str]) -> None:
    with _door(settings):
        fcntl.flock(users, fcntl.LOCK_UN)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # somebody else goes on
        if _started_here(settings).exists():
            stack.down(settings)
            _started_here(settings).unlink()


def _started_here(settings: LocalSettings) -> Path:
    """There while the servers are those that a test started: it outlives a test run that was killed."""
    return settings.directory / "started-by-tests"


@contextmanager
def _door(settings: LocalSettings) -> Iterator[None]:
    with (settings.directory / "door").open("a") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def stop_if_started_by_tests() -> None:
    """End what an interrupted run may have left."""
    for name, value in PLACE.items():
        os.environ.setdefault(name, value)
    settings = load_settings()
    if _started_here(settings).exists():
        with (settings.directory / "users").open("a") as users:
            _leave(settings, users)


if __name__ == "__main__":
    stop_if_started_by_tests()

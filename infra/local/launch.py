"""`python -m infra.local.launch PART`: become that part. The process manager calls it.

The environment is read at every start, so that a part that is started again sees the addresses of today.
"""

import contextlib
import os
import pwd
import sys
from pathlib import Path

import psutil

from infra.local.environment import read_environment
from infra.local.parts import BY_NAME
from infra.local.settings import ROOT, LocalSettings, locate
from infra.local.supervisor import MARK

# The S3 client adds a checksum trailer to every upload since 2025, which many S3 servers do not take.
PLAIN_S3 = {"AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_REQUIRED", "AWS_RESPONSE_CHECKSUM_VALIDATION": "WHEN_REQUIRED"}
# Several numeric processes share two cores: threads of each would only wait for each other.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def main() -> None:
    """Replace this process."""
    settings = locate()
    env = read_environment(settings)
    _end_leftovers(sys.argv[1], settings)
    start = BY_NAME[sys.argv[1]].start(settings, env)
    os.chdir(ROOT)
    if start.user:
        user = pwd.getpwnam(start.user)
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        os.chdir("/")
    home = {"DAGSTER_HOME": str(settings.dagster_home), "DO_NOT_TRACK": "1", "PYTHONUNBUFFERED": "1"}
    home |= {"VIRTUAL_ENV": sys.prefix, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    os.execvpe(start.command[0], start.command, os.environ | PLAIN_S3 | ONE_THREAD | home | env | start.env)  # noqa: S606


def _end_leftovers(part: str, settings: LocalSettings) -> None:
    """End what a killed predecessor had started: a worker that goes on listening beside the new ones, with old code.

    Not for Postgres, which sees to its own and must not be hurried.
    """
    if part == "postgres":
        return
    left = [process for process in psutil.process_iter() if _belongs(process, part, settings)]
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=10)


def _belongs(process: psutil.Process, part: str, settings: LocalSettings) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        environ = process.environ()
    except (psutil.Error, OSError):
        return False
    return environ.get(MARK) == part and environ.get("AGORA_LOCAL_DIR") == str(settings.directory)


if __name__ == "__main__":
    main()

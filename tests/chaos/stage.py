"""A whole stack of its own to break: its processes, its disk, and a second lander."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from infra.local import stack
from infra.local.launch import ONE_THREAD, PLAIN_S3
from infra.local.settings import ROOT, LocalSettings
from infra.local.supervisor import Supervisor

PARTS = ("postgres", "kafka", "s3", "valkey", "gateway", "api", "worker", "relay", "lander")
DISK_BYTES = 512 << 20
# Short, so that ten minutes hold many commits and many changes of hands.
OWN = {
    "AGORA_API_LIMITS": "false",
    "AGORA_LANDER_COMMIT_SECONDS": "2",
    "AGORA_LANDER_LEASE_SECONDS": "6",
    "AGORA_RELAY_LEASE_SECONDS": "5",
}


@dataclass
class Stage:
    """The stack as somebody with a hammer sees it."""

    settings: LocalSettings
    disk: "Disk"
    env: dict[str, str] = field(default_factory=dict)

    def pid(self, part: str) -> int:
        """0 while it does not run."""
        running = Supervisor(self.settings).parts().get(part)
        return running.pid if running else 0

    def processes(self, part: str) -> list[psutil.Process]:
        """A part's first process and all that it started; none while it does not run."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if pid := self.pid(part):
                first = psutil.Process(pid)
                return [first, *first.children(recursive=True)]
        return []

    def not_running(self) -> list[str]:
        """Parts that do not run now."""
        parts = Supervisor(self.settings).parts()
        return [name for name in PARTS if name not in parts or parts[name].state != "RUNNING"]

    def second(self, module: str, log: Path) -> subprocess.Popen[bytes]:
        """One more process of a kind that the stack has already."""
        with log.open("ab") as output:
            return subprocess.Popen([sys.executable, "-m", module], cwd=ROOT, env=os.environ, stderr=output)

    def agora(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command line, as an operator would call it."""
        command = [sys.executable, "-m", "infra.local.cli", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)


def send(processes: list[psutil.Process], number: signal.Signals) -> int:
    """Signal those that are still there; how many that were."""
    reached = 0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
            reached += 1
    return reached


class Disk:
    """The lake's disk. A small file system of its own where this user may mount one.

    Else files of the S3 server may not grow at all for a while, which it meets in the same system call.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ballast = folder / "ballast"
        self._limited: list[psutil.Process] = []
        folder.mkdir(parents=True, exist_ok=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
        self.is_own = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0

    @property
    def how(self) -> str:
        """For the report."""
        return f"a tmpfs of {DISK_BYTES >> 20} MB, filled: ENOSPC" if self.is_own else "RLIMIT_FSIZE 0: EFBIG"

    def fill(self, server: list[psutil.Process]) -> None:
        """From here on nothing can be written."""
        if self.is_own:
            with self._ballast.open("wb") as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(1 << 16))
                    file.flush()
            return
        self._limited = server
        for process in server:
            process.rlimit(psutil.RLIMIT_FSIZE, (0, psutil.RLIM_INFINITY))

    def free(self) -> None:
        """As before."""
        self._ballast.unlink(missing_ok=True)
        for process in self._limited:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
        self._limited = []

    def close(self) -> None:
        """Give the file system back."""
        self.free()
        if self.is_own:
            subprocess.run(["umount", "--lazy", str(self._folder)], check=False)


@contextmanager
def open_stage(folder: Path, port_base: int) -> Iterator[Stage]:
    """A new stack, up; down and gone at the end, but for its logs."""
    for name in [name for name in os.environ if name.startswith("AGORA_")]:
        del os.environ[name]
    settings = LocalSettings(folder / "stack", port_base)
    os.environ.update(OWN | {"AGORA_LOCAL_DIR": str(settings.directory), "AGORA_LOCAL_PORT_BASE": str(port_base)})
    stack.down(settings)
    subprocess.run(["umount", "--lazy", str(settings.directory / "s3")], capture_output=True, check=False)
    subprocess.run(["rm", "-rf", str(settings.directory)], check=True)
    disk = Disk(settings.directory / "s3")
    try:
        env = stack.up(settings, PARTS, say=lambda _: None)
        os.environ.update(env | PLAIN_S3 | ONE_THREAD)
        yield Stage(settings, disk, env)
    finally:
        disk.free()
        stack.down(settings)
        disk.close()

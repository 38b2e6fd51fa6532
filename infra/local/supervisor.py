"""The process manager: supervisord, spoken to over its own Unix socket."""

import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import psutil
from supervisor.xmlrpc import SupervisorTransport

from infra.local.files import write_private
from infra.local.part import Part
from infra.local.settings import LocalError, LocalSettings

UP_STATES = frozenset({"RUNNING", "STARTING", "BACKOFF"})
# Marks every process of a stack, so that one whose manager was killed is found again.
MARK = "AGORA_LOCAL_PART"
_DEADLINE = 20.0


@dataclass(frozen=True)
class Running:
    """A part as the process manager sees it; `since` is in seconds of the epoch, `pid` 0 where it does not run."""

    name: str
    state: str
    since: float
    said: str
    pid: int


class Supervisor:
    """The process manager of one stack."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._config = settings.directory / "supervisord.conf"
        self._socket = settings.sockets / "supervisor.sock"

    def is_running(self) -> bool:
        """Whether it answers."""
        if not self._socket.exists():
            return False
        try:
            self._call("getPID")
        except (OSError, HTTPException):
            return False
        return True

    def ensure(self, parts: Iterable[Part]) -> bool:
        """Start it where it is not running; it starts no part by itself. Returns whether it was started now."""
        if self.is_running():
            return False
        self.end_orphans()
        self._settings.sockets.mkdir(parents=True, exist_ok=True)
        self._settings.sockets.chmod(0o711 if os.geteuid() == 0 else 0o700)
        (self._settings.directory / "logs").mkdir(parents=True, exist_ok=True)
        write_private(self._config, self._render(parts))
        env = os.environ | {"AGORA_LOCAL_DIR": str(self._settings.directory)}
        env |= {"AGORA_LOCAL_PORT_BASE": str(self._settings.port_base)}
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._config)]
        done = subprocess.run(
            command, env=env, cwd=self._settings.directory, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise LocalError(f"the process manager does not start: {done.stderr.strip() or done.stdout.strip()}")
        deadline = time.monotonic() + _DEADLINE
        while not self.is_running():
            if time.monotonic() > deadline:
                raise LocalError(f"the process manager does not answer; see {self._settings.logs}/supervisord.log")
            time.sleep(0.05)
        return True

    def start(self, name: str) -> None:
        """Start a part, and do not wait for it; nothing happens when it is up."""
        if self.parts()[name].state not in UP_STATES:
            self._call("startProcess", name, False)

    def parts(self) -> dict[str, Running]:
        """Every part by name; empty when the manager is not running."""
        if not self.is_running():
            return {}
        rows = self._call("getAllProcessInfo")
        return {
            row["name"]: Running(
                row["name"], row["statename"], row["start"], row["spawnerr"] or row["description"], row["pid"]
            )
            for row in rows
        }

    def stop(self, names: Iterable[str]) -> None:
        """Stop parts side by side, each given the time to finish."""
        running = self.parts()
        stopping = [name for name in names if name in running and running[name].state in UP_STATES]
        for name in stopping:
            self._call("stopProcess", name, False)
        while any(self.parts()[name].state in UP_STATES | {"STOPPING"} for name in stopping):
            time.sleep(0.1)

    def shutdown(self) -> None:
        """End the manager with all that it started."""
        if self.is_running():
            pid = int(self._call("getPID"))
            self._call("shutdown")
            try:
                psutil.Process(pid).wait(60)
            except psutil.NoSuchProcess:
                pass
            except psutil.TimeoutExpired as error:
                raise LocalError(f"the process manager, pid {pid}, does not end") from error
        self.end_orphans()

    def end_orphans(self) -> None:
        """End what a killed manager left behind: processes that carry this stack's mark."""
        found = [process for process in psutil.process_iter() if self._is_ours(process)]
        for process in found:
            process.terminate()
        for process in psutil.wait_procs(found, timeout=15)[1]:
            process.kill()

    def _is_ours(self, process: psutil.Process) -> bool:
        if process.pid == os.getpid():
            return False
        try:
            if process.name() == "postgres":  # it writes its title over its environment
                return str(self._settings.directory / "postgres") in process.cmdline()
            environ = process.environ()
        except (psutil.Error, OSError):
            return False
        return MARK in environ and environ.get("AGORA_LOCAL_DIR") == str(self._settings.directory)

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        finally:
            transport.close()

    def _render(self, parts: Iterable[Part]) -> str:
        def escape(value: object) -> str:
            return str(value).replace("%", "%%")

        settings = self._settings
        lines = [
            "[supervisord]",
            f"logfile={escape(settings.logs / 'supervisord.log')}",
            f"pidfile={escape(settings.directory / 'supervisord.pid')}",
            f"childlogdir={escape(settings.logs)}",
            "loglevel=info",
            *(["user=root"] if os.geteuid() == 0 else []),
            "[unix_http_server]",
            f"file={escape(self._socket)}",
            "chmod=0600",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        ]
        for part in parts:
            lines += [
                f"[program:{part.name}]",
                f"command={escape(sys.executable)} -m infra.local.launch {part.name}",
                f'environment={MARK}="{part.name}"',
                "autostart=false",
                "autorestart=true",
                "startsecs=1",
                "startretries=30",
                f"stopsignal={part.stop_signal}",
                "stopwaitsecs=20",
                "stopasgroup=false",
                "killasgroup=true",
                "redirect_stderr=true",
                f"stdout_logfile={escape(settings.logs / part.name)}.log",
                "stdout_logfile_maxbytes=10MB",
                "stdout_logfile_backups=2",
            ]
        return "\n".join(lines) + "\n"

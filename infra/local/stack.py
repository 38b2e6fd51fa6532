"""Up, down and state of the local stack."""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from infra.local import credentials, files, postgres, servers
from infra.local.environment import build_environment, read_environment, write_environment
from infra.local.health import ask, port_is_free, shown
from infra.local.part import Part
from infra.local.parts import BY_NAME, FOLLOWS, INFRASTRUCTURE, PARTS, workspace
from infra.local.settings import ROOT, LocalError, LocalSettings
from infra.local.supervisor import UP_STATES, Supervisor

Say = Callable[[str], object]
_PATIENCE = 120.0


@dataclass(frozen=True)
class PartState:
    """One row of `agora status`. `uptime` is in seconds; None where the part is not ours or not running."""

    name: str
    address: str
    state: str
    trouble: str | None
    uptime: float | None
    opens: str


def up(settings: LocalSettings, parts: Sequence[str] | None = None, say: Say = print) -> dict[str, str]:
    """Start parts (all when None) with everything that they need, wait until they are well, return their environment.

    What runs already is left alone. When this call started the process manager and then fails or is interrupted, it
    takes down again what it started. Raises LocalError that says which part, and where its log is.
    """
    unknown = set(parts or ()) - BY_NAME.keys()
    if unknown:
        raise LocalError(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(BY_NAME)}")
    with _lock(settings):
        environment, replaced = build_environment(settings)
        wanted = [part for part in PARTS if (parts is None or part.name in parts) and not _is_replaced(part, replaced)]
        supervisor = Supervisor(settings)
        _check_ports(settings, wanted, supervisor)
        write_environment(settings, environment)
        started = supervisor.ensure(PARTS)
        try:
            _bring_up(settings, wanted, environment, supervisor, say)
        except BaseException:
            if started:
                supervisor.shutdown()
            raise
    return environment


def down(settings: LocalSettings) -> bool:
    """Stop everything, those that need others first. Returns whether anything ran."""
    with _lock(settings):
        supervisor = Supervisor(settings)
        ran = supervisor.is_running()
        if ran:
            supervisor.stop(part.name for part in PARTS if part.name not in INFRASTRUCTURE)
            supervisor.stop(INFRASTRUCTURE)
        supervisor.shutdown()
        shutil.rmtree(settings.sockets, ignore_errors=True)
    return ran


def status(settings: LocalSettings) -> list[PartState]:
    """Every part as it is now; a part that another address replaces is asked too."""
    environment = read_environment(settings)
    if not environment:
        return []
    _, replaced = build_environment(settings)
    running = Supervisor(settings).parts()
    states = []
    for part in PARTS:
        address = environment.get(part.address, "") if part.address else ""
        if _is_replaced(part, replaced):
            state, uptime = "elsewhere", None
        else:
            found = running.get(part.name)
            state = found.state.lower() if found else "stopped"
            uptime = time.time() - found.since if found and found.state == "RUNNING" else None
        is_up = state in {"running", "elsewhere"}
        trouble = ask(part, environment) if is_up and part.address else None if is_up else "not running"
        states.append(PartState(part.name, shown(address), state, trouble, uptime, part.opens))
    return states


def _is_replaced(part: Part, replaced: frozenset[str]) -> bool:
    return part.name in replaced or FOLLOWS.get(part.name) in replaced


@contextmanager
def _lock(settings: LocalSettings) -> Iterator[None]:
    """One up or down at a time."""
    settings.directory.mkdir(parents=True, exist_ok=True)
    with (settings.directory / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _check_ports(settings: LocalSettings, wanted: Sequence[Part], supervisor: Supervisor) -> None:
    running = {name for name, part in supervisor.parts().items() if part.state in UP_STATES}
    if not running:
        supervisor.end_orphans()
    for part in wanted:
        if part.offset is None or part.name in running:
            continue
        ports = [settings.port(part.offset)] + ([settings.port(4)] if part.name == "kafka" else [])
        for port in ports:
            if not port_is_free(port):
                raise LocalError(
                    f"port {port}, wanted for {part.name}, is in use: end what listens there, "
                    f"or set AGORA_LOCAL_PORT_BASE (now {settings.port_base}) to another number"
                )


def _bring_up(
    settings: LocalSettings,
    wanted: Sequence[Part],
    environment: Mapping[str, str],
    supervisor: Supervisor,
    say: Say,
) -> None:
    first = [part for part in wanted if part.name in INFRASTRUCTURE]
    rest = [part for part in wanted if part.name not in INFRASTRUCTURE]
    secret = credentials.load_credentials(settings)
    servers.prepare(settings, [part.name for part in first], secret, environment)
    _start(first, supervisor)
    if any(part.name == "postgres" for part in first):
        _wait("postgres", lambda: _fails(postgres.provision, settings, secret), settings, supervisor)
    for part in first:
        _wait(part.name, _probe(part, environment), settings, supervisor)
        say(f"{part.name} is up")
    if any(part.name == "s3" for part in first):
        servers.make_buckets(environment)
    if rest or any(part.name == "postgres" for part in first):
        migrate(environment)
    if any(part.name.startswith("dagster") for part in rest):
        _prepare_dagster(settings, environment)
    rest = _renew(settings, rest, supervisor, say)
    _start(rest, supervisor)
    for part in rest:
        _wait(part.name, _probe(part, environment), settings, supervisor)
        say(f"{part.name} is up")


def _renew(settings: LocalSettings, wanted: list[Part], supervisor: Supervisor, say: Say) -> list[Part]:
    """Stop what still runs the code of before; returns what has to be started, in the order of the parts."""
    note, now = settings.directory / "code", _fingerprint()
    if note.exists() and note.read_text() == now:
        return wanted
    running = supervisor.parts()
    old = [part for part in PARTS if part.of_our_code and running[part.name].state in UP_STATES]
    if old:
        say("the code has changed: its processes start again")
        supervisor.stop(part.name for part in old)
    files.write_private(note, now)
    return [part for part in PARTS if part in wanted or part in old]


def _fingerprint() -> str:
    """Changes with every source file that a running process may have read."""
    digest = hashlib.sha256()
    for folder in ("api", "ingestion", "ml", "pipelines", "infra"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path} {path.stat().st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _probe(part: Part, environment: Mapping[str, str]) -> Callable[[], str | None]:
    return lambda: ask(part, environment) if part.address else None


def _start(parts: Sequence[Part], supervisor: Supervisor) -> None:
    for part in parts:
        supervisor.start(part.name)


def _wait(name: str, probe: Callable[[], str | None], settings: LocalSettings, supervisor: Supervisor) -> None:
    began = time.monotonic()
    while True:
        part = supervisor.parts()[name]
        trouble = probe() if part.state == "RUNNING" else part.said or part.state.lower()
        if trouble is None:
            break
        if part.state == "FATAL" or time.monotonic() - began > _PATIENCE:
            raise LocalError(f"{name} does not come up: {trouble}; its log is {settings.logs / name}.log")
        time.sleep(0.1)


def _fails(action: Callable[..., object], *arguments: object) -> str | None:
    try:
        action(*arguments)
    except psycopg.OperationalError as error:
        return str(error)
    return None


def migrate(environment: Mapping[str, str]) -> None:
    """Bring the operational database to the newest revision."""
    from alembic import command, config  # noqa: PLC0415

    settings = config.Config(ROOT / "alembic.ini")
    settings.set_main_option("sqlalchemy.url", environment["AGORA_POSTGRES_OWNER_URL"].replace("%", "%%"))
    command.upgrade(settings, "head")


def _prepare_dagster(settings: LocalSettings, environment: Mapping[str, str]) -> None:
    """Dagster's folder, and dbt's manifest, which the pipelines read when they are imported."""
    from pipelines.lib.dbt import DbtFailed  # noqa: PLC0415
    from pipelines.lib.prepare import prepare  # noqa: PLC0415

    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    link = home / "dagster.yaml"
    if not link.is_symlink():
        link.symlink_to(ROOT / "dagster.yaml")
    server = f"  - grpc_server:\n      host: 127.0.0.1\n      port: {settings.port(9)}\n      location_name: agora\n"
    workspace(settings).write_text(f"load_from:\n{server}")
    os.environ["AGORA_WAREHOUSE_URL"] = environment["AGORA_WAREHOUSE_URL"]
    try:
        prepare()
    except DbtFailed as error:
        raise LocalError(f"dbt does not read its project: {error}") from error

"""A stack of one part, beside the one that the tests run on: refusals, deaths, and what survives them."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import valkey

from infra.local import credentials, servers, stack
from infra.local.environment import build_environment
from infra.local.settings import LocalError, LocalSettings, load_settings
from infra.local.supervisor import MARK, Supervisor

VALKEY = ["valkey"]


def _free_base() -> int:
    """Ten ports in a row that nobody listens on."""
    for base in range(31000, 60000, 10):
        if all(stack.port_is_free(base + offset) for offset in range(10)):
            return base
    raise AssertionError("no free ports")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSettings]:
    for name in [name for name in os.environ if name.startswith("AGORA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AGORA_LOCAL_DIR", str(tmp_path / "stack"))
    monkeypatch.setenv("AGORA_LOCAL_PORT_BASE", str(_free_base()))
    settings = load_settings()
    yield settings
    stack.down(settings)


def _quiet(_line: str) -> None:
    """Nobody watches."""


def _client(settings: LocalSettings) -> valkey.Valkey:
    return valkey.Valkey(port=settings.port(6), socket_timeout=2)


def _health(settings: LocalSettings) -> str | None:
    return next(state.trouble for state in stack.status(settings) if state.name == "valkey")


def _wait_until_well(settings: LocalSettings) -> None:
    deadline = time.monotonic() + 20
    while _health(settings) is not None:
        assert time.monotonic() < deadline, "valkey does not come back"
        time.sleep(0.1)


def _processes(settings: LocalSettings) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            environ = process.environ()
        except psutil.Error:
            continue
        if MARK in environ and environ.get("AGORA_LOCAL_DIR") == str(settings.directory):
            found.append(process)
    return found


def test_data_survive_down_and_up(settings: LocalSettings) -> None:
    stack.up(settings, VALKEY, say=_quiet)
    with closing(_client(settings)) as client:
        client.set("kept", "yes")
    assert stack.down(settings)
    assert _processes(settings) == []
    assert not stack.down(settings)
    stack.up(settings, VALKEY, say=_quiet)
    with closing(_client(settings)) as client:
        assert client.get("kept") == b"yes"


def test_up_twice_starts_nothing_anew(settings: LocalSettings) -> None:
    stack.up(settings, VALKEY, say=_quiet)
    before = {process.pid for process in _processes(settings)}
    stack.up(settings, VALKEY, say=_quiet)
    assert {process.pid for process in _processes(settings)} == before


def test_a_part_that_dies_is_started_again(settings: LocalSettings) -> None:
    stack.up(settings, VALKEY, say=_quiet)
    [process] = _processes(settings)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    _wait_until_well(settings)
    assert [again.pid for again in _processes(settings)] != [process.pid]


def test_what_a_killed_part_had_started_does_not_work_on_beside_the_new_one(settings: LocalSettings) -> None:
    """As a web server's worker does, whose first process alone was killed: both would answer on one port."""
    stack.up(settings, VALKEY, say=_quiet)
    [process] = _processes(settings)
    with subprocess.Popen(["sleep", "600"], env=process.environ()) as worker:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert worker.wait(30) == -signal.SIGKILL
    _wait_until_well(settings)


def test_a_killed_manager_leaves_nothing_behind(settings: LocalSettings) -> None:
    stack.up(settings, VALKEY, say=_quiet)
    [orphan] = _processes(settings)
    manager = psutil.Process(int((settings.directory / "supervisord.pid").read_text()))
    manager.send_signal(signal.SIGKILL)
    manager.wait(10)
    assert orphan.is_running()
    stack.up(settings, VALKEY, say=_quiet)
    assert not orphan.is_running()
    assert _health(settings) is None


def test_only_loopback_is_listened_on(settings: LocalSettings) -> None:
    stack.up(settings, VALKEY, say=_quiet)
    [process] = _processes(settings)
    places = {connection.laddr.ip for connection in process.net_connections("tcp") if connection.status == "LISTEN"}
    assert places == {"127.0.0.1"}


def test_a_cluster_id_that_begins_with_a_dash_is_no_option(settings: LocalSettings) -> None:
    settings.directory.mkdir(parents=True)
    servers.prepare(settings, ["kafka"], {credentials.KAFKA_CLUSTER: "-0rtxmO5QB2KkR4Jf8ncCA"}, {})
    assert (
        "cluster.id=-0rtxmO5QB2KkR4Jf8ncCA" in (settings.directory / "kafka" / "data" / "meta.properties").read_text()
    )


def test_a_port_in_use_is_named_with_its_setting(settings: LocalSettings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.port(6)))
        other.listen()
        with pytest.raises(LocalError, match=rf"port {settings.port(6)}, wanted for valkey.*AGORA_LOCAL_PORT_BASE"):
            stack.up(settings, VALKEY, say=_quiet)
    assert not Supervisor(settings).is_running()


def test_a_part_that_cannot_start_is_named_with_its_log(
    settings: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "_PATIENCE", 1.0)
    (settings.directory / "valkey" / "appendonlydir").mkdir(parents=True)
    (settings.directory / "valkey" / "appendonlydir" / "appendonly.aof.manifest").write_text("not a manifest")
    with pytest.raises(LocalError, match=r"valkey does not come up.*valkey\.log"):
        stack.up(settings, VALKEY, say=_quiet)
    assert not Supervisor(settings).is_running()
    assert _processes(settings) == []


def test_an_address_replaces_a_part(settings: LocalSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_VALKEY_URL", "redis://127.0.0.1:1/0")
    stack.up(settings, VALKEY, say=_quiet)
    assert _processes(settings) == []
    [state] = [state for state in stack.status(settings) if state.name == "valkey"]
    assert state.state == "elsewhere"
    assert state.trouble is not None


def test_its_own_addresses_replace_nothing(settings: LocalSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    environment, _ = build_environment(settings)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert build_environment(settings) == (environment, frozenset())


def test_an_address_without_its_secret_is_refused(settings: LocalSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_S3_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(LocalError, match="AGORA_S3_ACCESS_KEY, AGORA_S3_SECRET_KEY"):
        build_environment(settings)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("AGORA_KAFKA_BOOTSTRAPP", "127.0.0.1:1", "no such setting"),
        ("AGORA_NONSENSE", "1", "no such setting"),
        ("AGORA_KAFKA_BOOTSTRAP", "nowhere", "must be host:port"),
        ("AGORA_POSTGRES_URL", "mysql://h/x", "must start with"),
        ("AGORA_API_URL", "http://127.0.0.1:port", "[Pp]ort"),
        ("AGORA_LOCAL_PORT_BASE", "80", "1024"),
    ],
)
def test_settings_are_refused_by_name(
    settings: LocalSettings, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(LocalError, match=f"{name}: .*{reason}"):
        load_settings()


def test_an_unknown_part_is_refused(settings: LocalSettings) -> None:
    with pytest.raises(LocalError, match="no such part: kafak; there are postgres"):
        stack.up(settings, ["kafak"], say=_quiet)


def test_secrets_are_readable_by_their_owner_alone(settings: LocalSettings) -> None:
    stack.up(settings, VALKEY, say=_quiet)
    for name in ("env", "secrets.json", "signing-key.pem", "supervisord.conf"):
        assert (settings.directory / name).stat().st_mode & 0o077 == 0, name

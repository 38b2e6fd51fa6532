"""The sandbox gateway as a real process, for whatever test needs to pay."""

import os
import secrets
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.core.settings import get_settings
from tests.postbox import Postbox, open_postbox

SLOW_SECONDS = 4.0  # longer than the client waits, so that `tok_slow` is a silence
CLIENT_TIMEOUT = 2.0
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # httpx would read all authorities' certificates for each plain call


@dataclass
class RunningGateway:
    """Address and secret of a gateway, and what an auditor would ask it."""

    directory: Path
    url: str
    secret: str
    process: subprocess.Popen[bytes] | None = None
    postbox: Postbox | None = None
    slow_seconds: float = SLOW_SECONDS

    @property
    def environment(self) -> dict[str, str]:
        """What the process and its clients read; it knows no other shop than the one of the test."""
        webhooks = {"AGORA_SANDBOX_WEBHOOK_URL": self.postbox.url} if self.postbox else {}
        return webhooks | {
            "AGORA_GATEWAY_URL": self.url,
            "AGORA_GATEWAY_SECRET": self.secret,
            "AGORA_LOCAL_DIR": str(self.directory),
            "AGORA_SANDBOX_SLOW_SECONDS": str(self.slow_seconds),
        }

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One authenticated request."""
        headers = {"Authorization": f"Bearer {self.secret}"} | options.pop("headers", {})
        return httpx.request(
            method, self.url + path, headers=headers, timeout=10, trust_env=False, verify=NO_TLS, **options
        )

    def decide(self, page: str | None, decision: str) -> httpx.Response:
        """What a person does on the gateway's own page."""
        assert page is not None
        assert "Confirm the payment" in httpx.get(page, trust_env=False, verify=NO_TLS).text
        return httpx.post(page, data={"decision": decision}, trust_env=False, verify=NO_TLS)

    def balance(self) -> dict[str, tuple[int, int]]:
        """Status → (charges, their sum)."""
        found = self.call("GET", "/v1/balance").json()
        return {status: (row["charges"], row["amount_minor"]) for status, row in found.items()}

    def start(self) -> None:
        """Start the process and wait until it answers."""
        command = [sys.executable, "-m", "infra.gateway"]
        inherited = {name: value for name, value in os.environ.items() if name != "AGORA_SANDBOX_WEBHOOK_URL"}
        with (self.directory / "gateway.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=inherited | self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/healthz", trust_env=False, verify=NO_TLS).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise TimeoutError((self.directory / "gateway.log").read_text())

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_gateway(
    directory: Path, postbox: Postbox | None = None, slow_seconds: float = SLOW_SECONDS
) -> Iterator[RunningGateway]:
    """A gateway of one's own with its state in `directory`, its webhooks to `postbox`; stopped at the end."""
    url, secret = f"http://127.0.0.1:{free_port()}", secrets.token_hex(16)
    gateway = RunningGateway(directory, url, secret, postbox=postbox, slow_seconds=slow_seconds)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()


@pytest.fixture(scope="session")
def paying_gateway(migrated_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """One gateway for all tests of a worker, which the application's settings point at."""
    directory = tmp_path_factory.mktemp("gateway")
    with (
        open_postbox() as postbox,
        running_gateway(directory, postbox) as gateway,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AGORA_GATEWAY_URL", gateway.url)
        patch.setenv("AGORA_GATEWAY_SECRET", gateway.secret)
        patch.setenv("AGORA_GATEWAY_TIMEOUT", str(CLIENT_TIMEOUT))
        get_settings.cache_clear()
        yield gateway
    get_settings.cache_clear()

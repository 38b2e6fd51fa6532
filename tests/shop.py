"""A whole shop for tests from outside: databases of its own with goods and marts, API and gateway as processes."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
from psycopg import sql

from tests.api.conftest import migrate
from tests.gateway_process import free_port, running_gateway

START_SECONDS = 240


@contextmanager
def filled_shop(stack_env: Mapping[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a shop's processes. The gateway runs; the databases are dropped at the end."""
    owner_url = stack_env["AGORA_POSTGRES_OWNER_URL"]
    name = f"agora_shop_{secrets.token_hex(4)}"
    names = (name, f"{name}_warehouse")
    shop = {key: _named(stack_env[key], name) for key in stack_env if key.startswith("AGORA_POSTGRES_")}
    shop["AGORA_WAREHOUSE_READ_URL"] = _named(stack_env["AGORA_POSTGRES_URL"], names[1])
    shop["AGORA_KAFKA_TOPIC_PREFIX"] = f"{name}."
    shop["AGORA_API_LIMITS"] = "false"
    shop["AGORA_API_MODEL_DIR"] = str(folder / "models")
    shop["SHOP_WAREHOUSE_OWNER_URL"] = _named(owner_url, names[1])
    shop["AGORA_API_URL"] = f"http://127.0.0.1:{free_port()}"
    with psycopg.connect(owner_url, autocommit=True) as admin, running_gateway(folder) as gateway:
        for database in names:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        env = {**os.environ, **stack_env, **shop, **gateway.environment}
        migrate(shop["AGORA_POSTGRES_OWNER_URL"])
        subprocess.run([sys.executable, "-m", "tests.browser.shelves"], env=env, check=True, timeout=600)
        yield env
        for database in names:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


@contextmanager
def open_shop(env: Mapping[str, str], folder: Path, workers: int = 1) -> Iterator[str]:
    """The API of a filled shop as a process, or several; gives its address."""
    url = env["AGORA_API_URL"]
    options = ["--interface", "asgi", "--factory", "--loop", "uvloop", "--workers", str(workers), "--no-ws"]
    address = ["--host", "127.0.0.1", "--port", url.rpartition(":")[2]]
    command = [sys.executable, "-m", "granian", *options, *address, "api.app:create_app"]
    log = folder / "api.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=dict(env), stdout=output, stderr=output)
        try:
            _wait(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(20)


def run_worker_once(env: Mapping[str, str]) -> None:
    """Do the background work that is due, as the worker would; no worker runs beside the shop."""
    work = (
        "import asyncio; from api.core.jobs import run_queued; from api.core.settings import get_settings;"
        " from api.worker import find_tasks; settings = get_settings();"
        " asyncio.run(run_queued(settings, find_tasks(settings.api_domains), wait=False))"
    )
    subprocess.run([sys.executable, "-c", work], env=dict(env), check=True, timeout=60)


def _named(url: str, database: str) -> str:
    base, _, query = url.partition("?")
    return f"{base.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/healthz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(log.read_text())

"""A shop to measure: the real catalogue, some weeks of orders, a real model, and one API process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psycopg

from infra.local.health import port_is_free
from tests.ingestion.plane import Plane, migrated_template, named, new_plane

WEEKS = 8
MODEL_WEEKS = 40
LOG = Path(__file__).parents[2] / "var" / "bench" / "api.log"


@dataclass
class Shop:
    """Its environment, its API's port once that runs, and what the load said of itself."""

    plane: Plane
    env: dict[str, str]
    port: int
    load: Mapping[str, float]

    def product_ids(self) -> list[int]:
        """Everything that can be bought."""
        with psycopg.connect(self.env["AGORA_POSTGRES_URL"]) as connection:
            return [row[0] for row in connection.execute("select product_id from catalog.products where is_active")]


@contextmanager
def template(stack_env: dict[str, str], revision: str) -> Iterator[str]:
    """A migrated database to copy."""
    name = migrated_template(stack_env["AGORA_POSTGRES_OWNER_URL"], revision)
    try:
        yield name
    finally:
        with psycopg.connect(stack_env["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")


@contextmanager
def open_shop(stack_env: dict[str, str]) -> Iterator[Shop]:
    """Load, train, serve; gone afterwards."""
    port = next(port for port in range(29500, 32000) if port_is_free(port))
    with (
        template(stack_env, "head") as name,
        new_plane(stack_env, name, AGORA_KAFKA_PARTITIONS="4", AGORA_API_URL=f"http://127.0.0.1:{port}") as plane,
    ):
        env = stack_env | plane.env
        env["AGORA_API_LIMITS"] = "false"  # one address asks here for everybody
        env["AGORA_WAREHOUSE_READ_URL"] = named(
            stack_env["AGORA_WAREHOUSE_READ_URL"], plane.env["AGORA_WAREHOUSE_URL"].rpartition("/")[2]
        )
        done = _call("load", env)
        _call("train", env)
        with _api(env, port):
            yield Shop(plane, env, port, json.loads(done.splitlines()[-1]))


@contextmanager
def _api(env: Mapping[str, str], port: int) -> Iterator[None]:
    LOG.parent.mkdir(parents=True, exist_ok=True)
    options = ["--interface", "asgi", "--factory", "--loop", "uvloop", "--workers", "1", "--no-ws"]
    command = [
        sys.executable,
        "-m",
        "granian",
        *options,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "api.app:create_app",
    ]
    with LOG.open("w") as log:
        process = subprocess.Popen(command, env=os.environ | dict(env), stdout=log, stderr=log)
        try:
            _wait(port, process)
            yield
        finally:
            process.terminate()
            process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the API does not start; see {LOG}")


def _call(what: str, env: Mapping[str, str]) -> str:
    """Work that reads the environment for good belongs to a process of its own."""
    command = [sys.executable, "-m", "tests.bench.shop", what]
    done = subprocess.run(command, env=os.environ | dict(env), stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def _load() -> None:
    import asyncio  # noqa: PLC0415
    import io  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415

    from infra.load.complete_journey import load  # noqa: PLC0415

    found = asyncio.run(load(WEEKS, console=Console(file=io.StringIO())))
    sys.stdout.write(json.dumps({"lines": found.lines, "lines_per_second": found.lines_per_second}) + "\n")


def _train() -> None:
    """The blend and what it listens to, fitted on the real purchases, written by the pipeline's own hand."""
    import polars as pl  # noqa: PLC0415

    from infra.load import journey  # noqa: PLC0415
    from ml.recommendations import export  # noqa: PLC0415
    from ml.recommendations.serving import files  # noqa: PLC0415
    from ml.recommendations.train import train  # noqa: PLC0415
    from pipelines.lib import serving  # noqa: PLC0415
    from pipelines.lib.settings import load_settings  # noqa: PLC0415

    with psycopg.connect(os.environ["AGORA_POSTGRES_URL"]) as connection:
        columns = ("product_id", "sku", "title", "department", "category", "product_type", "brand", "is_active")
        rows = connection.execute(f"select {', '.join(columns)} from catalog.products").fetchall()  # noqa: S608
        products = pl.DataFrame(rows, schema=list(columns), orient="row")
    ids = dict(zip(products["sku"], products["product_id"], strict=True))
    source = journey.purchase_lines(journey.Skipped(), last_week=MODEL_WEEKS)
    sku = pl.col("product_id").map_elements(journey.sku_of, pl.String)
    lines = source.select(
        customer_id=pl.col("household_id").map_elements(lambda n: str(journey.customer_id_of(n)), pl.String),
        product_id=sku.replace_strict(ids, return_dtype=pl.Int64),
        quantity=pl.col("quantity"),
        order_id=pl.col("basket_id").cast(pl.String),
        occurred_at=pl.col("taken_at"),
    )
    training = train(lines, products, only=frozenset({"ease", "als", "item_knn", "blend"}))
    version = serving.Version(
        champion=training.champion,
        kind=training.scorer.kind,
        parameters=asdict(export.parameters(training.scorer)),
        metrics={name: trained.evaluation.figures for name, trained in training.trained.items()},
        lake_snapshots={},
    )
    with TemporaryDirectory() as place:
        folder = None if training.blend is None else files.save(training.blend, Path(place) / "blend")
        serving.publish(load_settings(), version, export.tables(training), folder)


if __name__ == "__main__":
    {"load": _load, "train": _train}[sys.argv[1]]()

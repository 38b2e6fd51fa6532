"""The servers that are not ours: what each needs on disk before its first start, and the buckets."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local import credentials, files, postgres
from infra.local.parts import JARS
from infra.local.settings import LocalError, LocalSettings


def prepare(
    settings: LocalSettings, names: Iterable[str], secret: Mapping[str, str], environment: Mapping[str, str]
) -> None:
    """Whatever a server needs on disk before its first start."""
    names = set(names)
    if {"kafka", "s3"} & names:
        _check_java()
    if "postgres" in names:
        postgres.initialise(settings, secret)
    if "kafka" in names:
        _prepare_kafka(settings, secret)
    if "s3" in names:
        _prepare_s3(settings, environment)
    (settings.directory / "valkey").mkdir(exist_ok=True)


def _check_java() -> None:
    if shutil.which("java") is None:
        raise LocalError("Kafka and S3 need Java 17: run `make setup`, or install openjdk-17-jre-headless")
    if not (JARS / ".complete").exists():
        raise LocalError("the Java servers are not here yet: run `make setup`")


def _prepare_kafka(settings: LocalSettings, secret: Mapping[str, str]) -> None:
    home = settings.directory / "kafka"
    properties, data = home / "server.properties", home / "data"
    broker, controller = f"127.0.0.1:{settings.port(3)}", f"127.0.0.1:{settings.port(4)}"
    options = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{broker}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        # A broker that is started again waits until the controller has given up its former self.
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "3000",
        "group.initial.rebalance.delay.ms": "0",
        # Nothing expires: the proof compares every record ever accepted.
        "log.retention.ms": "-1",
    }
    files.write_private(properties, "".join(f"{name}={value}\n" for name, value in options.items()))
    if (data / "meta.properties").exists():
        return
    command = ["java", "-cp", f"{JARS}/kafka/*", "kafka.tools.StorageTool", "format", "--ignore-formatted"]
    # With "=": an id that begins with a dash would be read as another option.
    command += [f"--cluster-id={secret[credentials.KAFKA_CLUSTER]}", f"--config={properties}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalError(f"Kafka cannot format its storage: {done.stderr.strip()[-300:]}")


def _prepare_s3(settings: LocalSettings, environment: Mapping[str, str]) -> None:
    home = settings.directory / "s3"
    (home / "data").mkdir(parents=True, exist_ok=True)
    options = {
        "s3proxy.endpoint": f"http://127.0.0.1:{settings.port(5)}",
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": environment["AGORA_S3_ACCESS_KEY"],
        "s3proxy.credential": environment["AGORA_S3_SECRET_KEY"],
        "jclouds.provider": "filesystem-nio2",
        "jclouds.filesystem.basedir": str(home / "data"),
        "jclouds.identity": "unused",
        "jclouds.credential": "unused",
    }
    files.write_private(home / "s3proxy.conf", "".join(f"{name}={value}\n" for name, value in options.items()))


def make_buckets(environment: Mapping[str, str]) -> None:
    """The three buckets, where they are missing."""
    client = boto3.client(
        "s3",
        endpoint_url=environment["AGORA_S3_ENDPOINT"],
        aws_access_key_id=environment["AGORA_S3_ACCESS_KEY"],
        aws_secret_access_key=environment["AGORA_S3_SECRET_KEY"],
        region_name=environment["AGORA_S3_REGION"],
        config=Config(retries={"max_attempts": 5}),
    )
    try:
        there = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
        for name in ("LAKE", "MEDIA", "MODELS"):
            bucket = environment[f"AGORA_S3_{name}_BUCKET"]
            if bucket not in there:
                client.create_bucket(Bucket=bucket)
    except (BotoCoreError, ClientError) as error:
        raise LocalError(f"the S3 server does not make its buckets: {error}") from error

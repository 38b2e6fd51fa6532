"""Whether a part does its work, asked the way its users would."""

import socket
from contextlib import closing

import httpx
import psycopg
import valkey
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.local.part import Env, Part

_SECONDS = 2.0


def ask(part: Part, env: Env) -> str | None:
    """What is wrong with a part that listens; None when it is well."""
    address = env[part.address] if part.address else ""
    try:
        if part.name == "postgres":
            psycopg.connect(address, connect_timeout=2).close()
        elif part.name == "kafka":
            AdminClient({"bootstrap.servers": address, "log_level": 0}).list_topics(timeout=_SECONDS)
        elif part.name == "valkey":
            with closing(valkey.Valkey.from_url(address, socket_timeout=_SECONDS)) as client:
                client.ping()
        else:
            answer = httpx.get(address + part.health, timeout=_SECONDS, trust_env=False)
            # An S3 server refuses who does not sign; that it answers is what counts.
            if answer.status_code >= (500 if part.name == "s3" else 400):
                return f"answers {answer.status_code}"
    except (psycopg.Error, KafkaException, valkey.ValkeyError, httpx.HTTPError, OSError) as error:
        return " ".join(str(error).split())[:120] or type(error).__name__
    return None


def port_is_free(port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def shown(address: str) -> str:
    """An address for people: whole where a browser takes it, host and port elsewhere."""
    if address.startswith("http"):
        return address
    return address.rpartition("@")[2].rpartition("//")[2].partition("/")[0]

"""An HTTP client that is not the bottleneck: raw sockets, kept alive, in a process of its own.

`python -m tests.bench.client` reads a job as JSON on standard input and prints what it saw as JSON.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import uvloop


@dataclass(frozen=True)
class Job:
    """Send `requests` in random order for `seconds`. With a `rate` (requests a second) they leave on schedule.

    With `is_once` each is sent once, in order, however long that takes.
    """

    port: int
    requests: Sequence[str]
    connections: int
    seconds: float
    rate: float | None = None
    is_once: bool = False


@dataclass(frozen=True)
class Seen:
    """Answers by status class, and latencies in milliseconds; on a schedule they count from the planned moment."""

    rate: float
    failed: int
    p50: float
    p95: float
    p99: float
    slowest: float = 0.0


def request(method: str, path: str, headers: Mapping[str, str] | None = None, body: str = "") -> str:
    """One HTTP/1.1 request as text."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", "Accept: */*"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return "\r\n".join([*lines, "", body])


def run(job: Job) -> Seen:
    """Do the job in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.client"],
        input=json.dumps(asdict(job)),
        capture_output=True,
        text=True,
        check=True,
    )
    return Seen(**json.loads(done.stdout))


async def _play(job: Job) -> Seen:
    latencies: list[float] = []
    failed = 0
    raw = [text.encode() for text in job.requests]
    dice = random.Random(1)
    began = time.perf_counter()
    end = began + job.seconds
    singly = iter(raw)
    planned = iter(range(int(job.rate * job.seconds))) if job.rate else None

    async def connection() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", job.port)
        while True:
            start = time.perf_counter()
            if planned is not None and job.rate:
                slot = next(planned, None)
                if slot is None:
                    break
                start = began + slot / job.rate
                if (pause := start - time.perf_counter()) > 0:
                    await asyncio.sleep(pause)
            elif not job.is_once and start >= end:
                break
            content = next(singly, None) if job.is_once else dice.choice(raw)
            if content is None:
                break
            writer.write(content)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length(head))
            latencies.append(time.perf_counter() - start)
            failed += not head.startswith(b"HTTP/1.1 2")
        writer.close()

    await asyncio.gather(*(connection() for _ in range(job.connections)))
    seconds = time.perf_counter() - began
    latencies.sort()
    p50, p95, p99 = (latencies[min(len(latencies) - 1, int(len(latencies) * q))] * 1000 for q in (0.5, 0.95, 0.99))
    return Seen(len(latencies) / seconds, failed, p50, p95, p99, latencies[-1] * 1000)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise ValueError("an answer without a length")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(uvloop.run(_play(Job(**json.load(sys.stdin)))))))

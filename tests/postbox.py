"""A listener that keeps what is posted to it: the other end of a webhook, or of a client under test."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Letter:
    """One request: what a test asserts on, or hands to the application."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The body as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found


Answer = Callable[[Letter], tuple[int, dict[str, Any]]]


@dataclass
class Postbox:
    """What came, oldest first, and how it is answered."""

    url: str = ""
    letters: list[Letter] = field(default_factory=list)
    answer: Answer = lambda _: (200, {})

    def of(self, payment_id: object, at_least: int) -> list[Letter]:
        """The webhooks of one payment, once there are so many."""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            found = [letter for letter in self.letters if letter.event["payment_id"] == str(payment_id)]
            if len(found) >= at_least:
                return found
            time.sleep(0.02)
        raise TimeoutError(f"{len(found)} of {at_least} webhooks came")


@contextmanager
def open_postbox() -> Iterator[Postbox]:
    """A listener on a free port of the loopback address."""
    box = Postbox()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            letter = Letter(self.command, self.path, headers, body)
            box.letters.append(letter)
            status, document = box.answer(letter)
            answer = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_DELETE = _take  # noqa: N815 -- the library's names

        def log_message(self, *_: Any) -> None:
            """Nothing to standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    box.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield box
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""What stands behind the HTTP_PROXY integrations: a local server that answers and remembers who called.

/status/N answers N, /slow/SECONDS answers late, everything else 200 with JSON that names the method and path, unless `fail` says otherwise.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""


class Backend:
    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._failing: set[str] = set()
        self._lock = threading.Lock()
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                backend._record(Call(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                status, delay = _wish(self.path)
                if self.path.split("?")[0] in backend._failing:
                    status = 503
                time.sleep(delay)
                body = json.dumps({"method": self.command, "path": self.path}).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A caller that hung up on a slow answer is not news."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="backend", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _record(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)

    def calls(self) -> list[Call]:
        with self._lock:
            return list(self._calls)

    def counts(self) -> Counter[tuple[str, str]]:
        """How often each (method, path) was called."""
        return Counter((call.method, call.path) for call in self.calls())

    def fail(self, *paths: str) -> None:
        """From now on exactly these paths answer 503."""
        self._failing = set(paths)

    def forget(self) -> None:
        self.fail()
        with self._lock:
            self._calls.clear()


def _wish(path: str) -> tuple[int, float]:
    """The status and the delay in seconds that a path asks for."""
    match path.split("?")[0].strip("/").split("/"):
        case ["status", status, *_] if status.isdigit():
            return int(status), 0.0
        case ["slow", seconds, *_]:
            return 200, float(seconds)
        case _:
            return 200, 0.0

"""Between the binary and an emulator's data plane: passes every request on and remembers it."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from server import Server


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    status: int
    """What the emulator answered."""


@dataclass
class Tap:
    url: str
    requests: list[Request] = field(default_factory=list)

    @property
    def address(self) -> dict[str, str]:
        """The environment that leads the binary's probes here."""
        return {"GATEPROBE_INVOKE_URL": f"{self.url}/restapis/{{api}}/{{stage}}/_user_request_"}

    def unsafe(self) -> list[Request]:
        return [request for request in self.requests if request.method not in ("GET", "HEAD", "OPTIONS")]


@contextmanager
def tap(server: Server) -> Iterator[Tap]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "connection":
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            told = answer.read()
            with lock:
                headers = {name.lower(): value for name, value in self.headers.items()}
                taken.requests.append(Request(self.command, self.path, headers, body, answer.status))
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(told)
            connection.close()

        do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    taken = Tap(f"http://127.0.0.1:{listener.server_address[1]}")
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    try:
        yield taken
    finally:
        listener.shutdown()
        listener.server_close()

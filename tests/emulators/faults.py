"""A control plane that misbehaves: in front of an emulator, or with nothing behind it."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from server import Server


@dataclass(frozen=True)
class Fault:
    """Requests whose path matches `path` are answered `status` with this error instead of being passed on."""

    path: str
    status: int
    code: str
    message: str


EXPIRED = Fault("", 403, "ExpiredTokenException", "The security token included in the request is expired")
INVALID_KEY = Fault("", 403, "UnrecognizedClientException", "The security token included in the request is invalid.")
DENIED = Fault("", 403, "AccessDeniedException", "User: arn:aws:iam::000000000000:user/u is not authorized to perform: apigateway:GET")
BROKEN = Fault("", 500, "InternalFailure", "internal failure")


@contextmanager
def control_plane(fault: Fault, behind: Server | None = None) -> Iterator[str]:
    """Gives the endpoint's address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if behind is None or re.search(fault.path, self.path):
                told = json.dumps({"__type": fault.code, "message": fault.message}).encode()
                self._send(fault.status, {"content-type": "application/json", "x-amzn-errortype": fault.code}, told)
                return
            connection = http.client.HTTPConnection("127.0.0.1", behind.port, timeout=30)
            connection.request(self.command, self.path, body, dict(self.headers))
            passed = connection.getresponse()
            self._send(passed.status, {k: v for k, v in passed.getheaders() if k.lower() in ("content-type", "x-amzn-errortype")}, passed.read())
            connection.close()

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()

"""Between the binary and an emulator's SNS and DynamoDB: passes calls on, remembers them, and lets some of them fail.

What an emulator cannot do by itself: a call that was done and whose answer never arrives, and a process that is killed in the very
moment of a call. Each run has an address of its own, so that it is known whose call it was.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from server import Server


class Fault(StrEnum):
    THROTTLE = "throttled"
    ERROR = "answered 500, not done"
    CUT = "cut, not done"
    ERROR_AFTER = "answered 500, but done"
    CUT_AFTER = "cut, but done"
    DELAY = "late"

    @property
    def spoils_the_answer(self) -> bool:
        """Whether it was done, and who asked cannot know."""
        return self in (Fault.ERROR_AFTER, Fault.CUT_AFTER)


@dataclass(frozen=True)
class Weather:
    """How likely each call of a service fails, by `sns` and `dynamodb`, and in which ways."""

    likely: Mapping[str, float] = field(default_factory=dict)
    ways: tuple[Fault, ...] = tuple(Fault)


CALM = Weather()


@dataclass
class Call:
    run: str
    service: str
    action: str
    """`Publish`, `PutItem`, …"""
    about: str
    """The message's id, or the item's key."""
    fault: Fault | None
    status: int | None = None
    """What the emulator answered; None: it was not asked."""
    body: bytes | None = None
    """Of an item that was written."""
    killed: bool = False
    """Whether the run was killed in this moment, before the answer left."""

    @property
    def done(self) -> bool:
        return self.status == 200


@dataclass
class Doom:
    """A run dies at its so-and-so-many-th call (of this action), before or after it is done."""

    call: int
    after: bool
    action: str | None = None


@dataclass
class _Run:
    weather: Weather
    dice: random.Random
    doom: Doom | None
    calls: Counter[str] = field(default_factory=Counter)
    pid: int | None = None


class Proxy:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self.runs: dict[str, _Run] = {}
        self.calls: list[Call] = []
        """In the order in which the emulator took them."""
        self.url = ""

    def expect(self, run: str, weather: Weather, seed: int, doom: Doom | None = None) -> dict[str, str]:
        """The environment that leads a run's memory and messages here."""
        with self._lock:
            self.runs[run] = _Run(weather, random.Random(seed), doom)
        address = f"{self.url}/{run}"
        return {"AWS_ENDPOINT_URL_SNS": address, "AWS_ENDPOINT_URL_DYNAMODB": address}

    def started(self, run: str, pid: int) -> None:
        with self._lock:
            self.runs[run].pid = pid

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        label = handler.path.strip("/").split("/")[0]
        service, action, about, written = _about(handler.headers, body)
        with self._lock:
            run = self.runs[label]
            run.calls.update(["", action])
            doom = run.doom
            if doom and (doom.action not in (None, action) or doom.call != run.calls[doom.action or ""]):
                doom = None
            is_bad = run.dice.random() < run.weather.likely.get(service, 0.0)
            fault = run.dice.choice(run.weather.ways) if is_bad else None
            late = run.dice.uniform(0.05, 0.4)
        call = Call(label, service, action, about, fault, body=written)
        if doom and not doom.after:
            return self._kill(handler, run, call)
        if fault is Fault.DELAY:
            time.sleep(late)
        if fault in (Fault.THROTTLE, Fault.ERROR, Fault.CUT):
            self._note(call)
            return _fail(handler, fault, service)
        # One at a time: the order of the list is the order in which they were done.
        with self._lock:
            status, headers, told = self._pass(handler, body)
            call.status = status
            self.calls.append(call)
        if doom:
            return self._kill(handler, run, call)
        if fault is not None and fault.spoils_the_answer:
            return _fail(handler, fault, service)
        _send(handler, status, headers, told)

    def _note(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)

    def _kill(self, handler: BaseHTTPRequestHandler, run: _Run, call: Call) -> None:
        call.killed = True
        if call.status is None:
            self._note(call)
        if run.pid is not None:
            try:
                os.kill(run.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        _cut(handler)

    def _pass(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=30)
        try:
            headers = {name: value for name, value in handler.headers.items() if name.lower() != "connection"}
            connection.request(handler.command, "/", body, headers)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower().startswith(("content-type", "x-amz"))}
            return answer.status, kept, answer.read()
        finally:
            connection.close()


def _about(headers: Mapping[str, str], body: bytes) -> tuple[str, str, str, bytes | None]:
    target = headers.get("x-amz-target", "")
    if target.startswith("DynamoDB"):
        action = target.rpartition(".")[2]
        asked = json.loads(body)
        item = asked.get("Item") or asked.get("Key") or {}
        written = item.get("body", {}).get("B")
        return "dynamodb", action, item.get("pk", {}).get("S", ""), base64.b64decode(written) if written else None
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    names = {value: name.removesuffix(".Name") for name, value in form.items() if name.endswith(".Name")}
    about = form.get(f"{names['id']}.Value.StringValue", "") if "id" in names else ""
    return "sns", form.get("Action", ""), about, None


def _fail(handler: BaseHTTPRequestHandler, fault: Fault, service: str) -> None:
    if fault in (Fault.CUT, Fault.CUT_AFTER):
        return _cut(handler)
    throttled = fault is Fault.THROTTLE
    if service == "dynamodb":
        code = "ProvisionedThroughputExceededException" if throttled else "InternalServerError"
        told = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "an injected fault"}
        return _send(handler, 400 if throttled else 500, {"content-type": "application/x-amz-json-1.0"}, json.dumps(told).encode())
    code = "Throttling" if throttled else "InternalError"
    text = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>an injected fault</Message></Error></ErrorResponse>"
    _send(handler, 400 if throttled else 500, {"content-type": "text/xml"}, text.encode())


def _cut(handler: BaseHTTPRequestHandler) -> None:
    """Without a word, as a machine that went away."""
    handler.close_connection = True
    try:
        handler.connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _send(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: bytes) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def proxy(server: Server) -> Iterator[Proxy]:
    made = Proxy(server)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            made.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A run that was killed reads no answer."""

    listener = Quiet(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{listener.server_address[1]}"
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        listener.shutdown()
        listener.server_close()

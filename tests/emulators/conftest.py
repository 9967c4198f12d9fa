"""Fixtures: the two emulators and the backend once a session, a world once a module, stopped whatever happens."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import emulators
from backend import Backend
from gateprobe import Gateprobe
from server import Server


def pytest_configure(config: pytest.Config) -> None:
    """A polite kill ends the session like an interrupt, so that the fixtures stop their servers."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


_running: list[Server] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failed test shows the end of each emulator's log."""
    report = yield
    if report.failed:
        report.sections += [(f"{server.name}'s log", server.tail(30)) for server in _running]
    return report


def _serve(server: Server) -> Iterator[Server]:
    _running.append(server)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        _running.remove(server)


@pytest.fixture(scope="session")
def ministack_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _serve(emulators.ministack(tmp_path_factory.mktemp("ministack")))


@pytest.fixture(scope="session")
def localstack_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _serve(emulators.localstack(tmp_path_factory.mktemp("localstack")))


@pytest.fixture(scope="session")
def backend_server() -> Iterator[Backend]:
    backend = Backend()
    backend.start()
    try:
        yield backend
    finally:
        backend.stop()


@pytest.fixture(scope="module")
def ministack(ministack_server: Server) -> Server:
    """MiniStack, empty at the module's start."""
    emulators.reset(ministack_server)
    return ministack_server


@pytest.fixture(scope="module")
def localstack(localstack_server: Server) -> Server:
    """LocalStack, without APIs at the module's start."""
    emulators.reset(localstack_server)
    return localstack_server


@pytest.fixture
def backend(backend_server: Backend) -> Backend:
    """The backend, with no call remembered."""
    backend_server.forget()
    return backend_server


@pytest.fixture(scope="session")
def gateprobe(tmp_path_factory: pytest.TempPathFactory) -> Gateprobe:
    """The built binary, in a home of its own."""
    return Gateprobe.found(tmp_path_factory.mktemp("home"))


@pytest.fixture
def config(tmp_path: Path) -> Any:
    """Writes a config file and gives its path."""

    def write(text: str) -> Path:
        path = tmp_path / "gateprobe.yaml"
        path.write_text(text)
        return path

    return write


@pytest.fixture(scope="session")
def code() -> bytes:
    """The function's zip."""
    named = os.environ.get("GATEPROBE_LAMBDA_ZIP")
    if named and Path(named).is_file():
        return Path(named).read_bytes()
    reason = f"GATEPROBE_LAMBDA_ZIP names no file ({named})" if named else "GATEPROBE_LAMBDA_ZIP is not set: build the zip and name it there"
    if named or os.environ.get("GATEPROBE_REQUIRE_LAMBDA") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)

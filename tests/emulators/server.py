"""A server process: started on a free port, polled until it answers, stopped by its own handle whatever happens."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent() -> None:
    """In the child: end when pytest is killed outright and no handle is left to stop it (Linux)."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    except (OSError, AttributeError):
        pass


@dataclass
class Server:
    """One emulator. `port` is filled in for every `{port}` of the command and the environment."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    health: str
    log: Path
    patience: float = 60.0
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        for attempt in range(3):  # between finding a free port and binding it, another process may take it
            self.port = free_port()
            self._spawn()
            try:
                self._await_health()
                return
            except ChildProcessError:
                self.stop()
                if attempt == 2:
                    raise
            except BaseException:
                self.stop()
                raise

    def _spawn(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [part.replace("{port}", str(self.port)) for part in self.command],
                env={key: value.replace("{port}", str(self.port)) for key, value in self.env.items()},
                cwd=self.log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def _await_health(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ChildProcessError(f"{self.name} ended with {self.process.returncode} before it answered:\n{self.tail()}")
            try:
                with urllib.request.urlopen(self.url + self.health, timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise TimeoutError(f"{self.name} did not answer {self.health} within {self.patience:.0f} s:\n{self.tail()}")

    def stop(self) -> None:
        """Ends the whole process group: politely, then not."""
        process, self.process = self.process, None
        if process is None:
            return
        for sign, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
            try:
                os.killpg(process.pid, sign)
            except ProcessLookupError:
                break
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        process.wait(5.0)

    def tail(self, lines: int = 60) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else "(no log)"

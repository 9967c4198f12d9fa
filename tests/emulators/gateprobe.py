"""The binary under test: run by subprocess, its JSON read by the contract of the design."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulators import REPOSITORY, SECRET, environment
from restapi import invoke_url
from server import Server

STEPS = ["invoke-url", "stage", "path", "method", "deployment", "known-good"]
VERDICTS = {"healthy", "routing", "auth", "gateway", "backend", "transport", "skipped"}
CRASH_WORDS = ("panicked", "RUST_BACKTRACE", "stack backtrace", "thread 'main'", "unwrap()")


@dataclass(frozen=True)
class Outcome:
    command: Sequence[str]
    status: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        try:
            return json.loads(self.stdout)
        except ValueError as error:
            raise AssertionError(f"stdout is not JSON ({error}); {self}") from error

    def report(self) -> Report:
        return Report(self.json())

    def __str__(self) -> str:
        return f"{' '.join(self.command)}\nexit {self.status}\n--- stdout\n{self.stdout[-4000:]}\n--- stderr\n{self.stderr[-4000:]}"


@dataclass(frozen=True)
class Report:
    """`run --format json`."""

    raw: Mapping[str, Any]

    @property
    def coverage(self) -> Mapping[str, Any]:
        return self.raw["coverage"]

    @property
    def gaps(self) -> list[Mapping[str, str]]:
        return self.raw["gaps"]

    @property
    def diagnoses(self) -> list[Mapping[str, Any]]:
        return self.raw["diagnoses"]

    @property
    def stages(self) -> list[Mapping[str, Any]]:
        return self.raw["stages"]

    def problems(self) -> list[Mapping[str, Any]]:
        """The diagnoses that make the exit status 1."""
        return [d for d in self.diagnoses if d["verdict"] not in ("healthy", "skipped") and not d.get("expected")]

    def expected(self) -> list[Mapping[str, Any]]:
        """Refusals that are right: the probe had no credentials."""
        return [d for d in self.diagnoses if d.get("expected")]

    def by_method(self, which: list[Mapping[str, Any]]) -> Counter[tuple[str, str, str, str]]:
        """(stage, verb, resource, cause), so that a test can say in one line what should have been found."""
        return Counter(
            (d["matched"]["stage"], d["matched"]["method"], d["matched"]["resource"], d["cause"]) for d in which if d["matched"]
        )

    def check(self) -> None:
        """What is true of every report: the sums, and the shape of each diagnosis."""
        coverage = self.coverage
        assert coverage["deployed"] == coverage["probed"] + sum(coverage["skipped"].values()), coverage
        assert coverage["healthy"] <= coverage["routed"] <= coverage["probed"], coverage
        for gap in self.gaps:
            assert gap["where"] and gap["reason"], gap
        for diagnosis in self.diagnoses:
            check_diagnosis(diagnosis)


def check_diagnosis(diagnosis: Mapping[str, Any]) -> None:
    assert diagnosis["verdict"] in VERDICTS, diagnosis
    assert [step["step"] for step in diagnosis["steps"]] == STEPS, diagnosis
    assert {step["result"] for step in diagnosis["steps"]} <= {"pass", "fail", "unknown", "not-reached"}, diagnosis
    assert urlsplit(diagnosis["request"]["url"]).scheme in ("http", "https"), diagnosis
    if diagnosis["verdict"] == "healthy":
        assert diagnosis["cause"] is None, diagnosis
    else:
        assert diagnosis["cause"] and diagnosis["remedy"] and diagnosis["evidence"], diagnosis


@dataclass(frozen=True)
class Gateprobe:
    binary: Path
    home: Path

    @classmethod
    def found(cls, home: Path) -> Gateprobe:
        binary = Path(os.environ.get("GATEPROBE_BIN") or REPOSITORY / "target" / "debug" / "gateprobe")
        if not os.access(binary, os.X_OK):
            pytest.fail(f"{binary} is not there: build it (cargo build), or name another in GATEPROBE_BIN", pytrace=False)
        return cls(binary.resolve(), home)

    def __call__(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, without: Sequence[str] = (), timeout: float = 90
    ) -> Outcome:
        """Runs it with a clean environment: `env` on top, the names of `without` taken away."""
        command = [str(self.binary), *map(str, arguments)]
        full = {key: value for key, value in {**self.environment(), **(env or {})}.items() if key not in without}
        done = subprocess.run(command, env=full, cwd=self.home, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        outcome = Outcome(command, done.returncode, done.stdout, done.stderr)
        for word in CRASH_WORDS:
            assert word not in outcome.stderr + outcome.stdout, f"a crash, not an error message: {outcome}"
        assert SECRET not in outcome.stderr + outcome.stdout, f"the secret key is printed: {outcome}"
        return outcome

    def environment(self) -> dict[str, str]:
        return environment(self.home)

    def on(self, control: Server, data: Server | None = None) -> OnEmulator:
        """The same, with its control plane at one emulator and its data plane at another (or the same) one."""
        return OnEmulator(self, control, data or control)


@dataclass(frozen=True)
class OnEmulator:
    gateprobe: Gateprobe
    control: Server
    data: Server

    def __call__(self, *arguments: str | Path, env: Mapping[str, str] | None = None, **more: Any) -> Outcome:
        addresses = {"AWS_ENDPOINT_URL": self.control.url, "GATEPROBE_INVOKE_URL": invoke_url(self.data)}
        return self.gateprobe(*arguments, env={**addresses, **(env or {})}, **more)

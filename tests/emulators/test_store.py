"""The table that the memory is kept in: the suite of every store (tests/store.rs) against two DynamoDBs that nobody here wrote."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

import emulators
from server import Server

PATIENCE = 15 * 60
"""Seconds: the first of the two builds the suite, where nobody has yet."""


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = emulators.moto(tmp_path_factory.mktemp("moto"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


def suite(server: Server) -> None:
    """Runs it as `cargo test` does. The home stays the caller's: that is where cargo's registry is."""
    if shutil.which("cargo") is None:
        pytest.skip("there is no cargo to run the suite with")
    done = subprocess.run(
        ["cargo", "test", "--locked", "--test", "store", "--", "--exact", "dynamodb", "--nocapture"],
        cwd=emulators.REPOSITORY,
        env={**os.environ, **emulators.credentials(), "GATEPROBE_TEST_DYNAMODB": server.url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout and "not tested" not in done.stderr, done.stdout + done.stderr
    # Who counts up at the same time gets in each other's way: without conflicts the condition was not checked.
    conflicts = next(line for line in done.stdout.splitlines() if " conflicts" in line)
    assert int(conflicts.split()[-2]) > 0, conflicts


def test_ministack(ministack: Server) -> None:
    suite(ministack)


def test_moto(moto: Server) -> None:
    suite(moto)

"""Chromium, and the pages that it opens: the demo's, and those of runs that the demo does not show."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]

# What is awaited comes at once; on a machine that is busy otherwise it may take its time.
expect.set_options(timeout=30_000)

# As root, without the network, and without what Chromium does for itself.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def example(name: str, directory: Path) -> None:
    """Runs an example of the crate that writes pages."""
    command = ["cargo", "run", "--locked", "--quiet", "--example", name, "--", str(directory)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=1500)


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every page by name."""
    directory = tmp_path_factory.mktemp("pages")
    demo = subprocess.run([os.environ["GATEPROBE_BIN"], "demo"], cwd=directory, capture_output=True, text=True, timeout=120)
    assert demo.returncode == 0, demo.stderr
    example("report_pages", directory)
    pages = {path.stem: path for path in directory.glob("*.html")}
    pages["demo"] = pages.pop("gateprobe-report")
    return pages


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    # Each launch has a profile directory of its own.
    browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], headless=True, args=FLAGS)
    yield browser
    browser.close()

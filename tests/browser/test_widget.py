"""The dashboard's widget in a browser, as its example draws it.

GATEPROBE_WIDGET_PAGE: a page that was drawn already; else `cargo run --example widget -- FILE` draws one.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import ROOT, example
from opened import opened
from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    drawn = os.environ.get("GATEPROBE_WIDGET_PAGE")
    if drawn:
        return Path(drawn).resolve()
    if not (ROOT / "examples" / "widget.rs").exists():
        pytest.skip("this tree has no examples/widget.rs, which draws the page")
    path = tmp_path_factory.mktemp("widget") / "widget.html"
    example("widget", path)
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_widget_is_quiet_and_accessible(browser: Browser, page: Path, scheme: str) -> None:
    with opened(browser, page, "desk", scheme) as window:
        assert window.page.locator("body").inner_text().strip() != ""
        assert window.faults() == []
        window.quiet()


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_widget_fits(browser: Browser, page: Path, size: str) -> None:
    with opened(browser, page, size) as window:
        assert window.overflow() <= 0

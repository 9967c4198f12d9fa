"""A page in a window of its own, which notes what it should not do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route

SIZES = {"desk": (1280, 900), "phone": (390, 844), "small phone": (320, 640)}


@dataclass
class Opened:
    page: Page
    said: list[str] = field(default_factory=list)
    # What the page wanted, and of that what was not stopped by its own policy.
    asked: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def faults(self) -> list[str]:
        """What axe-core finds that is serious or critical, a line each."""
        result = Axe().run(self.page).response
        return [
            f"{fault['impact']} {fault['id']}: {fault['help']}: {json.dumps([node['html'][:200] for node in fault['nodes'][:3]])}"
            for fault in result["violations"]
            if fault["impact"] in ("serious", "critical")
        ]

    def visible(self, selector: str) -> int:
        return self.page.locator(selector).locator("visible=true").count()

    def quiet(self) -> None:
        """Nothing was said on the console, and nothing was asked for but the page itself."""
        assert self.said == []
        assert self.asked == []
        assert self.sent == []


@contextmanager
def opened(browser: Browser, path: Path, size: str = "desk", scheme: str = "light", script: bool = True) -> Iterator[Opened]:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=script, bypass_csp=False
    )
    own = path.as_uri()
    page = context.new_page()
    window = Opened(page)

    def route(route: Route) -> None:
        if route.request.url.split("#")[0] == own:
            route.continue_()
        else:
            window.sent.append(route.request.url)
            route.abort()

    context.route("**/*", route)
    page.on("request", lambda request: window.asked.append(request.url) if not request.url.startswith((own, "data:")) else None)
    page.on("console", lambda message: window.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: window.said.append(f"error: {error}"))
    page.goto(own)
    yield window
    context.close()

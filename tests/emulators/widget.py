"""The dashboard's custom widget as CloudWatch meets it: its event, and what may stand in the HTML that it answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

# The user guide takes most tags; what it names as refused (JavaScript, frames) is none of ours.
TAGS = {"div", "span", "style", "b", "a", "cwdb-action", "code", "ul", "li", "br"}


def event(theme: str = "light", **parameters: Any) -> dict[str, Any]:
    """As CloudWatch calls: the widget's parameters, or those of a clicked action, beside its context."""
    context = {
        "dashboardName": "Gateprobe",
        "widgetId": "widget-16",
        "accountId": "000000000000",
        "locale": "en",
        "timezone": {"label": "UTC", "offsetISO": "+00:00", "offsetInMinutes": 0},
        "period": 300,
        "isAutoPeriod": True,
        "timeRange": {"mode": "relative", "start": 1627236199729, "end": 1627322599729, "relativeStart": 86400012},
        "theme": theme,
        "linkCharts": True,
        "title": "Incidents",
        "forms": {"all": {}},
        "params": {},
        "width": 588,
        "height": 369,
    }
    return {**parameters, "widgetContext": context}


@dataclass
class Page(HTMLParser):
    """The HTML, read by a real parser: its text, and what its actions would call."""

    html: str
    text: str = ""
    actions: list[tuple[dict[str, str | None], Any]] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)
    _action: dict[str, str | None] | None = None
    _before: str | None = None

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert tag in TAGS and len(names) == len(set(names)), (tag, attrs)
        assert not [name for name in names if name.startswith("on") or name in ("src", "style")], (tag, attrs)
        if tag == "br":
            return
        self._open.append(tag)
        if tag == "cwdb-action":
            assert self._before == "a", "an action belongs to the element right before it"
            self._action = dict(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        self._before = tag
        if tag == "cwdb-action":
            self._action = None

    def handle_data(self, data: str) -> None:
        if self._action is not None:
            self.actions.append((self._action, json.loads(data)))
        elif self._open[-1:] != ["style"]:
            self._before = None
            self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

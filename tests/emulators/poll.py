"""Waiting for what comes by itself: never by a fixed sleep, never for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(what: str, look: Callable[[], Found | None], patience: float, every: float = 0.25) -> Found:
    """The first answer of `look` that is true; `what` says what was waited for when none came."""
    deadline = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {patience:.0f} s; the last answer was {found!r}"
        time.sleep(every)

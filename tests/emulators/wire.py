"""One plain HTTP request: no redirects, no proxies, any Host header."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def error_type(self) -> str | None:
        return self.headers.get("x-amzn-errortype")

    @property
    def message(self) -> str | None:
        """API Gateway's own words; parsed, because the emulators space their JSON differently."""
        value = self.json()
        return value.get("message") if isinstance(value, dict) else None

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def fetch(url: str, method: str = "GET", *, headers: Mapping[str, str] | None = None, timeout: float = 20.0) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, headers=dict(headers or {}))
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    finally:
        connection.close()

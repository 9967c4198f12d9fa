"""Prints docs/coverage.md's table: what the binary proves of each document in each emulator, with no config.

    GATEPROBE_CACHE=… GATEPROBE_BIN=… GATEPROBE_DEFINITIONS=… "$GATEPROBE_CACHE"/ministack/bin/python coverage.py
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import definitions
import emulators
from backend import Backend
from gateprobe import Gateprobe
from survey import SAFE, SENT_UNASKED, Survey, survey

HEAD = ["definition", "operations", "safe: probed", "unsafe: proved by refusal", "routed", "healthy", "by provenance", "skipped", "backend calls"]


def rows(seen: Survey) -> Iterator[list[str]]:
    for name in seen.apis:
        stage = seen.stage(name)
        methods = seen.methods(name)
        safe = sum(method.verb in SAFE for method in methods)
        unasked = {(call.method, call.path.split("_user_request_")[1]) for call in seen.sent(name) if call.method not in SENT_UNASKED}
        calls = Counter(call.method for call in seen.reached(name))
        yield [
            name,
            str(stage["deployed"]),
            f"{min(safe, stage['probed'])} of {safe}",
            f"{len(unasked)} of {len(methods) - safe}",
            str(stage["routed"]),
            str(stage["healthy"]),
            _counts(stage["by_provenance"]),
            _counts(stage["skipped"]),
            _counts(calls),
        ]


def _counts(of: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(of.items())) or "none"


def main() -> None:
    names = [*definitions.names(), *(definitions.FOUND if definitions.found_folder() else ())]
    backend = Backend()
    backend.start()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for part in ("ministack", "localstack", "home"):
            (home / part).mkdir()
        servers = [emulators.localstack(home / "localstack"), emulators.ministack(home / "ministack")]
        try:
            for server in servers:
                server.start()
            for server in servers:
                seen = survey(names, server, servers[0], backend, Gateprobe.found(home / "home"))
                whole = seen.run.report().coverage
                print(f"## {server.name}\n")
                print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
                for row in rows(seen):
                    print("| " + " | ".join(row) + " |")
                calls = _counts(Counter(call.method for call in seen.calls))
                print(f"\nRouted {whole['routed']} of {whole['probed']} probed, {whole['deployed']} deployed; skipped: {_counts(whole['skipped'])}.")
                print(f"The backend was called {calls}; by any other verb: {sum(call.method not in SENT_UNASKED for call in seen.calls)}.\n")
        finally:
            for server in servers:
                server.stop()
            backend.stop()


if __name__ == "__main__":
    main()

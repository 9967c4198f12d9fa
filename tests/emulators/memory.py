"""The memory under test: its table, its items as they lie there, and a monitor whose clock is moved on between runs."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aws import client
from gateprobe import Gateprobe, Outcome
from restapi import invoke_url
from server import Server

TABLE = "gateprobe-memory"

STEP = 300
"""Seconds from one run to the next: longer than a claim lasts (LEASE in src/pipeline/memory/outbox.rs)."""


def create_table(server: Server, name: str = TABLE) -> str:
    """As template.yaml has it."""
    client(server.url, "dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def opened(body: bytes) -> Any:
    """What an item's `body` holds: a line `gateprobe FORMAT json|gzip`, then the JSON."""
    head, _, content = body.partition(b"\n")
    word, _, packing = head.decode().split(" ")
    assert word == "gateprobe" and packing in ("json", "gzip"), head
    return json.loads(gzip.decompress(content) if packing == "gzip" else content)


def items(server: Server, table: str = TABLE) -> dict[str, bytes]:
    """The bodies of all items, by key."""
    pages = client(server.url, "dynamodb").get_paginator("scan").paginate(TableName=table)
    return {item["pk"]["S"]: item["body"]["B"] for page in pages for item in page["Items"]}


def put(server: Server, key: str, body: bytes, table: str = TABLE) -> None:
    """Overwrites an item behind everybody's back."""
    client(server.url, "dynamodb").put_item(
        TableName=table, Item={"pk": {"S": key}, "body": {"B": body}, "version": {"N": "1"}}
    )


def ledger(server: Server, table: str = TABLE) -> Any:
    return opened(items(server, table)["ledger"])


@dataclass
class Monitor:
    """Runs of the binary over one memory, five minutes from one to the next."""

    gateprobe: Gateprobe
    server: Server
    state: str | Path
    topic: str | None = None
    config: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    # An hour ahead: what the tests deploy is never young by the monitor's clock.
    now: int = field(default_factory=lambda: int(time.time()) + 3600)

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.server.url,
            "GATEPROBE_INVOKE_URL": invoke_url(self.server),
            "GATEPROBE_STATE": str(self.state),
            "GATEPROBE_NOW": str(self.now),
            **self.env,
        }

    def arguments(self) -> list[str]:
        config = ["--config", str(self.config)] if self.config else []
        publish = ["--publish", "--topic-arn", self.topic] if self.topic else []
        return ["run", *config, *publish]

    def run(self, *more: str) -> Outcome:
        self.now += STEP
        return self.gateprobe(*self.arguments(), *(more or ("--format", "json")), env=self.environment())

    def start(self, env: Mapping[str, str]) -> subprocess.Popen[str]:
        """A run now, as a process that can be killed; `env` on top."""
        return subprocess.Popen(
            [str(self.gateprobe.binary), *self.arguments(), "--format", "json"],
            env={**self.gateprobe.environment(), **self.environment(), **env},
            cwd=self.gateprobe.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, *arguments: str) -> Outcome:
        """`status`, `history` or `ack`, at the time of the last run."""
        return self.gateprobe(*arguments, env=self.environment())

    def status(self) -> Any:
        return self.ask("status", "--format", "json").json()

    def history(self) -> list[Any]:
        return self.ask("history", "--format", "json").json()

"""A Lambda function in MiniStack, run natively from its zip."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws import REGION, client
from server import Server

SCHEDULER_EVENT = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.scheduler",
    "account": "000000000000",
    "time": "2026-11-22T12:00:00Z",
    "region": REGION,
    "resources": ["arn:aws:scheduler:us-east-1:000000000000:schedule/default/gateprobe"],
    "detail": "{}",
}


@dataclass(frozen=True)
class Invocation:
    payload: Any
    error: str | None
    """`Handled` or `Unhandled`."""
    log: str


@dataclass(frozen=True)
class Function:
    server: Server
    name: str

    @classmethod
    def create(cls, server: Server, name: str, code: bytes, env: Mapping[str, str], timeout: int = 60) -> Function:
        functions = client(server.url, "lambda")
        functions.create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role="arn:aws:iam::000000000000:role/none",
            Code={"ZipFile": code},
            Timeout=timeout,
            MemorySize=256,
            Environment={"Variables": dict(env)},
        )
        for _ in range(100):
            if functions.get_function_configuration(FunctionName=name).get("State", "Active") == "Active":
                return cls(server, name)
            time.sleep(0.1)
        raise TimeoutError(f"{name} did not become active")

    def invoke(self, event: Any) -> Invocation:
        answer = client(self.server.url, "lambda").invoke(FunctionName=self.name, Payload=json.dumps(event).encode(), LogType="Tail")
        body = answer["Payload"].read()
        log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
        return Invocation(json.loads(body) if body else None, answer.get("FunctionError"), log)

    def deliver(self, event: Any) -> None:
        """As EventBridge does: asynchronously, with no answer."""
        client(self.server.url, "lambda").invoke(FunctionName=self.name, Payload=json.dumps(event).encode(), InvocationType="Event")

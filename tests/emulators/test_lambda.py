"""The Lambda as a Lambda: MiniStack runs the built zip natively; its metrics and its alert are read back.

GATEPROBE_LAMBDA_ZIP names the zip that `sam build` or cargo-lambda made. Without it this is skipped, or fails if GATEPROBE_REQUIRE_LAMBDA=1.
"""

from __future__ import annotations

import json

import pytest

import worlds
from backend import Backend
from function import SCHEDULER_EVENT, Function, Invocation
from inbox import Inbox
from metrics import published, statistics
from restapi import Http, Mock, RestApi, invoke_url
from server import Server

@pytest.fixture(scope="module")
def shop(code: bytes, ministack: Server, backend_server: Backend) -> worlds.World:
    world = worlds.shop([ministack], backend_server.url)
    backend_server.forget()
    return world


@pytest.fixture(scope="module")
def inbox(shop: worlds.World, ministack: Server) -> Inbox:
    return Inbox.open(ministack, "lambda-alerts")


@pytest.fixture(scope="module")
def function(code: bytes, inbox: Inbox, ministack: Server) -> Function:
    addresses = {"AWS_ENDPOINT_URL": ministack.url, "GATEPROBE_INVOKE_URL": invoke_url(ministack), "GATEPROBE_TOPIC_ARN": inbox.topic}
    return Function.create(ministack, "gateprobe", code, {**addresses, "AWS_EC2_METADATA_DISABLED": "true"})


@pytest.fixture(scope="module")
def invocation(function: Function) -> Invocation:
    return function.invoke(SCHEDULER_EVENT)


def test_answers(invocation: Invocation) -> None:
    """Problems found are no failure of the function: it did its work."""
    assert invocation.error is None, invocation


def test_publishes_metrics(shop: worlds.World, invocation: Invocation, ministack: Server) -> None:
    assert published(ministack), invocation
    heartbeat, probed = statistics(ministack, "Heartbeat"), statistics(ministack, "Probed")
    assert heartbeat and heartbeat.sum == 1, invocation
    assert probed and probed.sum == len(shop.probed), (probed, invocation)


def test_sends_one_alert(shop: worlds.World, invocation: Invocation, inbox: Inbox) -> None:
    [alert] = inbox.read(10)
    assert 0 < len(alert.subject) <= 100 and alert.subject.isascii(), alert
    assert shop.api.id in json.dumps(json.loads(alert.message)), alert


def test_only_safe_verbs(invocation: Invocation, backend_server: Backend) -> None:
    assert {call.method for call in backend_server.calls()} <= {"GET", "HEAD", "OPTIONS"}, backend_server.counts()
    assert backend_server.calls(), invocation


def test_a_second_event_works_too(function: Function, invocation: Invocation) -> None:
    """The same environment takes the next event: nothing is left over from the first."""
    assert function.invoke(SCHEDULER_EVENT).error is None


def test_logs_json(invocation: Invocation) -> None:
    """Lambda's own log filter wants a level and a timestamp in every line."""
    lines = [json.loads(line) for line in invocation.log.splitlines() if line.startswith("{")]
    assert any(line.get("message") == "run" for line in lines), invocation
    assert all(line["level"] and line["timestamp"].endswith("Z") for line in lines), invocation


def test_ends_before_its_deadline_with_what_it_has(code: bytes, inbox: Inbox, ministack: Server, backend_server: Backend) -> None:
    """One method answers, the other would take a minute; the function has eight seconds."""
    api = RestApi([ministack], "late")
    api.method("GET", "/quick", Mock())
    api.method("GET", "/late", Http(f"{backend_server.url}/slow/60"))
    api.deploy("prod")
    addresses = {"AWS_ENDPOINT_URL": ministack.url, "GATEPROBE_INVOKE_URL": invoke_url(ministack), "GATEPROBE_TOPIC_ARN": inbox.topic}
    env = {**addresses, "GATEPROBE_APIS": "late", "AWS_EC2_METADATA_DISABLED": "true"}
    invocation = Function.create(ministack, "gateprobe-late", code, env, timeout=8).invoke(SCHEDULER_EVENT)
    assert invocation.error is None, invocation
    assert invocation.payload["stopped_early"] is True, invocation
    assert invocation.payload["coverage"]["healthy"] == 1, invocation
    assert invocation.payload["coverage"]["skipped"] == {"out-of-time": 1}, invocation

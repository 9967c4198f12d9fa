"""What the function does with each event: a run, a look at one changed API, the widget, or a refusal (MiniStack, native Lambda)."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

import memory
import widget
from aws import REGION
from backend import Backend
from function import SCHEDULER_EVENT, Function, Invocation
from inbox import Inbox
from metrics import statistics
from restapi import Http, RestApi, invoke_url
from server import Server

BROKEN = "/status/503"

CONFIG = json.dumps({"alerts": {"failing": 1, "deployment_grace": 0}})


@dataclass
class Stack:
    """Two APIs, the second of which fails, and the function with its table, after one run."""

    server: Server
    shop: RestApi
    stock: RestApi
    function: Function
    addresses: Mapping[str, str]
    first: Invocation


@pytest.fixture(scope="module")
def stack(code: bytes, ministack: Server, backend_server: Backend) -> Stack:
    def api(name: str, path: str, leads_to: str) -> RestApi:
        made = RestApi([ministack], name)
        made.method("GET", path, Http(backend_server.url + leads_to))
        made.deploy("prod")
        return made

    # What somebody may call an API, and what a dashboard must not run.
    shop, stock = api("shop", "/orders", "/orders"), api("<script>alert(1)</script>", "/stock", BROKEN)
    addresses = {
        "AWS_ENDPOINT_URL": ministack.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "GATEPROBE_INVOKE_URL": invoke_url(ministack),
        "GATEPROBE_TOPIC_ARN": Inbox.open(ministack, "events").topic,
        "GATEPROBE_TABLE": memory.create_table(ministack),
        "GATEPROBE_CONFIG": CONFIG,
    }
    function = Function.create(ministack, "gateprobe-events", code, addresses)
    return Stack(ministack, shop, stock, function, addresses, function.invoke(SCHEDULER_EVENT))


def change(stack: Stack, api: str, made_at: float, **detail: Any) -> dict[str, Any]:
    """As EventBridge passes on what CloudTrail records of a REST API's deployment."""
    when = datetime.fromtimestamp(made_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    record = {
        "eventVersion": "1.09",
        "userIdentity": {"type": "AssumedRole", "accessKeyId": "ASIAHUNTER2"},
        "eventTime": when,
        "eventSource": "apigateway.amazonaws.com",
        "eventName": "CreateDeployment",
        "awsRegion": REGION,
        "requestParameters": {"restApiId": api, "createDeploymentInput": {"stageName": "prod"}, "template": False},
        "responseElements": {"id": "abc123"},
        "readOnly": False,
        "eventType": "AwsApiCall",
        **detail,
    }
    return {
        "version": "0",
        "id": "36eb8523-97d0-4518-b33d-ee3579ff19f0",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.apigateway",
        "account": "000000000000",
        "time": when,
        "region": REGION,
        "resources": [],
        "detail": record,
    }


def page(invocation: Invocation) -> widget.Page:
    assert invocation.error is None and isinstance(invocation.payload, str), invocation
    return widget.Page(invocation.payload)


class TestRun:
    def test_the_schedule_is_a_run(self, stack: Stack) -> None:
        assert stack.first.error is None, stack.first
        assert stack.first.payload["event"] == "run"
        assert stack.first.payload["coverage"]["deployed"] == 2
        assert stack.first.payload["memory"]["open"] == 1

    def test_an_empty_event_is_one_too(self, stack: Stack) -> None:
        invocation = stack.function.invoke({})
        assert invocation.error is None and invocation.payload["event"] == "run", invocation


class TestChange:
    def test_probes_the_changed_api_alone(self, stack: Stack, backend: Backend) -> None:
        """Nothing else is asked, no figure of all is published, and what fails elsewhere stays open."""
        whole = memory.ledger(stack.server)["last_whole"]
        heartbeats = statistics(stack.server, "Heartbeat")
        # It settles 65 seconds after it was made: a few after that run began.
        invocation = stack.function.invoke(change(stack, stack.shop.id, whole["started_at"] - 61))
        assert invocation.error is None, invocation
        answer = invocation.payload
        assert (answer["event"], answer["call"], answer["api"]) == ("changed", "CreateDeployment", stack.shop.id)
        assert 0 <= answer["waited_seconds"] <= 5, answer
        assert answer["coverage"]["deployed"] == 1 and answer["coverage"]["healthy"] == 1, answer
        assert {call.path for call in backend.calls()} == {"/orders"}
        ledger = memory.ledger(stack.server)
        assert ledger["last_whole"] == whole and ledger["last_run"]["run"] != whole["run"]
        assert [incident["number"] for incident in ledger["incidents"]] == [1], "what was not looked at is not gone"
        assert len(ledger["stages"]) == 2
        assert statistics(stack.server, "Heartbeat") == heartbeats, "it was no round of the monitor"
        assert statistics(stack.server, "RoutingFailures", {"ApiName": "shop", "ApiId": stack.shop.id, "Stage": "prod"})

    def test_what_a_later_run_saw_is_not_asked_again(self, stack: Stack, backend: Backend) -> None:
        """One deployment is many calls: the first look after them all is the only one."""
        whole = memory.ledger(stack.server)["last_whole"]
        for api, made_at in [(stack.shop.id, whole["started_at"] - 61), (stack.stock.id, whole["started_at"] - 100)]:
            invocation = stack.function.invoke(change(stack, api, made_at))
            assert invocation.error is None and invocation.payload["event"] == "ignored", invocation
            assert "has seen API" in invocation.payload["why"], invocation
        assert backend.calls() == []

    def test_waits_for_a_change_under_way_but_not_past_its_time(
        self, stack: Stack, code: bytes, backend: Backend
    ) -> None:
        """Ten seconds are not enough for a change to settle: half of them are waited, the rest is the run's."""
        hurried = Function.create(stack.server, "gateprobe-hurried", code, stack.addresses, timeout=10)
        begun = time.time()
        invocation = hurried.invoke(change(stack, stack.stock.id, begun))
        assert invocation.error is None and invocation.payload["event"] == "changed", invocation
        assert 3 <= invocation.payload["waited_seconds"] <= 5, invocation
        assert time.time() - begun >= invocation.payload["waited_seconds"]
        assert {call.path for call in backend.calls()} == {BROKEN}

    def test_a_domain_is_everybodys(self, stack: Stack, backend: Backend) -> None:
        whole = memory.ledger(stack.server)["last_whole"]
        parameters = {"domainName": "api.example.com", "createBasePathMappingInput": {"restApiId": stack.shop.id}}
        event = change(
            stack, "", whole["started_at"] - 62, eventName="CreateBasePathMapping", requestParameters=parameters
        )
        invocation = stack.function.invoke(event)
        assert invocation.error is None, invocation
        assert (invocation.payload["event"], invocation.payload["api"]) == ("changed", None)
        assert {call.path for call in backend.calls()} == {"/orders", BROKEN}

    @pytest.mark.parametrize(
        ("detail", "why"),
        [
            ({"eventName": "PutMethod"}, "changes nothing that a stage serves"),
            ({"errorCode": "ConflictException"}, "failed with ConflictException"),
            ({"awsRegion": "eu-central-1"}, "eu-central-1, which this monitor does not watch"),
            ({"requestParameters": {"restApiId": "nosuchapi1"}}, "there is no API nosuchapi1 any more"),
        ],
    )
    def test_what_changes_nothing_here_says_why(
        self, stack: Stack, backend: Backend, detail: dict[str, Any], why: str
    ) -> None:
        invocation = stack.function.invoke(change(stack, stack.shop.id, time.time(), **detail))
        assert invocation.error is None and invocation.payload["event"] == "ignored", invocation
        assert why in invocation.payload["why"], invocation
        assert backend.calls() == []

    def test_an_api_out_of_scope_is_not_waited_for(self, stack: Stack, code: bytes, backend: Backend) -> None:
        narrow = Function.create(stack.server, "gateprobe-narrow", code, {**stack.addresses, "GATEPROBE_APIS": "shop"})
        begun = time.time()
        invocation = narrow.invoke(change(stack, stack.stock.id, begun))
        assert invocation.error is None and invocation.payload["event"] == "ignored", invocation
        assert "none of those that the config" in invocation.payload["why"]
        assert time.time() - begun < 30, "a minute's wait is for what is watched"
        assert backend.calls() == []


class TestWidget:
    def test_says_what_it_is(self, stack: Stack) -> None:
        invocation = stack.function.invoke({"describe": True})
        assert invocation.error is None and list(invocation.payload) == ["markdown"], invocation
        assert "``` yaml" in invocation.payload["markdown"]

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_shows_what_is_open(self, stack: Stack, backend: Backend, theme: str) -> None:
        drawn = page(stack.function.invoke(widget.event(theme)))
        assert "1 incident is open" in drawn.text and "gp-1" in drawn.text and "backend-status" in drawn.text, drawn.text
        assert "<script>alert(1)</script>/prod GET /stock" in drawn.text, "as words, and not as a tag"
        assert "2 of 2 methods of 2 stages asked" in drawn.text, "of all, whatever was looked at last"
        called = [(action["endpoint"], parameters) for action, parameters in drawn.actions]
        arn = f"arn:aws:lambda:{REGION}:000000000000:function:{stack.function.name}"
        assert called == [(arn, {"show": "history"}), (arn, {"incident": "gp-1"})], called
        assert backend.calls() == [], "a dashboard asks nobody's API"

    def test_its_buttons_work(self, stack: Stack) -> None:
        first = page(stack.function.invoke(widget.event()))
        history, details = (page(stack.function.invoke(widget.event(**parameters))) for _, parameters in first.actions)
        assert "gateprobe ack gp-1" in details.text and memory.TABLE in details.text, details.text
        assert "opened" in history.text and "gp-1: " in history.text, history.text

    def test_writes_nothing(self, stack: Stack) -> None:
        before = memory.items(stack.server)
        page(stack.function.invoke(widget.event()))
        assert memory.items(stack.server) == before

    @pytest.mark.parametrize(
        ("parameters", "said"),
        [
            ({"incident": "gp-99"}, "There is no open incident gp-99. Open: gp-1."),
            ({"incident": "<b>"}, "The parameter incident is no incident's name"),
            ({"show": ["x"]}, "The parameter show names no page"),
            ({"staleAfterSeconds": "x"}, "The parameter staleAfterSeconds"),
        ],
    )
    def test_a_wrong_parameter_is_a_sentence(self, stack: Stack, parameters: dict[str, Any], said: str) -> None:
        assert said in page(stack.function.invoke(widget.event(**parameters))).text

    @pytest.mark.parametrize("table", ["gateprobe-none", ""])
    def test_so_is_a_table_that_is_not_there(self, stack: Stack, code: bytes, table: str) -> None:
        name = f"gateprobe-lost-{table or 'x'}"
        lost = Function.create(stack.server, name, code, {**stack.addresses, "GATEPROBE_TABLE": table})
        drawn = page(lost.invoke(widget.event()))
        assert "The incidents cannot be shown: " in drawn.text and "GATEPROBE_TABLE" in drawn.text or table in drawn.text
        assert page(lost.invoke(widget.event())).text == drawn.text, "and it goes on"

    def test_so_is_a_table_that_does_not_answer(self, stack: Stack, code: bytes) -> None:
        """Well before Lambda would end it: the dashboard shows why, and not that a function failed."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            env = {**stack.addresses, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
            deaf = Function.create(stack.server, "gateprobe-deaf", code, env, timeout=6)
            drawn = page(deaf.invoke(widget.event()))
        assert "did not answer within" in drawn.text, drawn.text

    def test_needs_nothing_of_the_monitors(self, stack: Stack, code: bytes, backend: Backend) -> None:
        """A config that the monitor refuses is no reason for an empty dashboard."""
        names = ["AWS_ENDPOINT_URL", "AWS_EC2_METADATA_DISABLED", "GATEPROBE_TABLE"]
        env = {name: stack.addresses[name] for name in names} | {"GATEPROBE_CONFIG": "nonsense: ["}
        alone = Function.create(stack.server, "gateprobe-widget", code, env)
        assert "1 incident is open" in page(alone.invoke(widget.event())).text
        refused = alone.invoke({})
        assert refused.error and refused.payload["errorType"] == "Gateprobe.Config", refused


class TestRefusal:
    @pytest.mark.parametrize(
        ("event", "shape"),
        [
            ({"key1": "hunter2"}, "{key1: string}"),
            ({"Records": [{"body": "hunter2"}]}, "{Records: [{body: string} x 1]}"),
            ({"detail-type": "hunter2", "source": "aws.ec2"}, "{detail-type: string, source: string}"),
            ({"describe": "hunter2"}, "{describe: string}"),
            ({"widgetContext": ["hunter2"]}, "{widgetContext: [string x 1]}"),
            (["hunter2"], "[string x 1]"),
            ("hunter2", "string"),
        ],
    )
    def test_what_nobody_knows_is_an_error(self, stack: Stack, backend: Backend, event: Any, shape: str) -> None:
        """With a type to search for, its shape in the log, and none of its values."""
        invocation = stack.function.invoke(event)
        assert invocation.error and invocation.payload["errorType"] == "Gateprobe.Event", invocation
        assert shape in invocation.payload["errorMessage"], invocation
        told = json.dumps(invocation.payload) + invocation.log
        assert "hunter2" not in told, told
        logged = [json.loads(line) for line in invocation.log.splitlines() if line.startswith("{")]
        assert any(line["level"] == "ERROR" and shape in line.get("fault", "") for line in logged), invocation
        assert backend.calls() == []

    def test_a_change_without_an_api_is_one(self, stack: Stack) -> None:
        event = change(stack, stack.shop.id, time.time(), requestParameters={"restApiId": "../hunter2"})
        invocation = stack.function.invoke(event)
        assert invocation.error and invocation.payload["errorType"] == "Gateprobe.Event", invocation
        assert "names no API" in invocation.payload["errorMessage"]
        assert "hunter2" not in (json.dumps(invocation.payload) + invocation.log).lower().replace("asiahunter2", "")

    def test_the_function_goes_on(self, stack: Stack) -> None:
        assert stack.function.invoke({}).payload["event"] == "run"

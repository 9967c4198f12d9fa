"""A known-good request for every method, without harm: other people's documents in both emulators, with no config."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

import definitions
import emulators
from aws import client
from backend import Backend
from gateprobe import Gateprobe
from restapi import Http, RestApi
from server import Server
from survey import SAFE, SENT_UNASKED, Method, Survey, calibration, put, survey, token_authorizer
from tap import tap

EMULATORS = ("LocalStack", "MiniStack")


def _document(name: str) -> Any:
    missing = name in definitions.FOUND and definitions.found_folder() is None
    return pytest.param(name, marks=pytest.mark.skip(reason="kept outside the repository: name its folder in GATEPROBE_DEFINITIONS")) if missing else name


DOCUMENTS = [_document(name) for name in [*definitions.names(), *definitions.FOUND]]

THERE = [*definitions.names(), *(definitions.FOUND if definitions.found_folder() else ())]

Surveyed = Callable[[str], Survey]


@pytest.fixture(scope="module")
def surveyed(localstack_server: Server, ministack_server: Server, backend_server: Backend, gateprobe: Gateprobe) -> Surveyed:
    servers = {server.name: server for server in (localstack_server, ministack_server)}

    @cache
    def one(emulator: str) -> Survey:
        return survey(THERE, servers[emulator], localstack_server, backend_server, gateprobe)

    return one


documents = pytest.mark.parametrize("name", [*DOCUMENTS, "calibration"])
in_each = pytest.mark.parametrize("emulator", EMULATORS)


@in_each
@documents
def test_no_unsafe_verb_reaches_the_backend(surveyed: Surveyed, emulator: str, name: str) -> None:
    seen = surveyed(emulator)
    for call in seen.reached(name):
        assert call.method in SENT_UNASKED, (call, seen.run)
        assert call.path.split("/")[2] in (call.method, "ANY"), f"{call} came by another operation's door: {seen.run}"
    for request in seen.sent(name):
        if request.method not in SENT_UNASKED:
            assert request.body == b"" and 400 <= request.status < 500, request


@in_each
@documents
def test_the_plan_has_each_methods_fate(surveyed: Surveyed, emulator: str, name: str) -> None:
    """What a plan can know without sending: on an emulator `refusal-not-seen` shows only in the run."""
    seen = surveyed(emulator)
    plan = seen.plan.json()
    mine = [method for method in plan["methods"] if method["api"] == seen.apis[name]]
    told = {Method(m["api"], m["method"], m["resource"]): m.get("skipped") or m["fate"] for m in mine}
    expected = {method: "probed" if seen.fate(method) != "no-safe-proof" else "no-safe-proof" for method in seen.methods(name)}
    assert told == expected, seen.plan
    assert all(m.get("remedy") for m in mine if m.get("skipped")), seen.plan


@in_each
def test_the_plan_sends_an_unsafe_verb_only_to_be_refused(surveyed: Surveyed, emulator: str) -> None:
    seen = surveyed(emulator)
    plan = seen.plan.json()
    unsafe = [probe for probe in plan["probes"] if probe["method"] not in SENT_UNASKED]
    assert len(unsafe) == sum(bool(kinds) and method.verb not in SAFE for method, kinds in seen.kinds.items()), seen.plan
    for probe in unsafe:
        assert probe["provenance"] == "refusal" and probe["refusal"], probe


@in_each
@documents
def test_the_run_proves_each_method_or_says_why_not(surveyed: Surveyed, emulator: str, name: str) -> None:
    seen = surveyed(emulator)
    stage = seen.stage(name)
    fates = seen.fates(name)
    probed = fates.pop("probed", 0)
    assert stage["deployed"] == len(seen.methods(name)), stage
    assert stage["skipped"] == dict(fates), stage
    assert stage["probed"] == probed, stage
    sent = {request.method for request in seen.sent(name)} - SENT_UNASKED
    assert sent == {m.verb for m in seen.methods(name) if seen.fate(m) == "probed"} - SENT_UNASKED - {"ANY"}, stage


@in_each
def test_the_whole_run(surveyed: Surveyed, emulator: str) -> None:
    """At least 95 % of what was probed is proved; and what a method that is no MOCK answered, the backend has seen."""
    seen = surveyed(emulator)
    report = seen.run.report()
    report.check()
    assert {call.method for call in seen.calls} <= SENT_UNASKED, seen.run
    assert report.coverage["routed"] >= 0.95 * report.coverage["probed"] > 0, seen.run
    assert report.raw["refusals_not_given"] == [], seen.run
    answered = {method for request in seen.requests if request.status < 400 and (method := seen.method_of(request))}
    # Not a share of the answers: it depends on how many MOCKs the documents have that are at hand.
    doors = {door for method in answered if (door := seen.doors[method])}
    assert len(doors) >= len(answered) / 2, answered
    assert doors <= {call.path.split("?")[0] for call in seen.calls}, seen.run


@pytest.fixture
def guarded(request: pytest.FixtureRequest, backend: Backend) -> Callable[[Server], str]:
    """An API of nothing but unsafe verbs, one behind each kind of refusal."""

    def make(server: Server) -> str:
        api = RestApi([server], "guarded")
        gateway = client(server.url, "apigateway")
        validator = gateway.create_request_validator(restApiId=api.id, name="all", validateRequestBody=True, validateRequestParameters=True)["id"]
        gateway.create_model(restApiId=api.id, name="Thing", contentType="application/json", schema='{"type": "object", "required": ["name"]}')
        api.method("POST", "/key", Http(f"{backend.url}/POST/key"), key=True)
        for verb, path, change in (
            ("PUT", "/token", {"authorizationType": "CUSTOM", "authorizerId": token_authorizer(server, api.id)}),
            ("DELETE", "/signed", {"authorizationType": "AWS_IAM"}),
            ("PATCH", "/parameters", {"requestParameters": {"method.request.querystring.q": True}, "requestValidatorId": validator}),
            ("POST", "/body", {"requestModels": {"application/json": "Thing"}, "requestValidatorId": validator}),
        ):
            put(api, server, verb, path, backend.url, **change)
        put(api, server, "POST", "/media", backend.url, passthrough="NEVER")
        put(api, server, "POST", "/open", backend.url)
        api.deploy("live")
        return api.id

    return make


@in_each
@pytest.mark.parametrize("calibrated", [False, True])
def test_a_refusal_is_used_only_after_it_was_seen(
    localstack_server: Server,
    ministack_server: Server,
    backend: Backend,
    gateprobe: Gateprobe,
    guarded: Callable[[Server], str],
    emulator: str,
    calibrated: bool,
) -> None:
    server = ministack_server if emulator == "MiniStack" else localstack_server
    emulators.reset(server)
    guarded(server)
    if calibrated:
        calibration(server, backend.url)
    with tap(server) as data:
        outcome = gateprobe.on(server)("run", "--format", "json", env=data.address)
    report = outcome.report()
    report.check()
    sent = sorted({(request.method, request.path.split("_user_request_")[1].split("?")[0]) for request in data.unsafe()})
    assert {call.method for call in backend.calls()} <= SENT_UNASKED, outcome
    proved = [("POST", "/key"), ("POST", "/media"), ("PATCH", "/parameters"), ("POST", "/body")]
    if emulator == "MiniStack":
        proved.append(("PUT", "/token"))
    expected = proved if calibrated else []
    assert sent == sorted(expected), outcome
    assert report.coverage["skipped"] == {"refusal-not-seen": 6 - len(expected), "no-safe-proof": 1}, outcome


def test_a_data_plane_that_enforces_neither_gets_nothing_unsafe(
    ministack_server: Server, localstack_server: Server, backend: Backend, gateprobe: Gateprobe
) -> None:
    """The control plane (MiniStack) says authorizer and IAM, the data plane (LocalStack) enforces neither, and shows it on the safe verbs."""
    emulators.reset(ministack_server)
    emulators.reset(localstack_server)
    api = RestApi([ministack_server, localstack_server], "unguarded")
    token = {server.name: token_authorizer(server, api.id) for server in api.servers}
    for server in api.servers:
        for verb in ("GET", "POST", "DELETE"):
            put(api, server, verb, "/token", backend.url, authorizationType="CUSTOM", authorizerId=token[server.name])
            put(api, server, verb, "/signed", backend.url, authorizationType="AWS_IAM")
    api.deploy("live")
    with tap(localstack_server) as data:
        outcome = gateprobe.on(ministack_server)("run", "--format", "json", env=data.address)
    assert data.unsafe() == [], outcome
    assert outcome.report().coverage["skipped"] == {"refusal-not-seen": 4}, outcome
    assert {call.method for call in backend.calls()} == {"GET"}, outcome


def test_a_refusal_that_does_not_come_is_told_and_not_tried_again(
    ministack_server: Server, localstack_server: Server, backend: Backend, gateprobe: Gateprobe
) -> None:
    """GET /key is refused in both; the POSTs want a key by the control plane's word alone. What one of them lets through stops the kind."""
    emulators.reset(ministack_server)
    emulators.reset(localstack_server)
    api = RestApi([ministack_server, localstack_server], "leaky")
    for server in api.servers:
        put(api, server, "GET", "/key", backend.url, apiKeyRequired=True)
        for number in range(8):
            put(api, server, "POST", f"/leak{number}", backend.url, apiKeyRequired=server is ministack_server)
    api.deploy("live")
    with tap(localstack_server) as data:
        outcome = gateprobe.on(ministack_server)("run", "--format", "json", env=data.address)
    report = outcome.report()
    assert len(data.unsafe()) == 1, (data.unsafe(), outcome)
    assert len(report.raw["refusals_not_given"]) == 1, outcome
    assert outcome.status == 1, outcome

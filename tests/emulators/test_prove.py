"""`gateprobe prove` against infra/proving-ground.yaml as each emulator takes it.

What an emulator answers says nothing of AWS. What is proved here: that the template deploys and leaves nothing, that every fact gets an answer or a named
reason, that nothing but the proving ground is asked, and that an emulator's known lies (QUIRKS.md) are shown as answers of another kind.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

import ground
from backend import Backend
from emulators import REPOSITORY
from gateprobe import Gateprobe, Outcome
from ground import Deployed, for_localstack, for_ministack
from restapi import Http, RestApi
from server import Server
from tap import Tap, tap

DOMAIN = "proving.example.com"
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-0000-0000-000000000000"
FOREIGN = "orders"
SAFE = ("GET", "HEAD", "OPTIONS")
AS_TAKEN, OTHER, NOT_ASKED = "as-taken", "other", "not-asked"


@dataclass(frozen=True)
class Proved:
    deployed: Deployed
    foreign: RestApi
    outcome: Outcome
    markdown: Outcome
    tap: Tap

    @property
    def facts(self) -> Mapping[str, Mapping[str, Any]]:
        return {fact["id"]: fact for fact in self.outcome.json()["facts"]}

    def ended(self, how: str) -> set[str]:
        return {id for id, fact in self.facts.items() if fact["agrees"] == how}

    def rows(self) -> list[Mapping[str, Any]]:
        return [row for fact in self.facts.values() for row in fact["rows"]]


def orders(server: Server, backend: str, name: str = FOREIGN) -> RestApi:
    """Somebody else's API beside the proving ground: every call of it is seen by the backend."""
    api = RestApi([server], name)
    for verb, path in [("GET", "/orders"), ("POST", "/orders"), ("GET", "/open"), ("POST", "/open")]:
        api.method(verb, path, Http(f"{backend}{path}"))
    api.deploy("full")
    return api


@pytest.fixture(scope="module")
def on_ministack(ministack: Server, gateprobe: Gateprobe, backend_server: Backend) -> Iterator[Proved]:
    foreign = orders(ministack, backend_server.url)
    parameters = {"Function": "true", "DomainName": DOMAIN, "CertificateArn": CERTIFICATE}
    deployed = ground.deploy(ministack, for_ministack(ground.template(), backend_server.url), parameters)
    backend_server.forget()
    with tap(ministack) as watched:
        port = urlsplit(watched.url).port
        addresses = ["--invoke-url", f"http://{{api}}.execute-api.localhost:{port}/{{stage}}"]
        addresses += ["--domain-url", "http://{domain}", "--connect-to", f"{DOMAIN}:80:127.0.0.1:{port}"]
        environment = {"AWS_ENDPOINT_URL": ministack.url}
        outcome = gateprobe("prove", "--large", "--format", "json", *addresses, env=environment, timeout=300)
        markdown = gateprobe("prove", "--large", *addresses, env=environment, timeout=300)
        yield Proved(deployed, foreign, outcome, markdown, watched)


@pytest.fixture(scope="module")
def on_localstack(localstack: Server, gateprobe: Gateprobe, backend_server: Backend) -> Iterator[Proved]:
    foreign = orders(localstack, backend_server.url)
    deployed = ground.deploy(localstack, for_localstack(ground.template()))
    backend_server.forget()
    with tap(localstack) as watched:
        environment = {"AWS_ENDPOINT_URL": localstack.url, "GATEPROBE_INVOKE_URL": f"{watched.url}/_aws/execute-api/{{api}}/{{stage}}"}
        outcome = gateprobe("prove", "--large", "--format", "json", env=environment, timeout=300)
        markdown = gateprobe("prove", "--large", env=environment, timeout=300)
        yield Proved(deployed, foreign, outcome, markdown, watched)


@pytest.fixture(params=["on_ministack", "on_localstack"])
def proved(request: pytest.FixtureRequest) -> Proved:
    return request.getfixturevalue(request.param)


def test_every_fact_has_an_answer_or_a_reason(proved: Proved) -> None:
    assert len(proved.facts) > 90 and len(proved.ended(AS_TAKEN)) > 25, proved.outcome
    for id, fact in proved.facts.items():
        assert fact["question"].endswith("?") and fact["rows"], fact
        for row in fact["rows"]:
            assert row["means"], (id, row)
            answered = bool(row["answers"]) or row["asked"].endswith("the control plane")
            assert answered or row["agrees"] == NOT_ASKED, (id, row)
            for answer in row["answers"]:
                assert answer["status"] or answer["message"], (id, row)


def test_it_ends_with_1_where_something_differs(proved: Proved) -> None:
    assert proved.outcome.status == 1 and proved.ended(OTHER), proved.outcome


def test_nothing_else_is_asked(proved: Proved, backend_server: Backend) -> None:
    """Every request that went out names an API of the ground, or its domain; the backend saw the HTTP APIs' routes and nothing of anybody else's."""
    assert len(proved.tap.requests) > 100, len(proved.tap.requests)
    ours = set(proved.deployed.apis.values())
    for request in proved.tap.requests:
        host = request.headers["host"].split(":")[0]
        named = host.split(".")[0] if "execute-api" in host else request.path.removeprefix("/_aws/execute-api/").split("/")[0]
        assert host == DOMAIN or named in ours, request
        assert proved.foreign.id not in request.path + host, request
    others = [call for call in backend_server.calls() if not call.path.startswith("/echo/")]
    assert not others, others


def test_unsafe_verbs_reach_mocks_alone(proved: Proved, backend_server: Backend) -> None:
    unsafe = {(request.method, request.path.split("?")[0].rsplit("/", 2)[-1]) for request in proved.tap.unsafe()}
    validated = {("POST", "strict"), ("POST", "loose"), ("POST", "null")}
    # LocalStack exports no API that has ANY, so what lies behind the methods of `trees` is not known there, and the guard refuses.
    exported = proved.deployed.server.name == "MiniStack"
    assert unsafe == (validated | {("POST", "open"), ("POST", "any")} if exported else validated), unsafe
    [post] = proved.facts["A0.verb"]["rows"]
    assert (post["agrees"] == AS_TAKEN) if exported else ("known to be a mock" in post["means"]), post
    assert {call.method for call in backend_server.calls()} <= set(SAFE), backend_server.calls()


def test_ministacks_known_lies_are_shown(on_ministack: Proved) -> None:
    """It routes by the edited tree, whatever the stage; knows no IncompleteSignatureException; checks no signature, no policy, no switched-off endpoint."""
    lies = {"A0.not-deployed", "A0.other-stage", "H.shadowed", "B12.canary", "A3.bearer", "A3.junk", "A2.policy", "A4.disabled", "B5.slash-in-value"}
    assert lies <= on_ministack.ended(OTHER), lies - on_ministack.ended(OTHER)
    right = {"A0.path", "A0.root", "A0.proxy-parent", "A0.head", "A0.case", "A1.stage-missing", "A1.stage-unknown", "A6.status", "A6.when", "B3.any"}
    right |= {"B16.token", "B16.request", "C4.path", "C4.greedy-parent", "C4.parameter"}
    assert right <= on_ministack.ended(AS_TAKEN), right - on_ministack.ended(AS_TAKEN)
    [route] = on_ministack.facts["C4.full-before-greedy"]["rows"]
    assert route["agrees"] == OTHER and route["answers"][0]["door"] == "Greedy", route


def test_localstacks_known_lies_are_shown(on_localstack: Proved) -> None:
    """It has an answer of its own for a stage that is not there; asks no authorizer, no signature; customises the status alone."""
    lies = {"A1.stage-missing", "A1.stage-unknown", "A0.stage-case", "A3.bearer", "A0.iam", "B16.token", "B16.request", "A6.status", "B8.header-case", "A2.policy"}
    assert lies <= on_localstack.ended(OTHER), lies - on_localstack.ended(OTHER)
    right = {"A0.not-deployed", "A0.other-stage", "H.shadowed", "B1.pairs", "B1.backtracking", "B5.slash-in-value", "A2.key", "A6.when"}
    assert right <= on_localstack.ended(AS_TAKEN), right - on_localstack.ended(AS_TAKEN)
    assert all(on_localstack.facts[id]["agrees"] == NOT_ASKED for id in on_localstack.facts if id.startswith(("C4.", "B22.")))


def test_the_custom_domain_is_asked(on_ministack: Proved) -> None:
    assert {"B22.mapped", "B22.without-stage"} <= on_ministack.ended(AS_TAKEN), on_ministack.facts["B22.mapped"]
    assert any(request.headers["host"].split(":")[0] == DOMAIN for request in on_ministack.tap.requests)


def test_a_diagnosis_is_held_against_the_trap(on_ministack: Proved) -> None:
    """Where MiniStack answers as AWS is taken to, every diagnosis names the trap's cause."""
    judged = [row for row in on_ministack.rows() if row["agrees"] == AS_TAKEN and (row["diagnosed"] or {}).get("right") is not None]
    wrong = [row for row in judged if not row["diagnosed"]["right"]]
    assert len(judged) > 30 and not wrong, wrong


def test_markdown_says_the_same(proved: Proved) -> None:
    assert proved.markdown.status == 1, proved.markdown
    rows = [line for line in proved.markdown.stdout.splitlines() if line.startswith("| **")]
    assert len(rows) == len(proved.facts), proved.markdown
    for line in proved.markdown.stdout.splitlines():
        if line.startswith("|"):
            assert line.replace("\\|", "").count("|") == 7, line


def test_an_api_of_the_name_that_is_not_ours_stops_everything(ministack: Server, gateprobe: Gateprobe, backend: Backend, on_ministack: Proved) -> None:
    orders(ministack, backend.url, name="shop-trees")
    outcome = gateprobe.on(ministack)("prove", "--stack", "shop")
    assert outcome.status == 2 and "not the proving ground's" in outcome.stderr and not outcome.stdout, outcome
    assert not backend.calls(), backend.calls()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stack", "nobodys"], "infra/proving-ground.yaml"),
        (["--stack", "*"], "no name of a stack"),
        (["--api", "orders"], "leave --api and --stage away"),
    ],
)
def test_it_cannot_run_without_its_ground(ministack: Server, gateprobe: Gateprobe, arguments: list[str], words: str) -> None:
    outcome = gateprobe.on(ministack)("prove", *arguments)
    assert outcome.status == 2 and words in outcome.stderr, outcome


def test_the_changes_for_the_emulators_are_the_stated_ones() -> None:
    whole = ground.template()
    changed = for_ministack(ground.template(), "http://127.0.0.1:1")
    assert set(whole["Resources"]) - set(changed["Resources"]) == {"HttpNamedFrozen"}
    touched = {name for name in changed["Resources"] if _without_order(whole, name) != _without_order(changed, name)}
    assert {whole["Resources"][name]["Type"] for name in touched} == {"AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Stage"}, touched
    changed = for_localstack(ground.template())
    gone = {whole["Resources"][name]["Type"] for name in set(whole["Resources"]) - set(changed["Resources"])}
    assert all(kind.startswith("AWS::ApiGatewayV2::") or kind == "AWS::ApiGateway::Authorizer" for kind in gone), gone
    touched = {name for name in changed["Resources"] if _without_order(whole, name) != _without_order(changed, name)}
    assert touched == {f"Checks{name}Get" for name in ("Token", "Shaped", "Kept", "Asked", "TokenKey", "Decide")}, touched


def _without_order(template: ground.Template, name: str) -> Any:
    resource = copy.deepcopy(template["Resources"][name])
    resource.pop("DependsOn", None)
    return resource


def test_the_docs_hold_every_fact(on_ministack: Proved, on_localstack: Proved) -> None:
    """docs/proving-ground.md shows both emulators' answers: a fact that was added since is missing there. GATEPROBE_DOCS=1 writes them."""
    page = REPOSITORY / "docs" / "proving-ground.md"
    text = page.read_text()
    if os.environ.get("GATEPROBE_DOCS") == "1":
        for name, proved in (("ministack", on_ministack), ("localstack", on_localstack)):
            start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
            before, after = text.split(start)[0], text.split(end)[1]
            told = re.sub(r"(localhost|127\.0\.0\.1):\d+", r"\1:PORT", proved.markdown.stdout)
            text = before + start + told + end + after
        page.write_text(text)
    missing = [id for id in on_localstack.facts if text.count(f"| **{id}** ") != 2]
    assert not missing, missing


def test_deleting_the_stack_leaves_nothing(ministack: Server, localstack: Server, on_ministack: Proved, on_localstack: Proved) -> None:
    """Last: the fixtures' stacks go."""
    for server in (ministack, localstack):
        ground.delete(server)
        assert ground.apis(server) == {}, server.name

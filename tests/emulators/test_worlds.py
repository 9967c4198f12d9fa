"""The ground that the other tests stand on: that the emulators start, and that the worlds are what those tests believe."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

import definitions
import worlds
from aws import client
from backend import Backend
from function import Function
from inbox import Inbox
from metrics import published, statistics
from restapi import Http, Mock, RestApi, invoke_url
from server import Server
from wire import fetch
from worlds import World

NOT_FOUND = (403, "MissingAuthenticationTokenException", "Missing Authentication Token")


@pytest.fixture(params=["ministack", "localstack"])
def emulator(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def shop(ministack: Server, localstack: Server, backend_server: Backend) -> World:
    return worlds.shop([ministack, localstack], backend_server.url)


@pytest.fixture(scope="module")
def mapped(ministack: Server, backend_server: Backend) -> World:
    return worlds.domains(ministack, backend_server.url)


def listening(port: int) -> set[str]:
    """The local addresses, in the kernel's hexadecimal, that listen on a port."""
    lines = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    return {line[1].split(":")[0] for line in lines if line[3] == "0A" and line[1].endswith(f":{port:04X}")}


def test_listens_on_loopback_only(emulator: Server) -> None:
    assert listening(emulator.port) == {"0100007F"}


def test_backend_answers_and_remembers(backend: Backend) -> None:
    assert fetch(f"{backend.url}/a").json() == {"method": "GET", "path": "/a"}
    assert fetch(f"{backend.url}/status/503", "POST").status == 503
    assert fetch(f"{backend.url}/slow/0.01", headers={"x-seen": "yes"}).status == 200
    assert backend.counts() == {("GET", "/a"): 1, ("POST", "/status/503"): 1, ("GET", "/slow/0.01"): 1}
    assert backend.calls()[-1].headers["x-seen"] == "yes"


class TestTwin:
    """One API in both under one id."""

    def test_control_plane_holds_the_true_snapshots(self, shop: World, ministack: Server) -> None:
        gateway = client(ministack.url, "apigateway")
        found = set()
        for stage in gateway.get_stages(restApiId=shop.api.id)["item"]:
            summary = gateway.get_deployment(restApiId=shop.api.id, deploymentId=stage["deploymentId"], embed=["apisummary"])["apiSummary"]
            found |= {worlds.Method(stage["stageName"], verb, path) for path, verbs in summary.items() for verb in verbs}
        assert found == shop.deployed

    def test_edited_tree_differs(self, shop: World, ministack: Server) -> None:
        items = client(ministack.url, "apigateway").get_resources(restApiId=shop.api.id, embed=["methods"], limit=500)["items"]
        edited = {(verb, item["path"]) for item in items for verb in item.get("resourceMethods", {})}
        for stage, verb, path in shop.undeployed:
            assert (verb, path) in edited
            assert (stage, verb, path) not in shop.deployed
        assert ("HEAD", "/reports") not in edited and ("GET", "/legacy") not in edited

    @pytest.mark.parametrize(
        ("stage", "verb", "path", "status"),
        [
            ("prod", "GET", "/legacy", 200),
            ("qa", "GET", "/legacy", 200),
            ("dev", "GET", "/legacy", 403),
            ("prod", "GET", "/catalogue", 403),
            ("qa", "GET", "/catalogue", 403),
            ("dev", "GET", "/catalogue", 200),
            ("prod", "GET", "/drafts", 403),
            ("dev", "GET", "/drafts", 403),
            ("prod", "HEAD", "/reports", 200),
            ("prod", "OPTIONS", "/reports", 200),
        ],
    )
    def test_data_plane_serves_the_true_snapshots(
        self, shop: World, localstack: Server, stage: str, verb: str, path: str, status: int
    ) -> None:
        answer = fetch(invoke_url(localstack, shop.api.id, stage) + path, verb)
        assert answer.status == status
        if status == 403:
            assert (answer.status, answer.error_type, answer.message) == NOT_FOUND

    def test_data_plane_reaches_the_backend(self, shop: World, localstack: Server, backend: Backend) -> None:
        base = invoke_url(localstack, shop.api.id, "prod")
        for path in ("/orders", "/orders/7", "/orders/7/items", "/files/a/b"):
            assert fetch(base + path).json() == {"method": "GET", "path": path}
        assert fetch(base + "/broken").status == 500
        assert set(backend.counts()) == {
            ("GET", path) for path in ("/orders", "/orders/7", "/orders/7/items", "/files/a/b", "/status/500")
        }
        down = fetch(base + "/down")
        assert (down.status, down.error_type) == (500, "ApiConfigurationException")

    def test_rollback_of_the_control_plane(self, shop: World, ministack: Server) -> None:
        stages = client(ministack.url, "apigateway").get_stages(restApiId=shop.api.id)["item"]
        deployment = {stage["stageName"]: stage["deploymentId"] for stage in stages}
        assert deployment["qa"] == deployment["prod"] != deployment["dev"]


class TestMiniStackAlone:
    @pytest.mark.parametrize(
        ("verb", "path", "expected"),
        [
            ("GET", "/", (200, None, None)),
            ("GET", "/orders/", (200, None, None)),
            ("HEAD", "/files/a/b", (200, None, None)),
            ("GET", "/ordrs", NOT_FOUND),
            ("GET", "/Orders", NOT_FOUND),
            ("PUT", "/orders", NOT_FOUND),
            ("GET", "/files", NOT_FOUND),
            ("GET", "/signed", NOT_FOUND),
            ("GET", "/keyed", (403, None, "Forbidden")),
        ],
    )
    def test_data_plane(self, mapped: World, ministack: Server, verb: str, path: str, expected: tuple[object, ...]) -> None:
        answer = fetch(invoke_url(ministack, mapped.api.id, "live") + path, verb)
        assert (answer.status, answer.error_type, answer.message) == expected

    def test_unknown_stage_is_forbidden(self, mapped: World, ministack: Server) -> None:
        for stage in ("nope", "LIVE"):
            answer = fetch(invoke_url(ministack, mapped.api.id, stage) + "/orders")
            assert (answer.status, answer.error_type, answer.message) == (403, "ForbiddenException", "Forbidden")

    @pytest.mark.parametrize(
        ("path", "status", "error_type"),
        [("/live/orders", 200, None), ("/orders", 403, "ForbiddenException"), ("/live/ordrs", 403, "MissingAuthenticationTokenException")],
    )
    def test_data_plane_by_host(self, mapped: World, ministack: Server, path: str, status: int, error_type: str | None) -> None:
        answer = fetch(ministack.url + path, headers={"host": f"{mapped.api.id}.execute-api.localhost:{ministack.port}"})
        assert (answer.status, answer.error_type) == (status, error_type)

    @pytest.mark.parametrize(
        ("domain", "path", "expected"),
        [
            (worlds.SHOP_DOMAIN, "/orders", (200, None)),
            (worlds.SHOP_DOMAIN, "/beta/orders", (200, None)),
            (worlds.SHOP_DOMAIN, "/deep/er/orders", (200, None)),
            (worlds.SHOP_DOMAIN, "/live/orders", (403, "MissingAuthenticationTokenException")),
            (worlds.BARE_DOMAIN, "/only/orders", (200, None)),
            (worlds.BARE_DOMAIN, "/orders", (404, None)),
        ],
    )
    def test_custom_domain(self, mapped: World, ministack: Server, domain: str, path: str, expected: tuple[int, str | None]) -> None:
        answer = fetch(ministack.url + path, headers={"host": domain})
        assert (answer.status, answer.error_type) == expected

    def test_mappings_are_listed(self, mapped: World, ministack: Server) -> None:
        v1 = client(ministack.url, "apigateway").get_base_path_mappings(domainName=worlds.SHOP_DOMAIN)["items"]
        assert {(item["basePath"], item["stage"]) for item in v1} == {("(none)", "live"), ("beta", "beta"), ("deep/er", "beta")}
        v2 = client(ministack.url, "apigatewayv2").get_api_mappings(DomainName=worlds.SHOP_DOMAIN)["Items"]
        assert {(item["ApiMappingKey"], item["Stage"]) for item in v2} == {("", "live"), ("beta", "beta"), ("deep/er", "beta")}

    def test_lists_are_paged(self, mapped: World, ministack: Server) -> None:
        gateway = client(ministack.url, "apigateway")
        first = gateway.get_base_path_mappings(domainName=worlds.SHOP_DOMAIN, limit=1)
        assert len(first["items"]) == 1 and first["position"]

    def test_silent_integration_times_out(self, ministack: Server, backend: Backend) -> None:
        api = RestApi([ministack], "slow")
        api.method("GET", "/slow", Http(f"{backend.url}/slow/8"))
        api.deploy("live")
        answer = fetch(invoke_url(ministack, api.id, "live") + "/slow")
        assert answer.status in (500, 504)

    def test_customised_gateway_response(self, ministack: Server) -> None:
        api = RestApi([ministack], "own-words")
        api.method("GET", "/a", Mock())
        api.customise("MISSING_AUTHENTICATION_TOKEN", "404", {"x-why": "no-route"}, '{"error":"nothing here"}')
        api.deploy("live")
        answer = fetch(invoke_url(ministack, api.id, "live") + "/b")
        assert (answer.status, answer.headers["x-why"], answer.json()) == (404, "no-route", {"error": "nothing here"})

    def test_metrics_come_back(self, ministack: Server) -> None:
        stage = {"Stage": "live"}
        client(ministack.url, "cloudwatch").put_metric_data(
            Namespace="Gateprobe",
            MetricData=[
                {"MetricName": "Latency", "Values": [1.0, 4.0], "Counts": [2.0, 1.0], "Unit": "Milliseconds"},
                {"MetricName": "Latency", "Value": 9.0, "Unit": "Milliseconds", "Dimensions": [{"Name": "Stage", "Value": "live"}]},
            ],
        )
        assert published(ministack) == {("Latency", frozenset()), ("Latency", frozenset(stage))}
        everything, one = statistics(ministack, "Latency"), statistics(ministack, "Latency", stage)
        assert everything and (everything.sum, everything.count) == (6.0, 3.0)
        assert one and (one.sum, one.count, one.minimum, one.maximum, one.units) == (9.0, 1.0, 9.0, 9.0, {"Milliseconds"})
        assert statistics(ministack, "Latency", {"Stage": "other"}) is None

    def test_alerts_come_back(self, ministack: Server) -> None:
        inbox = Inbox.open(ministack, "worlds-all")
        filtered = Inbox.open(ministack, "worlds-none", {"severity": ["low"]}, inbox.topic)
        client(ministack.url, "sns").publish(
            TopicArn=inbox.topic,
            Subject="s",
            MessageStructure="json",
            Message=json.dumps({"default": "text", "sqs": '{"n": 1}'}),
            MessageAttributes={"severity": {"DataType": "String", "StringValue": "high"}},
        )
        [alert] = inbox.read()
        assert (alert.subject, json.loads(alert.message), alert.attributes) == ("s", {"n": 1}, {"severity": "high"})
        assert filtered.read(0.3) == []

    def test_runs_a_custom_runtime(self, ministack: Server, tmp_path: Path) -> None:
        """The Lambda test's ground: a `bootstrap` in a zip is run natively and sees its environment."""
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as archive:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, ECHO_BOOTSTRAP)
        function = Function.create(ministack, "echo", zipped.getvalue(), {"GREETING": "hello"})
        answer = function.invoke({"n": 1})
        assert answer.error is None, answer
        assert answer.payload["event"] == {"n": 1}
        assert answer.payload["greeting"] == "hello"
        assert int(answer.payload["deadline"]) > 0
        assert answer.payload["region"] == "us-east-1"


ECHO_BOOTSTRAP = """#!/usr/bin/env python3
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        request, deadline, body = event.headers["Lambda-Runtime-Aws-Request-Id"], event.headers["Lambda-Runtime-Deadline-Ms"], json.load(event)
    answer = {"event": body, "greeting": os.environ.get("GREETING"), "deadline": deadline, "region": os.environ.get("AWS_REGION")}
    urllib.request.urlopen(urllib.request.Request(api + request + "/response", json.dumps(answer).encode(), method="POST")).read()
"""


class TestLocalStackAlone:
    def test_has_no_api_summary(self, localstack: Server, backend: Backend) -> None:
        world = worlds.healthy([localstack], backend.url)
        gateway = client(localstack.url, "apigateway")
        deployment = gateway.get_stages(restApiId=world.api.id)["item"][0]["deploymentId"]
        assert "apiSummary" not in gateway.get_deployment(restApiId=world.api.id, deploymentId=deployment, embed=["apisummary"])

    def test_refuses_the_v2_api(self, localstack: Server) -> None:
        v2 = client(localstack.url, "apigatewayv2")
        with pytest.raises(v2.exceptions.ClientError) as refused:
            v2.get_domain_names()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501

    def test_unknown_stage(self, localstack: Server, backend: Backend) -> None:
        world = worlds.healthy([localstack], backend.url)
        answer = fetch(invoke_url(localstack, world.api.id, "nope") + "/orders")
        assert (answer.status, answer.error_type) == (404, None)


class TestDefinitions:
    def test_there_are_nine(self) -> None:
        assert len(definitions.names()) == 9

    @pytest.mark.parametrize("name", definitions.names())
    def test_imported_by_localstack(self, localstack: Server, backend: Backend, name: str) -> None:
        document = definitions.load(name, backend.url)
        api = definitions.import_into_localstack(localstack, document, "live")
        items = client(localstack.url, "apigateway").get_resources(restApiId=api, embed=["methods"], limit=500)["items"]
        assert {(verb, item["path"]) for item in items for verb in item.get("resourceMethods", {})} == definitions.operations(document)

    @pytest.mark.parametrize("name", definitions.names())
    def test_imported_by_ministack(self, ministack: Server, backend: Backend, name: str) -> None:
        document = definitions.load(name, backend.url)
        api = definitions.import_into_ministack(ministack, document, "live")
        gateway = client(ministack.url, "apigateway")
        deployment = gateway.get_stages(restApiId=api)["item"][0]["deploymentId"]
        summary = gateway.get_deployment(restApiId=api, deploymentId=deployment, embed=["apisummary"])["apiSummary"]
        imported = {(verb, path) for path, verbs in summary.items() for verb in verbs}
        assert imported == {(verb, path) for verb, path in definitions.operations(document) if verb != "ANY"}  # it drops those

"""The documents in one emulator, beside an API that shows each refusal at work on a safe verb: what should come of each method, and what did."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import definitions
import emulators
from aws import client
from backend import Backend, Call
from gateprobe import Gateprobe, Outcome
from restapi import Http, RestApi
from server import Server
from tap import Request, tap

SAFE = {"GET", "HEAD", "OPTIONS", "ANY"}
SENT_UNASKED = {"GET", "HEAD", "OPTIONS"}
ENFORCED = {
    "MiniStack": {"authorizer", "pool", "api-key", "parameters", "body", "media-type"},
    "LocalStack": {"api-key", "parameters", "body", "media-type"},
}
"""What each emulator refuses before the integration: measured, QUIRKS.md. A junk signature neither of them refuses."""


class Method(NamedTuple):
    api: str
    verb: str
    path: str


@dataclass(frozen=True)
class Survey:
    """All documents in one emulator, planned and run at once."""

    emulator: str
    apis: Mapping[str, str]
    """The API's id of each document, and of the calibration."""
    kinds: Mapping[Method, frozenset[str]]
    """Each deployed method with the refusals that stand in front of it."""
    doors: Mapping[Method, str | None]
    """Where each deployed method leads at the backend; a MOCK nowhere."""
    plan: Outcome
    run: Outcome
    requests: list[Request]
    """What the run sent to the data plane."""
    calls: list[Call]
    """What the backend got of it."""

    def methods(self, name: str) -> set[Method]:
        return {method for method in self.kinds if method.api == self.apis[name]}

    def fate(self, method: Method) -> str:
        """`probed`, or the reason that this emulator leaves."""
        kinds = self.kinds[method]
        if method.verb in SAFE or kinds & ENFORCED[self.emulator]:
            return "probed"
        return "refusal-not-seen" if kinds else "no-safe-proof"

    def fates(self, name: str) -> Counter[str]:
        return Counter(self.fate(method) for method in self.methods(name))

    def stage(self, name: str) -> Mapping[str, Any]:
        """The report of the document's one stage."""
        [stage] = [stage for stage in self.run.report().stages if stage["api"] == self.apis[name]]
        return stage

    def sent(self, name: str) -> list[Request]:
        return [request for request in self.requests if f"/restapis/{self.apis[name]}/" in request.path]

    def method_of(self, request: Request) -> Method | None:
        """The deployed method that a request to the data plane is for: the one with the fewest parameters."""
        api, path = request.path.split("?")[0].removeprefix("/restapis/").split("/live/_user_request_")
        mine = [method for method in self.doors if method.api == api and method.verb in (request.method, "ANY")]
        shapes = {method: re.sub(r"\{(\w+)(\+?)\}", lambda part: ".+" if part[2] else "[^/]+", method.path) for method in mine}
        fits = [method for method in mine if re.fullmatch(shapes[method], path)]
        return min(fits, key=lambda method: (method.path.count("{"), method.verb == "ANY"), default=None)

    def reached(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.path.startswith(f"/{name}/")]


def calibration(server: Server, backend: str) -> str:
    """GET methods, each behind one kind of refusal: on an emulator a kind, and of authorizers each type, is used on an unsafe verb only
    after it was seen to work on a safe one."""
    api = RestApi([server], "calibration")
    gateway = client(server.url, "apigateway")
    validator = gateway.create_request_validator(restApiId=api.id, name="all", validateRequestBody=True, validateRequestParameters=True)["id"]
    gateway.create_model(restApiId=api.id, name="Thing", contentType="application/json", schema='{"type": "object", "required": ["name"]}')
    make = partial(gateway.create_authorizer, restApiId=api.id)
    pool = make(name="pool", type="COGNITO_USER_POOLS", providerARNs=[definitions.POOL], identitySource="method.request.header.Authorization")["id"]
    request = make(
        name="request",
        type="REQUEST",
        authorizerUri=definitions.NOWHERE,
        identitySource="method.request.header.X-Token",
        authorizerResultTtlInSeconds=300,
    )["id"]
    api.method("GET", "/key", Http(f"{backend}/calibration/GET/key"), key=True)
    api.method("GET", "/open", Http(f"{backend}/calibration/GET/open"))
    for path, change in (
        ("/token", {"authorizationType": "CUSTOM", "authorizerId": token_authorizer(server, api.id)}),
        ("/request", {"authorizationType": "CUSTOM", "authorizerId": request}),
        ("/pool", {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": pool}),
        ("/signed", {"authorizationType": "AWS_IAM"}),
        ("/parameters", {"requestParameters": {"method.request.querystring.q": True}, "requestValidatorId": validator}),
        ("/body", {"requestModels": {"application/json": "Thing"}, "requestValidatorId": validator}),
    ):
        put(api, server, "GET", path, backend, **change)
    put(api, server, "GET", "/media", backend, passthrough="NEVER")
    api.deploy("live")
    return api.id


def token_authorizer(server: Server, api: str) -> str:
    return client(server.url, "apigateway").create_authorizer(
        restApiId=api,
        name="token",
        type="TOKEN",
        authorizerUri=definitions.NOWHERE,
        identitySource="method.request.header.Authorization",
        authorizerResultTtlInSeconds=300,
    )["id"]


def put(api: RestApi, server: Server, verb: str, path: str, backend: str, *, passthrough: str | None = None, **change: Any) -> None:
    """A method that `RestApi.method` has no words for, leading to the backend at /API/VERB/path."""
    gateway = client(server.url, "apigateway")
    where = {"restApiId": api.id, "resourceId": api.resource(server, path), "httpMethod": verb}
    gateway.put_method(**where, **{"authorizationType": "NONE", **change})
    never = {"passthroughBehavior": passthrough, "requestTemplates": {"application/json": "{}"}} if passthrough else {}
    kind = "HTTP" if passthrough else "HTTP_PROXY"
    gateway.put_integration(**where, type=kind, integrationHttpMethod=verb, uri=f"{backend}/{api.name}/{verb}{path}", **never)
    if passthrough:
        gateway.put_method_response(**where, statusCode="200")
        gateway.put_integration_response(**where, statusCode="200")


def methods(server: Server, api: str) -> tuple[dict[Method, frozenset[str]], dict[Method, str | None]]:
    """Every method with the refusals that it is configured for, and with where it leads."""
    gateway = client(server.url, "apigateway")
    validators = {one["id"]: one for one in gateway.get_request_validators(restApiId=api)["items"]}
    authorizers = {one["id"]: one for one in gateway.get_authorizers(restApiId=api)["items"]}
    demanding = {model["name"] for model in gateway.get_models(restApiId=api)["items"] if json.loads(model["schema"]).get("required")}
    kinds, doors = {}, {}
    for page in gateway.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"]):
        for resource in page["items"]:
            for verb, method in resource.get("resourceMethods", {}).items():
                authorizer = authorizers.get(method.get("authorizerId"), {})
                integration = method["methodIntegration"]
                doors[Method(api, verb, resource["path"])] = None if integration["type"] == "MOCK" else urlsplit(integration["uri"]).path
                kinds[Method(api, verb, resource["path"])] = frozenset(_kinds(method, validators, authorizer, demanding))
    return kinds, doors


def _kinds(method: Mapping[str, Any], validators: Mapping[str, Any], authorizer: Mapping[str, Any], demanding: Set[str]) -> set[str]:
    validator = validators.get(method.get("requestValidatorId"), {})
    required = [name for name, needed in (method.get("requestParameters") or {}).items() if needed and ".path." not in name]
    integration = method["methodIntegration"]
    uncached = authorizer.get("type") == "REQUEST" and not authorizer.get("authorizerResultTtlInSeconds", 300)
    return {
        kind
        for kind, holds in {
            # without caching the authorizer's function is asked even where its identity source is missing
            "authorizer": method["authorizationType"] == "CUSTOM" and not uncached,
            "pool": method["authorizationType"] == "COGNITO_USER_POOLS",
            "iam": method["authorizationType"] == "AWS_IAM",
            "api-key": method["apiKeyRequired"],
            "parameters": validator.get("validateRequestParameters") and required,
            # a model that takes `{}` may take an empty body too
            "body": validator.get("validateRequestBody") and demanding & set((method.get("requestModels") or {}).values()),
            "media-type": integration.get("passthroughBehavior") == "NEVER"
            and integration.get("requestTemplates")
            and not integration["type"].endswith("PROXY"),
        }.items()
        if holds
    }


def survey(names: Sequence[str], server: Server, localstack: Server, backend: Backend, gateprobe: Gateprobe) -> Survey:
    """Imports the documents (into MiniStack by way of LocalStack, `definitions.copy`) beside a calibration, plans and runs."""
    emulators.reset(localstack)
    emulators.reset(server)
    apis = {"calibration": calibration(server, backend.url)}
    for name in names:
        api = definitions.import_into_localstack(localstack, definitions.load(name, backend.url), "live")
        apis[name] = api if server is localstack else definitions.copy(localstack, api, server, "live")
    found = [methods(server, api) for api in apis.values()]
    known = {method: kind for kinds, _ in found for method, kind in kinds.items()}
    doors = {method: door for _, doors in found for method, door in doors.items()}
    backend.forget()
    quick = gateprobe.home / "quick.yaml"
    quick.write_text("limits: {control_plane_rate: 1000, api_rate: 0}\n")  # says nothing of any request: at AWS's own pace 25 APIs take minutes
    tool = gateprobe.on(server)
    # At once: GetResources is asked for once a second whatever the config says, so that each takes as long as there are APIs.
    with tap(server) as nothing, tap(server) as data, ThreadPoolExecutor(1) as pool:
        planning = pool.submit(tool, "plan", "--config", quick, "--format", "json", env=nothing.address, timeout=300)
        run = tool("run", "--config", quick, "--format", "json", env=data.address, timeout=300)
        plan = planning.result()
        requests = list(data.requests)
    assert not nothing.requests, "a plan sends nothing"
    return Survey(server.name, apis, known, doors, plan, run, requests, backend.calls())

"""The OpenAPI and Swagger documents, made to lead nowhere but to the local backend, and put into the emulators."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aws import client
from server import Server

FOLDER = Path(__file__).resolve().parent / "definitions"
VERBS = {"get", "put", "post", "delete", "options", "head", "patch"}
ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
NOWHERE = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:none/invocations"
POOL = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_none"


@dataclass(frozen=True)
class Found:
    """A real-world document that is named here and kept outside the repository."""

    file: str
    repository: str
    commit: str
    path: str
    licence: str
    sha256: str
    bytes: int


FOUND = {entry["file"]: Found(**entry) for entry in json.loads((FOLDER / "found.json").read_text())}


def names() -> list[str]:
    """The documents that the repository carries."""
    return sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".json", ".yaml") and path.name != "found.json")


def found_folder() -> Path | None:
    """Where the documents of found.json are, if they are on this machine."""
    folder = os.environ.get("GATEPROBE_DEFINITIONS")
    return Path(folder) if folder else None


def text(name: str) -> str:
    """A document's text; one of found.json must be the very one that it names."""
    if name not in FOUND:
        return (FOLDER / name).read_text()
    folder = found_folder()
    if folder is None:
        raise FileNotFoundError(f"{name} is not in the repository: name the folder that holds it in GATEPROBE_DEFINITIONS")
    data = (folder / name).read_bytes()
    if hashlib.sha256(data).hexdigest() != FOUND[name].sha256:
        raise ValueError(f"{folder / name} is not the {name} that found.json names: its SHA-256 differs")
    return data.decode()


def load(name: str, backend: str) -> dict[str, Any]:
    """A document with what no emulator takes made plain: intrinsic functions and `${...}` of templates become words, and
    every integration but MOCK leads to the backend, at /DOCUMENT/VERB/path of its own operation, so that the backend's calls tell
    which operations were reached. AWS becomes HTTP and AWS_PROXY HTTP_PROXY; an operation without an integration gets HTTP_PROXY.
    """
    document = _plain(yaml.safe_load(text(name)))
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            if verb in VERBS or verb == ANY:
                shown = "ANY" if verb == ANY else verb.upper()
                operation[INTEGRATION] = _local(operation.get(INTEGRATION), shown, f"{backend}/{name}/{shown}" + re.sub(r"[{}+]", "", path))
    document.get("components", {}).pop("x-amazon-apigateway-integrations", None)
    document.pop("x-amazon-apigateway-policy", None)
    for scheme in (document.get("securityDefinitions") or document.get("components", {}).get("securitySchemes") or {}).values():
        authorizer = scheme.get("x-amazon-apigateway-authorizer", {})
        authorizer.pop("authorizerCredentials", None)
        if "authorizerUri" in authorizer:
            authorizer["authorizerUri"] = NOWHERE
        if "providerARNs" in authorizer:
            authorizer["providerARNs"] = [POOL]
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if len(value) == 1 and str(next(iter(value))).startswith(("Fn::", "Ref")):
            return "intrinsic"
        return {re.sub(r"\$\{(\w+)\}", r"\1", str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return re.sub(r"\$\{[\w.:]+\}", "word", value) if isinstance(value, str) else value


def _local(given: Any, verb: str, uri: str) -> dict[str, Any]:
    given = given if isinstance(given, dict) and "type" in given else {"type": "http_proxy"}
    kind = given["type"].lower().replace("aws", "http")
    local: dict[str, Any] = {"type": kind, "responses": {"default": {"statusCode": "200"}}}
    if "passthroughBehavior" in given:
        local["passthroughBehavior"] = given["passthroughBehavior"].lower()
    if kind == "mock":
        return local | {"requestTemplates": {"application/json": '{"statusCode": 200}'}}
    if "requestTemplates" in given:
        local["requestTemplates"] = {media: "{}" for media in given["requestTemplates"]}
    return local | {"httpMethod": verb, "uri": uri}


def operations(document: dict[str, Any]) -> set[tuple[str, str]]:
    """The (verb, path) pairs that a gateway should have after the import, read from the document itself."""
    return {
        ("ANY" if verb == ANY else verb.upper(), path)
        for path, item in document["paths"].items()
        for verb in item
        if verb in VERBS or verb == ANY
    }


def import_into_localstack(server: Server, document: dict[str, Any], stage: str) -> str:
    gateway = client(server.url, "apigateway")
    api = gateway.import_rest_api(body=json.dumps(document, default=str).encode())["id"]
    for resource in gateway.get_resources(restApiId=api, embed=["methods"])["items"]:
        for verb in resource.get("resourceMethods", {}):
            if _signed(document, resource["path"], verb):  # the import forgets awsSigv4
                gateway.update_method(
                    restApiId=api,
                    resourceId=resource["id"],
                    httpMethod=verb,
                    patchOperations=[{"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"}],
                )
    gateway.create_deployment(restApiId=api, stageName=stage)
    return api


def _signed(document: dict[str, Any], path: str, verb: str) -> bool:
    item = document["paths"].get(path, {})
    security = (item.get(ANY if verb == "ANY" else verb.lower()) or {}).get("security") or []
    schemes = document.get("securityDefinitions") or document.get("components", {}).get("securitySchemes") or {}
    return any(schemes.get(name, {}).get("x-amazon-apigateway-authtype") == "awsSigv4" for want in security for name in want)


def copy(source: Server, api: str, target: Server, stage: str) -> str:
    """The same API in another emulator, call by call. MiniStack's own import drops validators, parameters, models, passthrough and ANY;
    so LocalStack reads the document, and what it understood is told to MiniStack."""
    here, there = client(source.url, "apigateway"), client(target.url, "apigateway")
    new = there.create_rest_api(name=here.get_rest_api(restApiId=api)["name"])["id"]
    validators = {
        old["id"]: there.create_request_validator(restApiId=new, **_only(old, "name", "validateRequestBody", "validateRequestParameters"))["id"]
        for old in here.get_request_validators(restApiId=api)["items"]
    }
    wanted = ("name", "type", "providerARNs", "authorizerUri", "identitySource", "identityValidationExpression", "authorizerResultTtlInSeconds")
    authorizers = {
        old["id"]: there.create_authorizer(restApiId=new, **_only(old, *wanted))["id"]
        for old in here.get_authorizers(restApiId=api)["items"]
    }
    for model in here.get_models(restApiId=api)["items"]:
        there.create_model(restApiId=new, **_only(model, "name", "contentType", "schema"))
    resources = {"": there.get_resources(restApiId=new)["items"][0]["id"]}
    for resource in sorted(here.get_resources(restApiId=api, embed=["methods"])["items"], key=lambda one: one["path"].count("/") if one["path"] != "/" else 0):
        path = resource["path"].rstrip("/")
        if path not in resources:
            parent, _, part = path.rpartition("/")
            resources[path] = there.create_resource(restApiId=new, parentId=resources[parent], pathPart=part)["id"]
        for verb, method in resource.get("resourceMethods", {}).items():
            where = {"restApiId": new, "resourceId": resources[path], "httpMethod": verb}
            there.put_method(
                **where,
                **_only(method, "authorizationType", "apiKeyRequired", "requestParameters", "requestModels"),
                **({"authorizerId": authorizers[method["authorizerId"]]} if "authorizerId" in method else {}),
                **({"requestValidatorId": validators[method["requestValidatorId"]]} if "requestValidatorId" in method else {}),
            )
            integration = method["methodIntegration"]
            there.put_integration(
                **where,
                **_only(integration, "type", "uri", "requestTemplates", "passthroughBehavior"),
                **({"integrationHttpMethod": integration["httpMethod"]} if integration["type"] != "MOCK" else {}),
            )
            if not integration["type"].endswith("PROXY"):
                there.put_method_response(**where, statusCode="200")
                there.put_integration_response(**where, statusCode="200")
    there.create_deployment(restApiId=new, stageName=stage)
    return new


def _only(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names if value.get(name) not in (None, "", [], {})}


def import_into_ministack(server: Server, document: dict[str, Any], stage: str) -> str:
    """Through CloudFormation: MiniStack's ImportRestApi takes no paths."""
    stacks = client(server.url, "cloudformation")
    name = "imported-" + re.sub(r"[^A-Za-z0-9]+", "-", document["info"]["title"]).strip("-")
    template = {
        "Resources": {
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": document["info"]["title"], "Body": document}},
            "Deployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}}},
            "Stage": {
                "Type": "AWS::ApiGateway::Stage",
                "Properties": {"RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": "Deployment"}, "StageName": stage},
            },
        }
    }
    stacks.create_stack(StackName=name, TemplateBody=json.dumps(template, default=str))
    stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 100})
    return stacks.describe_stack_resource(StackName=name, LogicalResourceId="Api")["StackResourceDetail"]["PhysicalResourceId"]

"""The OpenAPI and Swagger documents of definitions/, made to lead nowhere but to the local backend, and imported."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from aws import client
from server import Server

FOLDER = Path(__file__).resolve().parent / "definitions"
VERBS = {"get", "put", "post", "delete", "options", "head", "patch"}
ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"


def names() -> list[str]:
    return sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".json", ".yaml"))


def load(name: str, backend: str) -> dict[str, Any]:
    """A document with its HTTP integrations led to the backend, and those into AWS made MOCK: no test leaves this machine."""
    document = yaml.safe_load((FOLDER / name).read_text())
    for integration in _integrations(document):
        kind = integration.get("type", "").lower()
        if kind in ("http", "http_proxy"):
            integration["uri"] = re.sub(r"^(https?://[^/]+|\$\{uri\})", backend, integration["uri"])
        elif kind in ("aws", "aws_proxy"):
            integration.clear()
            integration |= {
                "type": "mock",
                "requestTemplates": {"application/json": '{"statusCode": 200}'},
                "responses": {"default": {"statusCode": "200"}},
            }
    return document


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
    gateway.create_deployment(restApiId=api, stageName=stage)
    return api


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


def _integrations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and INTEGRATION in operation:
                yield operation[INTEGRATION]
    yield from document.get("components", {}).get("x-amazon-apigateway-integrations", {}).values()

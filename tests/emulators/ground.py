"""infra/proving-ground.yaml: read, made fit for an emulator by stated changes, and deployed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from aws import client
from emulators import REPOSITORY
from server import Server

TEMPLATE = REPOSITORY / "infra" / "proving-ground.yaml"
STACK = "gateprobe-proving"
Template = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _function(loader: yaml.Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt":
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


def template() -> Template:
    return yaml.load(TEMPLATE.read_text(), _Loader)


def of_type(template: Template, kind: str) -> dict[str, Any]:
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"].startswith(kind)}


def drop(template: Template, names: set[str]) -> None:
    """Takes resources away, and every dependency and output that names them."""
    resources = template["Resources"]
    for name in names:
        del resources[name]
    for resource in resources.values():
        depends = resource.pop("DependsOn", [])
        kept = [name for name in ([depends] if isinstance(depends, str) else depends) if name not in names]
        if kept:
            resource["DependsOn"] = kept
    template["Outputs"] = {name: output for name, output in template["Outputs"].items() if not _names(output, names)}


def _names(value: Any, names: set[str]) -> bool:
    if isinstance(value, dict):
        return value.get("Ref") in names or (value.get("Fn::GetAtt") or [None])[0] in names or any(_names(part, names) for part in value.values())
    return isinstance(value, list) and any(_names(part, names) for part in value)


@dataclass(frozen=True)
class Deployed:
    """A stack on an emulator, and the ids of its APIs by the end of their names."""

    server: Server
    status: str
    apis: Mapping[str, str]


def deploy(server: Server, changed: Template, parameters: Mapping[str, str] | None = None) -> Deployed:
    # By a bucket: as JSON it is longer than the 51,200 bytes that the emulators, as AWS, take in the call itself.
    store = client(server.url, "s3")
    store.create_bucket(Bucket=STACK)
    store.put_object(Bucket=STACK, Key="template.json", Body=json.dumps(changed).encode())
    formation = client(server.url, "cloudformation")
    formation.create_stack(
        StackName=STACK,
        TemplateURL=f"{server.url}/{STACK}/template.json",
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()],
    )
    status = _settled(formation)
    assert status == "CREATE_COMPLETE", f"{status}: {_failures(formation)}"
    return Deployed(server, status, apis(server))


def delete(server: Server) -> None:
    formation = client(server.url, "cloudformation")
    formation.delete_stack(StackName=STACK)
    _settled(formation)


def apis(server: Server) -> dict[str, str]:
    """The APIs of the stack: their names without the stack's, and their ids."""
    found = {api["name"]: api["id"] for api in client(server.url, "apigateway").get_rest_apis(limit=500)["items"]}
    try:
        found |= {api["Name"]: api["ApiId"] for api in client(server.url, "apigatewayv2").get_apis()["Items"]}
    except Exception as error:  # LocalStack's community edition has none
        if "501" not in str(error) and "not yet been emulated" not in str(error):
            raise
    return {name.removeprefix(f"{STACK}-"): id for name, id in found.items() if name.startswith(f"{STACK}-")}


def _settled(formation: Any) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            status = formation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
        except formation.exceptions.ClientError:
            return "DELETE_COMPLETE"
        if not status.endswith("IN_PROGRESS"):
            return status
        time.sleep(0.1)
    raise TimeoutError(f"the stack is still {status}")


def _failures(formation: Any) -> list[str]:
    events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
    return [f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in events if "FAILED" in e["ResourceStatus"]]


def for_ministack(template: Template, backend: str) -> Template:
    """What MiniStack cannot take.

    - It has no AWS::ApiGatewayV2::Deployment: the stage that is frozen on AWS deploys by itself here.
    - The HTTP APIs' routes lead to the local backend and not over https to the stack's own REST API.
    """
    drop(template, set(of_type(template, "AWS::ApiGatewayV2::Deployment")))
    for stage in of_type(template, "AWS::ApiGatewayV2::Stage").values():
        stage["Properties"].pop("DeploymentId", None)
        stage["Properties"]["AutoDeploy"] = True
    for integration in of_type(template, "AWS::ApiGatewayV2::Integration").values():
        route = integration["Properties"]["IntegrationUri"]["Fn::Sub"].rsplit("/", 1)[1]
        integration["Properties"]["IntegrationUri"] = f"{backend}/echo/{route}"
    return template


def for_localstack(template: Template) -> Template:
    """What LocalStack's community edition cannot take.

    - It has no HTTP APIs.
    - Its CloudFormation has no authorizers, and its data plane would not ask them: their methods are open there.
    """
    drop(template, set(of_type(template, "AWS::ApiGatewayV2::")) | set(of_type(template, "AWS::ApiGateway::Authorizer")))
    for method in of_type(template, "AWS::ApiGateway::Method").values():
        if method["Properties"].pop("AuthorizerId", None):
            method["Properties"]["AuthorizationType"] = "NONE"
    return template

"""A REST API made by calls, in one emulator or in several at once (then it is the same API, under one id)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aws import client
from server import Server


class Integration(Protocol):
    def put(self, gateway: Any, where: Mapping[str, str], path: str) -> None: ...


@dataclass(frozen=True)
class Mock:
    """MOCK: answers 200 by itself."""

    def put(self, gateway: Any, where: Mapping[str, str], path: str) -> None:
        gateway.put_integration(**where, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        gateway.put_method_response(**where, statusCode="200")
        gateway.put_integration_response(
            **where, statusCode="200", responseTemplates={"application/json": json.dumps({"mock": path})}
        )


@dataclass(frozen=True)
class Http:
    """HTTP_PROXY to `uri`; `{name}` in it stands for the path parameter of that name."""

    uri: str

    def put(self, gateway: Any, where: Mapping[str, str], path: str) -> None:
        gateway.put_integration(
            **where,
            type="HTTP_PROXY",
            integrationHttpMethod=where["httpMethod"],
            uri=self.uri,
            requestParameters={f"integration.request.path.{name}": f"method.request.path.{name}" for name in parameters(path)},
        )


def parameters(path: str) -> list[str]:
    return [part.strip("{}").rstrip("+") for part in path.split("/") if part.startswith("{")]


@dataclass
class Deployment:
    """One snapshot. Its id differs from emulator to emulator."""

    ids: Mapping[str, str]


@dataclass
class RestApi:
    """`servers[0]` names the API; the others take its id (LocalStack by the tag `_custom_id_`)."""

    servers: Sequence[Server]
    name: str
    id: str = field(init=False)
    _resources: dict[tuple[str, str], str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.id = self._create(self.servers[0], {})
        for server in self.servers[1:]:
            assert self._create(server, {"_custom_id_": self.id}) == self.id, f"{server.name} did not take the id"

    def _create(self, server: Server, tags: Mapping[str, str]) -> str:
        gateway = client(server.url, "apigateway")
        api = gateway.create_rest_api(name=self.name, **({"tags": dict(tags)} if tags else {}))["id"]
        self._resources[server.url, "/"] = gateway.get_resources(restApiId=api)["items"][0]["id"]
        return api

    def method(self, verb: str, path: str, integration: Integration, *, auth: str = "NONE", key: bool = False) -> None:
        for server in self.servers:
            gateway = client(server.url, "apigateway")
            where = {"restApiId": self.id, "resourceId": self.resource(server, path), "httpMethod": verb}
            gateway.put_method(
                **where,
                authorizationType=auth,
                apiKeyRequired=key,
                requestParameters={f"method.request.path.{name}": True for name in parameters(path)},
            )
            integration.put(gateway, where, path)

    def remove(self, verb: str, path: str) -> None:
        for server in self.servers:
            client(server.url, "apigateway").delete_method(
                restApiId=self.id, resourceId=self._resources[server.url, path], httpMethod=verb
            )

    def deploy(self, stage: str) -> Deployment:
        return Deployment(
            {
                server.url: client(server.url, "apigateway").create_deployment(restApiId=self.id, stageName=stage)["id"]
                for server in self.servers
            }
        )

    def point(self, stage: str, deployment: Deployment) -> None:
        """Sets an existing stage to a deployment: a rollback, or a promotion."""
        for server in self.servers:
            client(server.url, "apigateway").update_stage(
                restApiId=self.id,
                stageName=stage,
                patchOperations=[{"op": "replace", "path": "/deploymentId", "value": deployment.ids[server.url]}],
            )

    def customise(self, kind: str, status: str, headers: Mapping[str, str], template: str) -> None:
        """A gateway response of the API's own; in force from the next deployment on."""
        for server in self.servers:
            client(server.url, "apigateway").put_gateway_response(
                restApiId=self.id,
                responseType=kind,
                statusCode=status,
                responseParameters={f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()},
                responseTemplates={"application/json": template},
            )

    def resource(self, server: Server, path: str) -> str:
        known = self._resources.get((server.url, path))
        if known:
            return known
        parent, _, part = path.rpartition("/")
        made = client(server.url, "apigateway").create_resource(
            restApiId=self.id, parentId=self.resource(server, parent or "/"), pathPart=part
        )["id"]
        self._resources[server.url, path] = made
        return made


def invoke_url(server: Server, api: str = "{api}", stage: str = "{stage}") -> str:
    """The data plane's address on an emulator; with the defaults, the template that `--invoke-url` takes."""
    return f"{server.url}/restapis/{api}/{stage}/_user_request_"

"""Random gateways and callers' mistakes, as `examples/mistake_scenes.rs` makes them, built with their whole history in both emulators."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aws import client
from emulators import REPOSITORY
from restapi import parameters
from server import Server

KEY = "the-right-key-of-the-plan"
"""The value of the API key that the generator's good requests send."""

Tree = Mapping[str, Mapping[str, bool]]
"""Resource path, verb, whether it demands an API key."""


def scenes(seed: int, apis: int, requests: int) -> Any:
    """From the file that GATEPROBE_SCENES names, or made by cargo."""
    saved = os.environ.get("GATEPROBE_SCENES")
    if saved:
        return json.loads(Path(saved).read_text())
    command = ["cargo", "run", "--quiet", "--example", "mistake_scenes", "--", str(seed), str(apis), str(requests)]
    return json.loads(subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout)


@dataclass
class Builder:
    """One API under one id: MiniStack's editor is changed call by call, LocalStack's is imported whole."""

    scene: Mapping[str, Any]
    control: Server
    data: Server
    id: str = field(init=False)
    made: list[tuple[str, str]] = field(default_factory=list)
    """The deployments' ids in the control and in the data plane."""
    _resources: dict[str, str] = field(default_factory=dict)
    _methods: set[tuple[str, str, bool]] = field(default_factory=set)

    def __post_init__(self) -> None:
        gateway = client(self.control.url, "apigateway")
        self.id = gateway.create_rest_api(name=f"mistakes-{self.scene['id']}")["id"]
        self._resources["/"] = gateway.get_resources(restApiId=self.id)["items"][0]["id"]
        made = client(self.data.url, "apigateway").create_rest_api(name=self.id, tags={"_custom_id_": self.id})
        assert made["id"] == self.id, made

    def steps(self) -> Iterator[None]:
        """The history, one deployment a step; the last step leaves the stages and the editor as they are now."""
        control, data = (client(server.url, "apigateway") for server in (self.control, self.data))
        status = self.scene["not_found_status"]
        if status:
            for gateway in (control, data):
                gateway.put_gateway_response(
                    restApiId=self.id,
                    responseType="MISSING_AUTHENTICATION_TOKEN",
                    statusCode=str(status),
                    responseTemplates={"application/json": '{"message":$context.error.messageString}'},
                )
        for deployment in self.scene["deployments"]:
            self._edit(deployment["tree"])
            data.put_rest_api(restApiId=self.id, mode="overwrite", body=json.dumps(self._document(deployment["tree"])).encode())
            stage = {"stageName": deployment["stage"]} if deployment["stage"] else {}
            ids = [gateway.create_deployment(restApiId=self.id, **stage)["id"] for gateway in (control, data)]
            self.made.append((ids[0], ids[1]))
            yield
        for name in self.scene["deleted_stages"]:
            for gateway, which in ((control, 0), (data, 1)):
                gateway.create_stage(restApiId=self.id, stageName=name, deploymentId=self.made[0][which])
                gateway.delete_stage(restApiId=self.id, stageName=name)
        for name, at in self.scene["stages"].items():
            for gateway, which in ((control, 0), (data, 1)):
                gateway.update_stage(
                    restApiId=self.id,
                    stageName=name,
                    patchOperations=[{"op": "replace", "path": "/deploymentId", "value": self.made[at][which]}],
                )
        self._edit(self.scene["edited"])
        yield

    def _edit(self, tree: Tree) -> None:
        """Makes MiniStack's editor hold exactly this tree."""
        gateway = client(self.control.url, "apigateway")
        wanted = {(path, verb, key) for path, verbs in tree.items() for verb, key in verbs.items()}
        for path, verb, _ in self._methods - wanted:
            if path in tree:  # else it goes with its resource
                gateway.delete_method(restApiId=self.id, resourceId=self._resources[path], httpMethod=verb)
        for path in sorted(set(self._resources) - self._needed(tree), key=len, reverse=True):
            gateway.delete_resource(restApiId=self.id, resourceId=self._resources.pop(path))
        for path, verb, key in sorted(wanted - self._methods):
            gateway.put_method(
                restApiId=self.id, resourceId=self._resource(path), httpMethod=verb, authorizationType="NONE", apiKeyRequired=key
            )
        self._methods = wanted

    @staticmethod
    def _needed(tree: Tree) -> set[str]:
        """The resources of a tree, and those above them."""
        parts = [path.split("/")[1:] for path in tree if path != "/"]
        return {"/"} | {"/" + "/".join(part[:depth]) for part in parts for depth in range(1, len(part) + 1)}

    def _resource(self, path: str) -> str:
        if path not in self._resources:
            parent, _, part = path.rpartition("/")
            self._resources[path] = client(self.control.url, "apigateway").create_resource(
                restApiId=self.id, parentId=self._resource(parent or "/"), pathPart=part
            )["id"]
        return self._resources[path]

    def _document(self, tree: Tree) -> dict[str, Any]:
        """The tree as OpenAPI, every method a MOCK that answers 200."""

        def operation(path: str, key: bool) -> dict[str, Any]:
            return {
                "parameters": [
                    {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in parameters(path)
                ],
                "responses": {"200": {"description": "as it should be"}},
                "security": [{"api_key": []}] if key else [],
                "x-amazon-apigateway-integration": {
                    "type": "mock",
                    "requestTemplates": {"application/json": '{"statusCode": 200}'},
                    "passthroughBehavior": "when_no_match",
                    "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": '{"ok":true}'}}},
                },
            }

        return {
            "openapi": "3.0.1",
            "info": {"title": self.id, "version": "1"},
            "components": {"securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}},
            "paths": {
                path: {
                    "x-amazon-apigateway-any-method" if verb == "ANY" else verb.lower(): operation(path, key)
                    for verb, key in verbs.items()
                }
                for path, verbs in tree.items()
            },
        }


def build(world: Any, control: Server, data: Server) -> list[Builder]:
    """All APIs, deployment by deployment in rounds: a deployment's time is told in whole seconds, and its order is evidence."""
    apis = [Builder(scene, control, data) for scene in world["apis"]]
    histories = [api.steps() for api in apis]
    while histories:
        began = int(time.time())
        histories = [history for history in histories if next(history, "over") is None]
        while int(time.time()) == began:
            time.sleep(0.02)
    gateway = client(data.url, "apigateway")
    key = gateway.create_api_key(name="mistakes", value=KEY, enabled=True)["id"]
    stages = [{"apiId": api.id, "stage": stage} for api in apis for stage in api.scene["stages"]]
    plan = gateway.create_usage_plan(name="mistakes", apiStages=stages)["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    return apis

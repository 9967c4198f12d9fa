"""The built stack in MiniStack: `sam deploy`, the stack as it then is, `sam delete`.

A project folder of its own is made of what `sam build` left (`.aws-sam/build`) and the repository's samconfig.toml, so that nothing is written
into the repository. GATEPROBE_SAM_BUILD names another build folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import emulators
import template
from aws import client
from emulators import REPOSITORY
from restapi import invoke_url
from server import Server

NAME = "gateprobe"
"""Of samconfig.toml."""

MANAGED = "aws-sam-cli-managed-default"
"""The stack that `--resolve-s3` makes for SAM's bucket, once an account and region. `sam delete` leaves it, as it should."""


def built() -> Path:
    """The folder that `sam build` made. None: a skip, or a failure where the Lambda is required."""
    named = os.environ.get("GATEPROBE_SAM_BUILD")
    folder = Path(named) if named else REPOSITORY / ".aws-sam" / "build"
    missing = ""
    if not (folder / "template.yaml").is_file():
        missing = f"{folder} holds no built stack: run `sam build`, or name a build folder in GATEPROBE_SAM_BUILD"
    elif shutil.which("sam") is None:
        missing = "`sam` is not on the PATH: .ci/run installs it into .ci/cache/tools/bin"
    if missing and (named or os.environ.get("GATEPROBE_REQUIRE_LAMBDA") == "1"):
        pytest.fail(missing, pytrace=False)
    if missing:
        pytest.skip(missing)
    return folder.resolve()


def built_folder(function: str) -> Path:
    """What `sam build` made of one function; of functions with one source it may make one folder, named after the first."""
    said = template.written(built() / "template.yaml")["Resources"][function]["Properties"]["CodeUri"]
    return built() / said


class Refused(Exception):
    """`sam` did not end well; the text is what it said."""


@dataclass
class Stack:
    server: Server
    project: Path
    parameters: Mapping[str, str]
    body: Mapping[str, Any] = field(repr=False, default_factory=template.translated)
    """What was deployed should be: the repository's template."""

    @classmethod
    def of(cls, server: Server, project: Path, build: Path, parameters: Mapping[str, str]) -> Stack:
        """Nothing is deployed yet."""
        shutil.copytree(build, project / ".aws-sam" / "build")
        # The last two are named by the template's metadata for the Serverless Application Repository; `sam deploy` uploads them too.
        for name in ("samconfig.toml", "README.md", "LICENSE-APACHE"):
            shutil.copy(REPOSITORY / name, project)
        addresses = {"EndpointUrl": server.url, "InvokeUrl": invoke_url(server)}
        return cls(server, project, {**addresses, **parameters})

    def sam(self, *arguments: str, timeout: float = 180) -> str:
        """Runs `sam` as a person would, with dummy keys and MiniStack as AWS."""
        env = emulators.environment(self.project, AWS_ENDPOINT_URL=self.server.url, SAM_CLI_TELEMETRY="0")
        done = subprocess.run(
            ["sam", *arguments], env=env, cwd=self.project, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
        )
        output = f"sam {' '.join(arguments)}\nexit {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        if done.returncode != 0:
            raise Refused(output)
        return output

    def deploy(self, **changed: str) -> str:
        parameters = {**self.parameters, **changed}
        output = self.sam(
            "deploy", "--resolve-s3", "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar",
            "--parameter-overrides", *(f'{name}="{value}"' for name, value in parameters.items()),
        )  # fmt: skip
        self.parameters = parameters
        return output

    def delete(self) -> str:
        return self.sam("delete", "--no-prompts")

    def status(self) -> str:
        return self._described()["StackStatus"]

    def outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self._described().get("Outputs", [])}

    def _described(self) -> Any:
        [stack] = client(self.server.url, "cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        return stack

    def members(self) -> dict[str, tuple[str, str]]:
        """Logical id to (type, physical id) of everything in the stack."""
        told = client(self.server.url, "cloudformation").describe_stack_resources(StackName=NAME)["StackResources"]
        return {r["LogicalResourceId"]: (r["ResourceType"], r["PhysicalResourceId"]) for r in told}

    def physical(self) -> dict[str, str]:
        return {name: id for name, (_, id) in self.members().items()}

    def wanted(self) -> dict[str, template.Resource]:
        """What the repository's template asks for under these parameters."""
        return self._template().wanted()

    def wanted_outputs(self) -> dict[str, str]:
        return self._template().outputs()

    def _template(self) -> template.Template:
        return template.Template(self.body, self.parameters, NAME, self.physical())

    def __getitem__(self, logical: str) -> str:
        """A resource's physical id."""
        return self.physical()[logical]

"""What template.yaml asks for: the SAM translator's output with the parameters, conditions and references put in.

infra/cloudformation.py does that for the static checks, of a stack that is not there; here its resources have the ids that they were given.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulators import REPOSITORY

sys.path.append(str(REPOSITORY / "infra"))
import cloudformation  # noqa: E402

ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Resource:
    id: str
    type: str
    properties: Mapping[str, Any]


def written(path: Path) -> dict[str, Any]:
    """A template as it is written, with CloudFormation's short forms made long."""
    return cloudformation.parse(path.read_text())


def translated() -> dict[str, Any]:
    """The repository's template as CloudFormation sees it after the SAM transform; nothing is resolved yet."""
    return cloudformation.translate(cloudformation.TEMPLATE)


class Template(cloudformation.Stack):
    """One translated template with its parameters' values, as the stack of these physical ids."""

    def __init__(self, body: Mapping[str, Any], given: Mapping[str, str], stack: str, physical: Mapping[str, str]) -> None:
        self._physical = physical
        super().__init__(body, given, account=ACCOUNT, name=stack)

    def physical_id(self, name: str) -> str:
        if name not in self._physical:
            raise LookupError(f"{name} is referred to and not in the stack")
        return self._physical[name]

    def wanted(self) -> dict[str, Resource]:
        """The resources whose conditions hold, with every reference put in."""
        return {name: Resource(name, made["Type"], made.get("Properties", {})) for name, made in self.resources.items()}


def arn(kind: str, id: str) -> str:
    """The ARN of a resource of the emulator's account, from its physical id."""
    return cloudformation.arn(kind, id, ACCOUNT)

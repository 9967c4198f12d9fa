"""What template.yaml asks for: the SAM translator's output with the parameters, conditions and references put in.

This reads the repository's template and knows nothing of the emulator that deploys it, so that what was deployed can be held against it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aws import REGION
from emulators import REPOSITORY

ACCOUNT, PARTITION = "000000000000", "aws"

Intrinsic = Callable[[Any], Any]
ABSENT = object()
"""AWS::NoValue: the property, or the element, is not there."""


@dataclass(frozen=True)
class Resource:
    id: str
    type: str
    properties: Mapping[str, Any]


def written(path: Path = REPOSITORY / "template.yaml") -> dict[str, Any]:
    """The template as it is written, with CloudFormation's short forms made long."""
    from samtranslator.yaml_helper import yaml_parse

    return yaml_parse(path.read_text())


def translated(path: Path = REPOSITORY / "template.yaml") -> dict[str, Any]:
    """The template as CloudFormation sees it after the SAM transform; nothing is resolved yet."""
    import boto3
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    template = written(path)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # The translator takes no local folder. `sam deploy` puts the archive's real address here.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION)).translate(template, {})


@dataclass(frozen=True)
class Template:
    """One translated template with its parameters' values."""

    body: Mapping[str, Any]
    given: Mapping[str, str]
    stack: str
    physical: Mapping[str, str] = field(default_factory=dict)
    """Logical id to physical id, as the stack tells."""

    @property
    def parameters(self) -> dict[str, Any]:
        declared = self.body.get("Parameters", {})
        unknown = set(self.given) - set(declared)
        if unknown:
            raise ValueError(f"the template has no parameters {sorted(unknown)}")
        values = {name: self.given.get(name, declaration.get("Default")) for name, declaration in declared.items()}
        missing = [name for name, value in values.items() if value is None]
        if missing:
            raise ValueError(f"no value for the parameters {missing}")
        lists = {name for name, d in declared.items() if d["Type"] == "CommaDelimitedList" or d["Type"].startswith("List<")}
        return {name: _split(value) if name in lists else str(value) for name, value in values.items()}

    def condition(self, name: str) -> bool:
        return self._truth(self.body["Conditions"][name])

    def wanted(self) -> set[str]:
        """The resources whose conditions hold."""
        return {
            name
            for name, resource in self.body["Resources"].items()
            if "Condition" not in resource or self.condition(resource["Condition"])
        }

    def resources(self) -> dict[str, Resource]:
        """The resources whose conditions hold, with every reference put in."""
        found = {}
        for name in sorted(self.wanted()):
            raw = self.body["Resources"][name]
            found[name] = Resource(name, raw["Type"], self.resolve(raw.get("Properties", {})))
        return found

    def outputs(self) -> dict[str, str]:
        return {
            name: self.resolve(output["Value"])
            for name, output in self.body.get("Outputs", {}).items()
            if "Condition" not in output or self.condition(output["Condition"])
        }

    def resolve(self, value: Any) -> Any:
        """`value` without intrinsic functions. One that is not known here is refused: nobody could vouch for the rest."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                known = self._functions.get(name)
                if known is None:
                    raise ValueError(f"{name} is not known here: {json.dumps(value)}")
                return known(argument)
        items = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not ABSENT}

    @property
    def _functions(self) -> Mapping[str, Intrinsic]:
        return {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Sub": self._sub,
            "Fn::If": lambda of: self.resolve(of[1] if self.condition(of[0]) else of[2]),
            "Fn::FindInMap": lambda of: self.body["Mappings"][self.resolve(of[0])][self.resolve(of[1])][self.resolve(of[2])],
            "Fn::Join": lambda of: of[0].join(map(str, self.resolve(of[1]))),
            "Fn::Select": lambda of: self.resolve(of[1])[int(self.resolve(of[0]))],
            "Fn::Split": lambda of: self.resolve(of[1]).split(of[0]),
        }

    def _truth(self, what: Any) -> bool:
        (name, argument), = what.items()
        match name:
            case "Condition":
                return self.condition(argument)
            case "Fn::Equals":
                return str(self.resolve(argument[0])) == str(self.resolve(argument[1]))
            case "Fn::Not":
                return not self._truth(argument[0])
            case "Fn::And":
                return all(map(self._truth, argument))
            case "Fn::Or":
                return any(map(self._truth, argument))
        raise ValueError(f"{name} is not known here as a condition")

    def _ref(self, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": REGION,
            "AWS::Partition": PARTITION,
            "AWS::StackName": self.stack,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": ABSENT,
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        return self._id(name)

    def _id(self, name: str) -> str:
        if name not in self.body["Resources"]:
            raise ValueError(f"{name} is neither a parameter nor a resource")
        if name not in self.physical:
            raise LookupError(f"{name} is referred to and not in the stack")
        return self.physical[name]

    def _attribute(self, argument: Any) -> str:
        name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        kind, id = self.body["Resources"][name]["Type"], self._id(name)
        match kind, attribute:
            case _, "Arn":
                return arn(kind, id)
            case "AWS::SQS::Queue", "QueueName":
                return id.rsplit("/", 1)[1]
        raise ValueError(f"the attribute {attribute} of {kind} is not known here")

    def _sub(self, argument: Any) -> str:
        text, values = (argument, {}) if isinstance(argument, str) else argument

        def put(found: re.Match[str]) -> str:
            name = found.group(1)
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in values:
                return str(self.resolve(values[name]))
            return str(self._attribute(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", put, text)


def arn(kind: str, id: str) -> str:
    """The ARN of a resource, from its physical id."""
    match kind:
        case "AWS::SNS::Topic":
            return id
        case "AWS::IAM::Role":
            return f"arn:{PARTITION}:iam::{ACCOUNT}:role/{id}"
        case "AWS::Lambda::Function":
            return _arn("lambda", f"function:{id}")
        case "AWS::DynamoDB::Table":
            return _arn("dynamodb", f"table/{id}")
        case "AWS::Logs::LogGroup":
            return _arn("logs", f"log-group:{id}:*")
        case "AWS::SQS::Queue":
            return _arn("sqs", id.rsplit("/", 1)[1])
        case "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm":
            return _arn("cloudwatch", f"alarm:{id}")
        case "AWS::Events::Rule":
            return _arn("events", f"rule/{id}")
        case "AWS::Scheduler::Schedule":
            return _arn("scheduler", f"schedule/default/{id}")
    raise ValueError(f"the ARN of {kind} is not known here")


def _arn(service: str, resource: str) -> str:
    return f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{resource}"


def _split(value: str) -> list[str]:
    return [part.strip() for part in str(value).split(",") if part.strip()]

"""template.yaml as CloudFormation would see it: after the SAM transform, and then for one set of parameters.

What the checks beside this file judge is a stack: conditions decided, parameters, mappings and references put in. What a
function of the template stands for and is not known here is refused, because what cannot be read cannot be vouched for.
"""

import copy
import json
import re
from pathlib import Path

ACCOUNT, REGION, PARTITION = "123456789012", "us-east-1", "aws"
NO_VALUE = object()
ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
MEMBER = ROOT / "infra" / "member-role.yaml"


class Unreadable(ValueError):
    """Something in the template stands for nothing that is known here."""


def parse(text):
    """A template as it is written, with CloudFormation's short forms made long."""
    from samtranslator.yaml_helper import yaml_parse

    return yaml_parse(text)


def translate(path=TEMPLATE):
    """The template after the SAM transform."""
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    import boto3

    template = parse(Path(path).read_text())
    if "Transform" not in template:
        return template
    for resource in template["Resources"].values():
        # The translator takes no local folders; `sam package` would have put an address here.
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    session = boto3.Session(region_name=REGION)
    return Translator({}, Parser(), boto_session=session).translate(template, {})


def arn(kind, id, account=ACCOUNT):
    """The ARN of a resource, from the id that `Ref` gives."""
    where = f"{REGION}:{account}"
    if kind == "AWS::SNS::Topic":
        return id
    shapes = {
        "AWS::CloudWatch::Alarm": f"cloudwatch:{where}:alarm:{id}",
        "AWS::CloudWatch::CompositeAlarm": f"cloudwatch:{where}:alarm:{id}",
        "AWS::DynamoDB::Table": f"dynamodb:{where}:table/{id}",
        "AWS::Events::Rule": f"events:{where}:rule/{id}",
        "AWS::IAM::Role": f"iam::{account}:role/{id}",
        "AWS::Lambda::Function": f"lambda:{where}:function:{id}",
        "AWS::Logs::LogGroup": f"logs:{where}:log-group:{id}:*",
        "AWS::SQS::Queue": f"sqs:{where}:{id.rsplit('/', 1)[-1]}",
        "AWS::Scheduler::Schedule": f"scheduler:{where}:schedule/default/{id}",
    }
    return f"arn:{PARTITION}:" + shapes.get(kind, f"{kind.split('::')[1].lower()}:{where}:{id}")


class Stack:
    """One template with one set of parameters: `resources` holds plain values only.

    The stack need not be there: what a resource is then called, `physical_id` makes up. Whoever knows one overrides it.
    """

    def __init__(self, template, parameters=None, account=ACCOUNT, name="gateprobe"):
        self.account, self.name = account, name
        self.template = template
        self.parameters = self._parameters(parameters or {})
        self.conditions = {}
        self.resources = {}
        present = {
            name: resource for name, resource in template["Resources"].items() if self._present(resource.get("Condition"))
        }
        self._present_names = present
        for name, resource in present.items():
            self.resources[name] = self._resolve(copy.deepcopy(resource))

    def of_type(self, kind):
        return {name: resource for name, resource in self.resources.items() if resource["Type"] == kind}

    def broken_rules(self):
        """What CloudFormation's Rules say against these parameters, in their own words."""
        broken = []
        for rule in self.template.get("Rules", {}).values():
            if "RuleCondition" in rule and not self._truth(rule["RuleCondition"]):
                continue
            broken += [one["AssertDescription"] for one in rule["Assertions"] if not self._truth(one["Assert"])]
        return broken

    def outputs(self):
        told = self.template.get("Outputs", {}).items()
        return {name: self._resolve(one["Value"]) for name, one in told if self._present(one.get("Condition"))}

    def arn(self, name):
        """The ARN of a resource."""
        return arn(self.template["Resources"][name]["Type"], self.physical_id(name), self.account)

    def physical_id(self, name):
        """What `Ref` gives for a resource: an id of the right shape."""
        resource = self.template["Resources"][name]
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{self.account}/{name}"
        if kind == "AWS::SNS::Topic":
            return f"arn:{PARTITION}:sns:{REGION}:{self.account}:{name}"
        named = {
            "AWS::CloudWatch::Dashboard": "DashboardName", "AWS::IAM::Role": "RoleName", "AWS::Logs::LogGroup": "LogGroupName",
        }.get(kind)
        return self._resolve(properties[named]) if named in properties else name

    def _parameters(self, given):
        declared = self.template.get("Parameters", {})
        for name in given:
            if name not in declared:
                raise Unreadable(f"there is no parameter {name}")
        values = {}
        for name, parameter in declared.items():
            value = given.get(name, parameter.get("Default"))
            if value is None:
                raise Unreadable(f"the parameter {name} has no value")
            value = str(value)
            allowed = [str(one) for one in parameter.get("AllowedValues", [])]
            if allowed and value not in allowed:
                raise Unreadable(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
            if not re.search(parameter.get("AllowedPattern", ""), value):
                raise Unreadable(f"{name} {parameter.get('ConstraintDescription', 'has another form')}, not {value!r}")
            values[name] = value
        return values

    def _present(self, condition):
        if condition is None:
            return True
        if condition not in self.conditions:
            self.conditions[condition] = self._truth(self.template["Conditions"][condition])
        return self.conditions[condition]

    def _truth(self, test):
        (function, argument), = test.items()
        if function == "Condition":
            return self._present(argument)
        if function == "Fn::Equals":
            left, right = (self._resolve(one) for one in argument)
            return str(left) == str(right)
        if function == "Fn::Not":
            return not self._truth(argument[0])
        if function == "Fn::And":
            return all(self._truth(one) for one in argument)
        if function == "Fn::Or":
            return any(self._truth(one) for one in argument)
        if function == "Fn::Contains":
            return str(self._resolve(argument[1])) in [str(one) for one in argument[0]]
        raise Unreadable(f"cannot tell whether {json.dumps(test)} holds")

    def _resolve(self, value):
        if isinstance(value, list):
            return [one for one in map(self._resolve, value) if one is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (function, argument), = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._function(function, argument)
        resolved = {key: self._resolve(one) for key, one in value.items()}
        return {key: one for key, one in resolved.items() if one is not NO_VALUE}

    def _function(self, function, argument):
        if function == "Ref":
            return self._reference(argument)
        if function == "Fn::GetAtt":
            return self._attribute(*(argument if isinstance(argument, list) else argument.split(".", 1)))
        if function == "Fn::If":
            condition, yes, no = argument
            return self._resolve(yes if self._present(condition) else no)
        if function == "Fn::Sub":
            text, variables = argument if isinstance(argument, list) else (argument, {})
            return re.sub(r"\$\{([^}]+)\}", lambda match: self._substitute(match.group(1), variables), text)
        if function == "Fn::FindInMap":
            name, first, second = (self._resolve(one) for one in argument)
            try:
                return self.template["Mappings"][name][first][second]
            except KeyError as error:
                raise Unreadable(f"the mapping {name} has no {error.args[0]}") from None
        if function == "Fn::Split":
            separator, text = argument
            return self._resolve(text).split(separator)
        raise Unreadable(f"cannot tell what {json.dumps({function: argument})} stands for")

    def _substitute(self, name, variables):
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        if name in variables:
            return str(self._resolve(variables[name]))
        return str(self._attribute(*name.split(".", 1)) if "." in name else self._reference(name))

    def _reference(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        pseudo = {
            "AWS::AccountId": self.account,
            "AWS::Region": REGION,
            "AWS::Partition": PARTITION,
            "AWS::StackName": self.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        if name in self._present_names:
            return self.physical_id(name)
        raise Unreadable(f"cannot tell what {json.dumps({'Ref': name})} stands for in a stack with these parameters")

    def _attribute(self, name, attribute):
        if name in self._present_names and attribute == "Arn":
            return self.arn(name)
        if name in self._present_names and attribute == "QueueName":
            return self.physical_id(name).rsplit("/", 1)[-1]
        raise Unreadable(f"cannot tell what {name}.{attribute} stands for in a stack with these parameters")

"""What was deployed, as each service's own API tells it, in the shape of the template's properties; and how the two differ.

A type without a reader is an error, and so is a property of the template that the reader does not tell, unless NOT_KEPT names it with the
reason. What is deployed beside the template is a difference too, except what AWS itself takes where nothing is said (DEFAULTS).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aws import client
from server import Server
from template import Resource

Properties = dict[str, Any]
Reader = Callable[[Server, str, Resource], Properties | None]
"""(server, physical id, what is wanted) to the properties, or None where the resource is not there."""

STACK_TAGS = {"app": "gateprobe"}
"""Of samconfig.toml; CloudFormation hands them on to every resource that takes tags."""

NOT_KEPT: Mapping[tuple[str, str], str] = {
    ("AWS::Lambda::Function", "Code"): "`sam deploy` puts its own address there; the archive behind it is compared byte by byte",
    ("AWS::Lambda::Function", "ReservedConcurrentExecutions"): "MiniStack's CloudFormation does not pass it on (PutFunctionConcurrency works)",
    ("AWS::Lambda::Function", "VpcConfig"): "MiniStack's CloudFormation does not pass it on",
    ("AWS::SNS::Topic", "KmsMasterKeyId"): "MiniStack's CloudFormation does not pass it on",
    ("AWS::DynamoDB::Table", "TimeToLiveSpecification"): "MiniStack's CloudFormation does not pass it on",
    ("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification"): "MiniStack's CloudFormation does not pass it on",
}
"""(type, property): why it is in the template and cannot be read back. What MiniStack does keep may not stand here."""

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "AWS::Lambda::Function": {
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "Layers": [],
        "Architectures": ["x86_64"],
        "Environment": {"Variables": {}},
    },
    "AWS::Lambda::EventInvokeConfig": {"DestinationConfig": {}},
    "AWS::IAM::Role": {"Path": "/", "MaxSessionDuration": 3600, "Description": "", "ManagedPolicyArns": [], "Policies": []},
    "AWS::Scheduler::Schedule": {"State": "ENABLED", "Description": "", "ScheduleExpressionTimezone": "UTC", "GroupName": "default"},
    "AWS::CloudWatch::Alarm": {
        "ActionsEnabled": True,
        "AlarmActions": [],
        "OKActions": [],
        "InsufficientDataActions": [],
        "Dimensions": [],
        "AlarmDescription": "",
        "TreatMissingData": "missing",
    },
    "AWS::SNS::Topic": {"DisplayName": ""},
    "AWS::SNS::Subscription": {"RawMessageDelivery": False, "FilterPolicyScope": "MessageAttributes"},
    "AWS::SQS::Queue": {
        "VisibilityTimeout": 30,
        "MaximumMessageSize": 1048576,
        "MessageRetentionPeriod": 345600,
        "DelaySeconds": 0,
        "ReceiveMessageWaitTimeSeconds": 0,
        "SqsManagedSseEnabled": True,
    },
    "AWS::DynamoDB::Table": {"DeletionProtectionEnabled": False},
    "AWS::Events::Rule": {"State": "ENABLED", "EventBusName": "default", "Description": ""},
    "AWS::Logs::LogGroup": {"LogGroupClass": "STANDARD"},
}
"""What a service says of a property that the template leaves out."""


# ---- Readers -------------------------------------------------------------------------------------------------------


def _function(server: Server, id: str, wanted: Resource) -> Properties | None:
    functions = client(server.url, "lambda")
    try:
        answer = functions.get_function(FunctionName=id)
    except functions.exceptions.ResourceNotFoundException:
        return None
    told = answer["Configuration"]
    names = (
        "Description", "Runtime", "Handler", "Role", "Timeout", "MemorySize", "Architectures", "Environment", "TracingConfig",
        "LoggingConfig", "EphemeralStorage", "Layers", "DeadLetterConfig",
    )  # fmt: skip
    found = _taken(told, *names) | {"FunctionName": id, "Tags": answer.get("Tags", {})}
    reserved = functions.get_function_concurrency(FunctionName=id).get("ReservedConcurrentExecutions")
    vpc = {name: ids for name, ids in told.get("VpcConfig", {}).items() if name in ("SubnetIds", "SecurityGroupIds") and ids}
    return found | ({"ReservedConcurrentExecutions": reserved} if reserved is not None else {}) | ({"VpcConfig": vpc} if vpc else {})


def _asynchronous(server: Server, id: str, wanted: Resource) -> Properties | None:
    functions = client(server.url, "lambda")
    name, _, qualifier = id.partition(":")
    try:
        told = functions.get_function_event_invoke_config(FunctionName=name, Qualifier=qualifier)
    except functions.exceptions.ResourceNotFoundException:
        return None
    destinations = {kind: to for kind, to in told.get("DestinationConfig", {}).items() if to}
    kept = _taken(told, "MaximumRetryAttempts", "MaximumEventAgeInSeconds")
    return kept | {"FunctionName": name, "Qualifier": qualifier, "DestinationConfig": destinations}


def _permission(server: Server, id: str, wanted: Resource) -> Properties | None:
    functions = client(server.url, "lambda")
    name = _function_name(wanted.properties["FunctionName"])
    try:
        policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])
    except functions.exceptions.ResourceNotFoundException:
        return None
    for statement in policy["Statement"]:
        if statement["Sid"] == id:
            break
    else:
        return None
    assert statement["Effect"] == "Allow", statement
    principal = statement["Principal"]
    found = {
        "FunctionName": _function_name(statement["Resource"]),
        "Action": statement["Action"],
        "Principal": principal if isinstance(principal, str) else next(iter(principal.values())),
    }
    for keys in statement.get("Condition", {}).values():
        for key, value in keys.items():
            found[{"aws:sourcearn": "SourceArn", "aws:sourceaccount": "SourceAccount"}[key.lower()]] = value
    return found


def _role(server: Server, id: str, wanted: Resource) -> Properties | None:
    iam = client(server.url, "iam")
    try:
        told = iam.get_role(RoleName=id)["Role"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return {
        **_taken(told, "AssumeRolePolicyDocument", "Description", "Path", "MaxSessionDuration"),
        "RoleName": id,
        "Tags": _pairs(told.get("Tags", [])),
        "ManagedPolicyArns": [p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName=id)["AttachedPolicies"]],
        "Policies": [
            {"PolicyName": name, "PolicyDocument": iam.get_role_policy(RoleName=id, PolicyName=name)["PolicyDocument"]}
            for name in iam.list_role_policies(RoleName=id)["PolicyNames"]
        ],
    }


def _schedule(server: Server, id: str, wanted: Resource) -> Properties | None:
    scheduler = client(server.url, "scheduler")
    try:
        told = scheduler.get_schedule(Name=id)
    except scheduler.exceptions.ResourceNotFoundException:
        return None
    names = ("ScheduleExpression", "ScheduleExpressionTimezone", "State", "Description", "FlexibleTimeWindow", "Target", "GroupName")
    return _taken(told, *names, "StartDate", "EndDate", "KmsKeyArn") | {"Name": id}


def _rule(server: Server, id: str, wanted: Resource) -> Properties | None:
    events = client(server.url, "events")
    try:
        told = events.describe_rule(Name=id)
    except events.exceptions.ResourceNotFoundException:
        return None
    found = _taken(told, "State", "Description", "EventBusName", "ScheduleExpression", "RoleArn") | {"Name": id}
    found["EventPattern"] = json.loads(told["EventPattern"])
    found["Targets"] = events.list_targets_by_rule(Rule=id)["Targets"]
    return {name: value for name, value in found.items() if value != ""}


def _topic(server: Server, id: str, wanted: Resource) -> Properties | None:
    sns = client(server.url, "sns")
    try:
        told = sns.get_topic_attributes(TopicArn=id)["Attributes"]
    except sns.exceptions.NotFoundException:
        return None
    tags = _pairs(sns.list_tags_for_resource(ResourceArn=id)["Tags"])
    return _taken(told, "DisplayName", "KmsMasterKeyId", "TracingConfig") | {"TopicName": id.rsplit(":", 1)[1], "Tags": tags}


def _topic_policy(server: Server, id: str, wanted: Resource) -> Properties | None:
    return _one_policy_of("Topics", wanted, lambda arn: client(server.url, "sns").get_topic_attributes(TopicArn=arn)["Attributes"].get("Policy"))


def _subscription(server: Server, id: str, wanted: Resource) -> Properties | None:
    sns = client(server.url, "sns")
    for told in sns.list_subscriptions_by_topic(TopicArn=wanted.properties["TopicArn"])["Subscriptions"]:
        if told["SubscriptionArn"] == id:
            break
    else:
        return None
    attributes = sns.get_subscription_attributes(SubscriptionArn=id)["Attributes"]
    found = _taken(attributes, "RawMessageDelivery", "FilterPolicyScope", "DeliveryPolicy", "RedrivePolicy")
    policy = attributes.get("FilterPolicy")
    return found | _taken(told, "TopicArn", "Protocol", "Endpoint") | ({"FilterPolicy": json.loads(policy)} if policy else {})


def _queue(server: Server, id: str, wanted: Resource) -> Properties | None:
    sqs = client(server.url, "sqs")
    try:
        told = sqs.get_queue_attributes(QueueUrl=id, AttributeNames=["All"])["Attributes"]
    except sqs.exceptions.QueueDoesNotExist:
        return None
    found = _taken(told, *DEFAULTS["AWS::SQS::Queue"], "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds")
    policies = {name: json.loads(told[name]) for name in ("RedrivePolicy", "RedriveAllowPolicy") if name in told}
    tags = sqs.list_queue_tags(QueueUrl=id).get("Tags", {})
    return found | policies | {"QueueName": id.rsplit("/", 1)[1], "Tags": tags}


def _queue_policy(server: Server, id: str, wanted: Resource) -> Properties | None:
    sqs = client(server.url, "sqs")

    def of(url: str) -> str | None:
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {}).get("Policy")

    return _one_policy_of("Queues", wanted, of)


def _one_policy_of(member: str, wanted: Resource, of: Callable[[str], str | None]) -> Properties | None:
    """A policy that is attached to several resources: they must all have the same."""
    documents = {of(each) for each in wanted.properties[member]}
    if len(documents) != 1 or None in documents:
        return None
    return {member: wanted.properties[member], "PolicyDocument": json.loads(str(documents.pop()))}


def _table(server: Server, id: str, wanted: Resource) -> Properties | None:
    dynamodb = client(server.url, "dynamodb")
    try:
        told = dynamodb.describe_table(TableName=id)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        return None
    found = _taken(told, "AttributeDefinitions", "KeySchema", "DeletionProtectionEnabled", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
    found |= {"TableName": id, "BillingMode": told["BillingModeSummary"]["BillingMode"]}
    found["Tags"] = _pairs(dynamodb.list_tags_of_resource(ResourceArn=told["TableArn"])["Tags"])
    recovery = dynamodb.describe_continuous_backups(TableName=id)["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    if recovery["PointInTimeRecoveryStatus"] == "ENABLED":
        found["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": True}
    expiry = dynamodb.describe_time_to_live(TableName=id)["TimeToLiveDescription"]
    if expiry["TimeToLiveStatus"] == "ENABLED":
        found["TimeToLiveSpecification"] = {"Enabled": True, "AttributeName": expiry["AttributeName"]}
    return found


def _log_group(server: Server, id: str, wanted: Resource) -> Properties | None:
    logs = client(server.url, "logs")
    for told in logs.describe_log_groups(logGroupNamePrefix=id)["logGroups"]:
        if told["logGroupName"] == id:
            break
    else:
        return None
    found = {"LogGroupName": id, "LogGroupClass": told["logGroupClass"], "RetentionInDays": told.get("retentionInDays"), "KmsKeyId": told.get("kmsKeyId")}
    found["Tags"] = logs.list_tags_for_resource(resourceArn=told["logGroupArn"])["tags"]
    return {name: value for name, value in found.items() if value is not None}


def _alarm(server: Server, id: str, wanted: Resource) -> Properties | None:
    cloudwatch = client(server.url, "cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmNames=[id], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
    if not alarms:
        return None
    [told] = alarms
    names = (
        "AlarmDescription", "Namespace", "MetricName", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "EvaluationPeriods",
        "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "Unit", "ActionsEnabled", "AlarmActions", "OKActions",
        "InsufficientDataActions", "Metrics", "ThresholdMetricId", "EvaluateLowSampleCountPercentile",
    )  # fmt: skip
    tags = _pairs(cloudwatch.list_tags_for_resource(ResourceARN=told["AlarmArn"])["Tags"])
    found = _taken(told, *names) | {"AlarmName": id, "Tags": tags}
    if found.get("ExtendedStatistic"):
        found.pop("Statistic", None)
    return found


def _dashboard(server: Server, id: str, wanted: Resource) -> Properties | None:
    cloudwatch = client(server.url, "cloudwatch")
    names = [entry["DashboardName"] for entry in cloudwatch.list_dashboards()["DashboardEntries"]]
    if id not in names:
        return None
    return {"DashboardName": id, "DashboardBody": cloudwatch.get_dashboard(DashboardName=id)["DashboardBody"]}


READERS: Mapping[str, Reader] = {
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::DynamoDB::Table": _table,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::Role": _role,
    "AWS::Lambda::EventInvokeConfig": _asynchronous,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::Permission": _permission,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "AWS::Scheduler::Schedule": _schedule,
}

NAMES: Mapping[str, str] = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Scheduler::Schedule": "Name",
}
"""The property that names the resource: compared where the template gives a name, else CloudFormation makes one up."""

TAGGED = {kind for kind in NAMES if kind not in ("AWS::CloudWatch::Dashboard", "AWS::Scheduler::Schedule", "AWS::Events::Rule")}
"""The types that take the stack's tags. (Rules do on AWS; MiniStack hands none on to them.)"""


def read(server: Server, physical: str, wanted: Resource) -> Properties | None:
    """What is deployed under that physical id, canonical; None where nothing is."""
    reader = READERS.get(wanted.type)
    if reader is None:
        raise NotImplementedError(f"{wanted.id}: nothing here reads {wanted.type} back; write a reader for it in readback.py")
    found = reader(server, physical, wanted)
    return None if found is None else canonical(wanted.type, found, named=NAMES.get(wanted.type) in wanted.properties)


# ---- Comparison ----------------------------------------------------------------------------------------------------


def expected(wanted: Resource) -> Properties:
    """The template's properties, canonical, with what the stack adds, without what cannot be read back."""
    properties = dict(wanted.properties)
    if wanted.type in TAGGED:
        tags = properties.get("Tags", {})
        properties["Tags"] = {**STACK_TAGS, **(tags if isinstance(tags, Mapping) else _pairs(tags))}
    kept = {name: value for name, value in properties.items() if (wanted.type, name) not in NOT_KEPT}
    return canonical(wanted.type, kept, named=NAMES.get(wanted.type) in kept)


def canonical(kind: str, properties: Mapping[str, Any], named: bool) -> Properties:
    found = {name: _plain(value) for name, value in properties.items()}
    if not named:
        found.pop(NAMES.get(kind, ""), None)
    if "FunctionName" in found and kind != "AWS::Lambda::Function":
        found["FunctionName"] = _function_name(found["FunctionName"])
    if "Tags" in found:
        found["Tags"] = {name: value for name, value in found["Tags"].items() if not name.startswith("aws:")}
    # IAM gives the names of a role's policies in an order of its own.
    if "Policies" in found:
        found["Policies"] = sorted(found["Policies"], key=lambda policy: policy["PolicyName"])
    defaults = {name: _plain(value) for name, value in DEFAULTS.get(kind, {}).items()}
    return {name: value for name, value in found.items() if name not in defaults or value != defaults[name]}


def differences(wanted: Any, found: Any, where: str = "") -> Iterator[str]:
    """Each place where the two are not the same."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in sorted(wanted.keys() | found.keys()):
            place = f"{where}.{name}" if where else name
            if name not in found:
                yield f"{place}: the template says {_short(wanted[name])}, nothing is deployed"
            elif name not in wanted:
                yield f"{place}: {_short(found[name])} is deployed, the template says nothing"
            else:
                yield from differences(wanted[name], found[name], place)
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differences(one, other, f"{where}[{index}]")
    elif wanted != found:
        yield f"{where}: the template says {_short(wanted)}, {_short(found)} is deployed"


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 300 else f"{text[:300]}... ({len(text)} characters)"


def _plain(value: Any) -> Any:
    """Numbers and truth values as text: a template's parameter is text, and a service's answer is not."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def _taken(of: Mapping[str, Any], *names: str) -> Properties:
    return {name: of[name] for name in names if of.get(name) is not None}


def _pairs(tags: list[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _function_name(reference: str) -> str:
    """From a name, or from an ARN."""
    return reference.rsplit(":function:", 1)[-1]

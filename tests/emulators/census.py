"""Everything that exists in an emulator, service by service, under names that tell one thing from another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aws import client
from server import Server


def _paged(server: Server, service: str, operation: str, member: str, **arguments: Any) -> Iterable[Any]:
    """All pages, or the one answer of an operation that has none."""
    of = client(server.url, service)
    if of.can_paginate(operation):
        for page in of.get_paginator(operation).paginate(**arguments):
            yield from page.get(member) or []
    else:
        yield from getattr(of, operation)(**arguments).get(member) or []


def _named(service: str, operation: str, member: str, name: str, **arguments: Any) -> Callable[[Server], list[str]]:
    return lambda server: [item[name] for item in _paged(server, service, operation, member, **arguments)]


def _stacks(server: Server) -> list[str]:
    """CloudFormation remembers deleted stacks for 90 days."""
    stacks = _paged(server, "cloudformation", "list_stacks", "StackSummaries")
    return [stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"]


def _targets(server: Server) -> list[str]:
    return [
        f"{rule['Name']}: {target['Arn']}"
        for rule in _paged(server, "events", "list_rules", "Rules")
        for target in client(server.url, "events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    ]


def _objects(server: Server) -> list[str]:
    return [
        f"{bucket['Name']}/{item['Key']}"
        for bucket in client(server.url, "s3").list_buckets()["Buckets"]
        for item in _paged(server, "s3", "list_objects_v2", "Contents", Bucket=bucket["Name"])
    ]


def _asynchronous(server: Server) -> list[str]:
    return [
        config["FunctionArn"]
        for function in _paged(server, "lambda", "list_functions", "Functions")
        for config in _paged(server, "lambda", "list_function_event_invoke_configs", "FunctionEventInvokeConfigs", FunctionName=function["FunctionName"])
    ]


def _alarms(server: Server) -> list[str]:
    pages = client(server.url, "cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return [alarm["AlarmName"] for page in pages for kind in ("MetricAlarms", "CompositeAlarms") for alarm in page.get(kind, [])]


COUNTED: Mapping[str, Callable[[Server], list[str]]] = {
    "CloudFormation stacks": _stacks,
    "CloudWatch alarms": _alarms,
    "CloudWatch dashboards": _named("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "CloudWatch log groups": _named("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "DynamoDB tables": lambda server: list(_paged(server, "dynamodb", "list_tables", "TableNames")),
    "EC2 network interfaces": _named("ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    "EC2 security groups": _named("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    "EventBridge buses": _named("events", "list_event_buses", "EventBuses", "Name"),
    "EventBridge rules": _named("events", "list_rules", "Rules", "Name"),
    "EventBridge targets": _targets,
    "IAM policies": _named("iam", "list_policies", "Policies", "Arn", Scope="Local"),
    "IAM roles": _named("iam", "list_roles", "Roles", "RoleName"),
    "KMS keys": _named("kms", "list_keys", "Keys", "KeyId"),
    "Lambda asynchronous configurations": _asynchronous,
    "Lambda event source mappings": _named("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    "Lambda functions": _named("lambda", "list_functions", "Functions", "FunctionName"),
    "Lambda layers": _named("lambda", "list_layers", "Layers", "LayerName"),
    "S3 buckets": _named("s3", "list_buckets", "Buckets", "Name"),
    "S3 objects": _objects,
    "SNS subscriptions": _named("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    "SNS topics": _named("sns", "list_topics", "Topics", "TopicArn"),
    "SQS queues": lambda server: list(_paged(server, "sqs", "list_queues", "QueueUrls")),
    "SSM parameters": _named("ssm", "describe_parameters", "Parameters", "Name"),
    "Scheduler groups": _named("scheduler", "list_schedule_groups", "ScheduleGroups", "Name"),
    "Scheduler schedules": _named("scheduler", "list_schedules", "Schedules", "Name"),
    "API Gateway APIs": _named("apigateway", "get_rest_apis", "items", "id"),
}


def take(server: Server) -> dict[str, frozenset[str]]:
    return {kind: frozenset(listed(server)) for kind, listed in COUNTED.items()}


def added(before: Mapping[str, frozenset[str]], after: Mapping[str, frozenset[str]]) -> dict[str, set[str]]:
    """What is there and was not, kind by kind."""
    found = {kind: set(after[kind] - before[kind]) for kind in COUNTED}
    return {kind: names for kind, names in found.items() if names}

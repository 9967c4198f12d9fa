"""The whole stack in MiniStack: deployed by `sam deploy`, read back, run by its own schedule, updated, deleted.

Needs what `sam build` left (or GATEPROBE_SAM_BUILD) and `sam`; without them it is skipped, or fails if GATEPROBE_REQUIRE_LAMBDA=1. The tests
are one story and run in this order; each waits for what it needs, so that one alone runs too.
"""

from __future__ import annotations

import copy
import io
import json
import re
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import census
import readback
import stack
import worlds
from aws import REGION, client
from backend import Backend
from function import SCHEDULER_EVENT, Function, Invocation
from gateprobe import Gateprobe
from inbox import Alert, Inbox
from metrics import series, statistics
from poll import until
from readback import Properties, differences, expected
from server import Server
from stack import Stack
from template import ACCOUNT, Resource, Template, arn, translated
from widget import event as widget_event

PARAMETERS = {
    "Timeout": "180",
    # MiniStack's CloudFormation has no composite alarms.
    "CompositeAlarm": "no",
    # Everything else that a parameter can add.
    "AlertEmail": "watch@example.test",
    "TopicKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555",
    "MinimumCoverage": "50",
    "WatchDeployments": "true",
}

SWITCHED_OFF: Mapping[str, str] = {
    "PagingAlarm": "MiniStack's CloudFormation has no composite alarms",
    "UpkeepAlarm": "MiniStack's CloudFormation has no composite alarms",
}
"""Resources that CompositeAlarm=no leaves out, and why it is given. Nothing else of the template is left out."""

CHANGED = {"Schedule": "rate(2 hours)", "Timeout": "240", "LogRetentionDays": "7"}
"""What the second `sam deploy` changes."""

CHANGES = {
    "Function": ["Timeout"],
    "FunctionSchedule": ["ScheduleExpression"],
    "DurationAlarm": ["Threshold"],
    "Dashboard": ["DashboardBody"],
    "LogGroup": ["RetentionInDays"],
    "WidgetLogGroup": ["RetentionInDays"],
}
"""What that changes of the deployed, and nothing else: by logical id, the properties."""

VARIANT = {
    "MetricsMode": "emf",
    "MetricNamespace": "Gateprobe/member",
    "MemberRoleArn": f"arn:aws:iam::{ACCOUNT}:role/gateprobe-member",
    "MemberExternalId": "4f1c9a7e21b0",
    # A rule of the template's: the events of a member's CloudTrail do not come here.
    "WatchDeployments": "false",
}
"""What the third changes, with a VPC's subnet and security group: what a parameter can add or take away, and the others did not."""

ATTACHED = {"AWS::Lambda::Permission", "AWS::SQS::QueuePolicy"}
"""Types that are a part of another resource, and go with it."""

YOUNG = 65
"""For so many seconds what fails at a new deployment is `propagating`, and told to nobody."""

FIRST_RUN = YOUNG + 60 + 2 * 10 + 30
"""Seconds until the schedule has surely fired, for MiniStack looks every ten seconds, and its run has ended."""


def schedule() -> str:
    """Every minute, the shortest that EventBridge Scheduler knows, for half an hour from when the world is no longer young."""
    first = int(time.time() + YOUNG) // 60 + 1
    return f"cron({','.join(str(minute % 60) for minute in range(first, first + 30))} * * * ? *)"


@dataclass(frozen=True)
class Deployed:
    stack: Stack
    before: Mapping[str, frozenset[str]]
    after: Mapping[str, frozenset[str]]
    """What there was before `sam deploy`, and right after it."""
    found: Mapping[str, Properties | None]
    """Read back at once, by logical id."""
    wanted: Mapping[str, Resource]
    inbox: Inbox


@pytest.fixture(scope="module")
def world(ministack: Server, backend_server: Backend) -> worlds.TwoApis:
    stack.built()  # skips before anything is made
    made = worlds.two_apis(ministack, backend_server.url)
    backend_server.forget()
    return made


@pytest.fixture(scope="module")
def deployed(world: worlds.TwoApis, ministack: Server, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    before = census.take(ministack)
    # One failing run opens an incident: by default it takes two of three.
    config = f"{{alerts: {{failing: 1}}, contract: [{{url: '{world.wanted}'}}]}}"
    parameters = {**PARAMETERS, "Config": config, "Schedule": schedule()}
    made = Stack.of(ministack, tmp_path_factory.mktemp("project"), stack.built(), parameters)
    made.deploy()
    after = census.take(ministack)
    # At once: the schedule runs already.
    inbox = Inbox.open(ministack, "stack-alerts", topic=made["Topic"])
    wanted = made.wanted()
    return Deployed(made, before, after, read_all(made, wanted), wanted, inbox)


def read_all(made: Stack, wanted: Mapping[str, Resource]) -> dict[str, Properties | None]:
    physical = made.physical()
    return {name: readback.read(made.server, physical[name], resource) for name, resource in wanted.items() if name in physical}


# ---- What is deployed here, and what is not ------------------------------------------------------------------------


class TestTheTemplateHere:
    """The template that is deployed is the repository's, with one parameter given."""

    def test_no_composite_changes_only_who_sends(self) -> None:
        """CompositeAlarm=no leaves out the composites, and lets the other alarms send for themselves."""
        ids = {name: name for name in translated()["Resources"]} | {"DeadLetters": "http://sqs/DeadLetters"}
        given = {"EndpointUrl": "http://x", "InvokeUrl": "http://x", **PARAMETERS}
        yes, no = (Template(translated(), {**given, "CompositeAlarm": word}, stack.NAME, ids).wanted() for word in ("yes", "no"))
        assert set(yes) - set(no) == set(SWITCHED_OFF) and set(no) <= set(yes)
        for name in no:
            changed = {where.split("[")[0] for where, _, _ in unlike(yes[name].properties, no[name].properties)}
            match no[name].type:
                case "AWS::CloudWatch::Alarm":
                    assert changed <= {"AlarmActions", "OKActions"}, (name, changed)
                case "AWS::CloudWatch::Dashboard":
                    # Its tiles of alarms show the composites too.
                    bodies = (json.loads(of[name].properties["DashboardBody"]) for of in (yes, no))
                    for where, one, other in unlike(*bodies):
                        assert where.endswith(".properties.alarms"), where
                        assert [alarm for alarm in one if not alarm.endswith(tuple(SWITCHED_OFF))] == other, where
                case _:
                    assert not changed, (name, changed)


def asked(resources: Mapping[str, Resource]) -> dict[tuple[str, str], list[str]]:
    """(type, property) to the logical ids of those that have it."""
    told: dict[tuple[str, str], list[str]] = {}
    for id, resource in resources.items():
        for name in resource.properties:
            told.setdefault((resource.type, name), []).append(id)
    return told


def kept_after_all(wanted: Mapping[str, Resource], found: Mapping[str, Properties | None]) -> list[str]:
    """What stands on the list of things that MiniStack does not keep, and was read back."""
    ids = ((id, name) for (kind, name), ids in asked(wanted).items() if (kind, name) in readback.NOT_KEPT for id in ids)
    return [f"{id}.{name}" for id, name in ids if name in (found[id] or {})]


def unlike(one: Any, other: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each place where two values are not the same, as deep as they are both maps or lists."""
    if isinstance(one, dict) and isinstance(other, dict) and set(one) != {"Ref"} and set(one) != {"Fn::GetAtt"}:
        for key in one.keys() | other.keys():
            yield from unlike(one.get(key), other.get(key), f"{where}.{key}" if where else key)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from unlike(left, right, f"{where}[{index}]")
    elif one != other:
        yield where, one, other


# ---- What was deployed ---------------------------------------------------------------------------------------------


class TestDeployed:
    def test_every_resource_of_the_template_is_there(self, deployed: Deployed) -> None:
        """By logical id and type; what is not deployed is listed, with its reason."""
        asked = {name: resource["Type"] for name, resource in translated()["Resources"].items()}
        left_out = set(SWITCHED_OFF)
        there = {name: kind for name, (kind, _) in deployed.stack.members().items()}
        assert deployed.stack.status() == "CREATE_COMPLETE"
        assert there == {name: kind for name, kind in asked.items() if name not in left_out}
        assert left_out <= set(asked), "the list names what is no longer in the template"

    def test_each_is_as_the_template_says(self, deployed: Deployed) -> None:
        """By its own service's API, property by property."""
        told = []
        for name, wanted in deployed.wanted.items():
            found = deployed.found.get(name)
            told += [f"{name}: is not there"] if found is None else [f"{name}.{text}" for text in differences(expected(wanted), found)]
        assert not told, "\n".join(told)

    def test_what_is_not_compared_cannot_be(self, deployed: Deployed) -> None:
        """A property on the list that MiniStack does keep must come off it."""
        assert not kept_after_all(deployed.wanted, deployed.found)

    def test_any_other_value_would_be_seen(self, deployed: Deployed) -> None:
        """A template with another value at any one place, of any resource, would not pass for what was deployed."""
        leaves = 0
        for name, wanted in deployed.wanted.items():
            for path in paths(wanted.properties):
                if (wanted.type, path[0]) not in readback.NOT_KEPT:
                    leaves += 1
                    other = Resource(name, wanted.type, altered(wanted.properties, path))
                    assert list(differences(expected(other), deployed.found[name])), f"{name} {path}"
        assert leaves > 100, "there is hardly anything to compare"

    def test_the_code_is_what_was_built(self, deployed: Deployed, ministack: Server) -> None:
        for name, wanted in deployed.wanted.items():
            if wanted.type == "AWS::Lambda::Function":
                place = client(ministack.url, "lambda").get_function(FunctionName=deployed.stack[name])["Code"]["Location"]
                with urllib.request.urlopen(place.replace("//localhost:", "//127.0.0.1:"), timeout=30) as answer:
                    archive = zipfile.ZipFile(io.BytesIO(answer.read()))
                built = {path.name: path.read_bytes() for path in stack.built_folder(name).iterdir()}
                assert {file: archive.read(file) for file in archive.namelist()} == built, name

    def test_outputs_lead_to_what_is_there(self, deployed: Deployed) -> None:
        assert deployed.stack.outputs() == deployed.stack.wanted_outputs()

    def test_nothing_else_was_made(self, deployed: Deployed) -> None:
        """Beside the stack and its resources: SAM's own stack with its bucket."""
        mine = [*deployed.stack.physical().values(), stack.MANAGED]
        for kind, names in census.added(deployed.before, deployed.after).items():
            strangers = {name for name in names if name != stack.NAME and not any(id in name for id in mine)}
            assert not strangers, (kind, strangers)


class TestRoles:
    """The deployed policies, with the deployed ARNs, by MiniStack's evaluator.

    It knows neither `dynamodb:LeadingKeys` nor `cloudwatch:namespace`, and so denies what rests on them: infra/check-template has those.
    """

    @pytest.fixture
    def arns(self, deployed: Deployed, world: worlds.TwoApis) -> dict[str, str]:
        gateway = f"arn:aws:apigateway:{REGION}:"
        logs = {name: arn("AWS::Logs::LogGroup", deployed.stack[name]).removesuffix("*") + "log-stream:s" for name in ("LogGroup", "WidgetLogGroup")}
        own = {name: arn(deployed.wanted[name].type, deployed.stack[name]) for name in ("Topic", "Table", "DeadLetters", "Function", "Widget")}
        return {**own, **logs, "api": f"{gateway}:/restapis/{world.orders.id}", "stages": f"{gateway}:/restapis/{world.orders.id}/stages",
                "domains": f"{gateway}:/domainnames", "routes": f"{gateway}:/apis/a1/routes", "keys": f"{gateway}:/apikeys",
                "usage": f"{gateway}:/usageplans/p1/keys", "anything": "*"}  # fmt: skip

    @pytest.mark.parametrize(
        ("role", "action", "on", "allowed"),
        [
            ("FunctionRole", "apigateway:GET", "api stages domains routes", True),
            ("FunctionRole", "apigateway:GET", "keys usage", False),
            ("FunctionRole", "apigateway:PATCH", "api stages", False),
            ("FunctionRole", "sns:Publish", "Topic", True),
            ("FunctionRole", "sns:Subscribe", "Topic", False),
            ("FunctionRole", "dynamodb:GetItem", "Table", True),
            ("FunctionRole", "dynamodb:BatchGetItem", "Table", True),
            ("FunctionRole", "dynamodb:Scan", "Table", False),
            ("FunctionRole", "logs:PutLogEvents", "LogGroup", True),
            ("FunctionRole", "logs:PutLogEvents", "WidgetLogGroup", False),
            ("FunctionRole", "sqs:SendMessage", "DeadLetters", True),
            ("FunctionRole", "sqs:ReceiveMessage", "DeadLetters", False),
            ("FunctionRole", "xray:PutTraceSegments", "anything", True),
            ("WidgetRole", "dynamodb:GetItem", "Table", True),
            ("WidgetRole", "dynamodb:PutItem", "Table", False),
            ("WidgetRole", "logs:PutLogEvents", "WidgetLogGroup", True),
            ("WidgetRole", "logs:PutLogEvents", "LogGroup", False),
            ("WidgetRole", "apigateway:GET", "api", False),
            ("WidgetRole", "sns:Publish", "Topic", False),
            ("ScheduleRole", "lambda:InvokeFunction", "Function", True),
            ("ScheduleRole", "lambda:InvokeFunction", "Widget", False),
            ("ScheduleRole", "sqs:SendMessage", "DeadLetters", True),
            ("ScheduleRole", "dynamodb:GetItem", "Table", False),
        ],
    )
    def test_may(self, role: str, action: str, on: str, allowed: bool, deployed: Deployed, arns: Mapping[str, str], ministack: Server) -> None:
        iam, who = client(ministack.url, "iam"), arn("AWS::IAM::Role", deployed.stack[role])
        for name in on.split():
            [result] = iam.simulate_principal_policy(PolicySourceArn=who, ActionNames=[action], ResourceArns=[arns[name]])["EvaluationResults"]
            assert (result["EvalDecision"] == "allowed") is allowed, (name, result)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every leaf."""
    if isinstance(value, (dict, list)) and value:
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from paths(value[key], (*path, key))
    else:
        yield path


def altered(value: Any, path: tuple[Any, ...]) -> Any:
    """A copy with another value at the end of the path."""
    copied = copy.deepcopy(value)
    at = copied
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = "something else"
    return copied


# ---- What it does --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FirstRun:
    """What the schedule's first run left."""

    log: list[Mapping[str, Any]]
    alerts: list[Alert]


@pytest.fixture(scope="module")
def first_run(deployed: Deployed, ministack: Server) -> FirstRun:
    """Nobody invokes the function: the schedule must."""
    until("a heartbeat of the scheduled run", lambda: statistics(ministack, "Heartbeat"), FIRST_RUN)
    lines = until("the run's log", lambda: has_ended(log_of(deployed.stack, "LogGroup")), 30)
    return FirstRun(lines, deployed.inbox.read(20, wanted=5))


def log_of(made: Stack, group: str) -> list[str]:
    pages = client(made.server.url, "logs").get_paginator("filter_log_events").paginate(logGroupName=made[group])
    return [event["message"] for page in pages for event in page["events"]]


def has_ended(lines: list[str]) -> list[Mapping[str, Any]]:
    """The JSON lines, once Lambda has written the report of the invocation."""
    return [json.loads(line) for line in lines if line.startswith("{")] if any(line.startswith("REPORT") for line in lines) else []


class TestScheduledRun:
    def test_runs_natively_by_its_schedule(self, first_run: FirstRun) -> None:
        [run, *_] = [line for line in first_run.log if line.get("message") == "run"]
        report = json.loads(run["report"])
        assert report["coverage"]["deployed"] == report["coverage"]["probed"] == 3, report
        assert report["causes"] == {"backend-status": 1, "path-unknown": 1}, report
        assert report["routing_failures"] == 1 and report["gaps"] == 0 and report["stopped_early"] is False, report
        assert all(line["level"] and line["timestamp"] for line in first_run.log)

    def test_nothing_went_wrong_in_it(self, first_run: FirstRun) -> None:
        """The problems that it found are all that it warns of: every permission, table and topic was there."""
        worse = [line for line in first_run.log if line["level"] not in ("INFO", "DEBUG")]
        assert sorted(line.get("cause") for line in worse if line["message"] == "problem") == ["backend-status", "path-unknown"]
        assert len(worse) == 2, worse

    def test_metrics(self, first_run: FirstRun, world: worlds.TwoApis, ministack: Server) -> None:
        names = {name for name, dimensions in series(ministack) if not dimensions}
        assert names >= {"Heartbeat", "Probed", "Coverage", "Unhealthy", "RoutingFailures", "Gaps", "RunDuration", "OpenIncidents", "OutboxWaiting"}
        orders = {"ApiName": "orders", "ApiId": world.orders.id, "Stage": "prod"}
        stock = {"ApiName": "stock", "ApiId": world.stock.id, "Stage": "prod"}
        for name, where, value in (
            ("RoutingFailures", orders, 1),
            ("Unhealthy", orders, 2),
            ("Unhealthy", stock, 0),
            ("Probed", orders, 2),
            ("Probed", stock, 1),
            ("Coverage", orders, 100),
        ):
            found = statistics(ministack, name, where)
            assert found and found.maximum == value, (name, where, found)

    def test_alarm_states(self, deployed: Deployed, first_run: FirstRun, ministack: Server) -> None:
        """Of every alarm on the function's own metrics. MiniStack evaluates an alarm when data for it is put."""
        wanted = {
            deployed.stack[name]: "ALARM" if name == "RoutingFailuresAlarm" else "OK"
            for name, alarm in deployed.wanted.items()
            # No certificate is seen on plain HTTP, so that metric has no data. And MiniStack takes an alarm without dimensions for one on all
            # of them, so that the least of Unhealthy is that of the healthy API.
            if alarm.properties.get("Namespace") == "Gateprobe" and alarm.properties["MetricName"] not in ("CertificateDays", "Unhealthy")
        }
        assert len(wanted) > 4

        def states() -> dict[str, str]:
            told = client(ministack.url, "cloudwatch").describe_alarms()["MetricAlarms"]
            return {alarm["AlarmName"]: alarm["StateValue"] for alarm in told if alarm["AlarmName"] in wanted}

        until("a state of every alarm", lambda: "INSUFFICIENT_DATA" not in states().values(), 20)
        assert states() == wanted

    def test_alerts_and_alarms_reach_a_subscriber(self, deployed: Deployed, first_run: FirstRun, world: worlds.TwoApis) -> None:
        bodies = [json.loads(alert.message) for alert in first_run.alerts]
        opened = {body["incident"]["cause"]: body for body in bodies if body.get("transition") == "opened"}
        assert set(opened) == {"path-unknown", "backend-status"}, bodies
        assert world.wanted in json.dumps(opened["path-unknown"]) and "/broken" in json.dumps(opened["backend-status"])
        alarms = {(body["AlarmName"], body["NewStateValue"]) for body in bodies if "AlarmName" in body}
        assert (deployed.stack["RoutingFailuresAlarm"], "ALARM") in alarms, bodies
        dashboard = {body["links"]["dashboard"] for body in bodies if "links" in body}
        assert dashboard == {deployed.stack.outputs()["DashboardUrl"]}

    def test_state_is_in_the_table(self, deployed: Deployed, first_run: FirstRun, gateprobe: Gateprobe, ministack: Server) -> None:
        """`gateprobe status` on the stack's table, as a person at a desk asks it."""
        outcome = gateprobe.on(ministack)("status", "--state", f"table:{deployed.stack['Table']}", "--format", "json")
        assert outcome.status == 1, outcome
        status = outcome.json()
        assert {incident["cause"] for incident in status["open"]} == {"path-unknown", "backend-status"}, outcome
        assert status["outbox"]["length"] == 0, outcome


# ---- Events --------------------------------------------------------------------------------------------------------


SETTLED = 66
"""Seconds after which a change is settled, and one: the function waits no longer for it (src/event/change.rs)."""


def cloudtrail(name: str, api: str, **more: Any) -> dict[str, Any]:
    """A call to API Gateway as EventBridge passes CloudTrail's record of it on; made so long ago that nothing is waited for."""
    made = datetime.now(UTC) - timedelta(seconds=SETTLED)
    at = made.strftime("%Y-%m-%dT%H:%M:%SZ")
    detail = {
        "eventVersion": "1.09",
        "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:deployer", "accountId": ACCOUNT},
        "eventTime": at,
        "eventSource": "apigateway.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2",
        "requestParameters": {"restApiId": api, "createDeploymentInput": {"stageName": "prod"}, "template": False},
        "responseElements": {"id": "abc123", "createdDate": at},
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    return {
        "version": "0",
        "id": "36eb8523-97d0-4518-b33d-ee3579ff19f0",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.apigateway",
        "account": ACCOUNT,
        "time": at,
        "region": REGION,
        "resources": [],
        "detail": {**detail, **more},
    }


SEEN = "has seen"
"""In the answer to a change that a scheduled run, which comes every minute here, was quicker to see."""


class TestDeploymentEvent:
    """CloudTrail's news of a deployment. MiniStack, as AWS, lets nobody put events of `aws.` sources: PutEvents cannot bring one to the rule."""

    @pytest.mark.parametrize(
        ("name", "more", "matches"),
        [
            ("CreateDeployment", {}, True),
            ("UpdateStage", {}, True),
            ("CreateBasePathMapping", {}, True),
            ("CreateApiMapping", {}, True),
            ("GetStages", {}, False),
            ("PutMethod", {}, False),
            ("CreateDeployment", {"errorCode": "AccessDenied"}, False),
            ("CreateDeployment", {"eventSource": "appsync.amazonaws.com"}, False),
        ],
    )
    def test_the_deployed_rule_matches_what_changes_a_stage(
        self, name: str, more: Mapping[str, Any], matches: bool, deployed: Deployed, world: worlds.TwoApis, ministack: Server
    ) -> None:
        events = client(ministack.url, "events")
        pattern = events.describe_rule(Name=deployed.stack["DeploymentRule"])["EventPattern"]
        event = cloudtrail(name, world.orders.id, **more)
        assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"] is matches

    def test_nobody_can_put_such_an_event(self, deployed: Deployed, world: worlds.TwoApis, ministack: Server) -> None:
        """Or the test above and the two below would be one."""
        event = cloudtrail("CreateDeployment", world.orders.id)
        entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}
        answer = client(ministack.url, "events").put_events(Entries=[entry])
        assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException", answer

    def test_probes_the_changed_api_and_no_other(self, deployed: Deployed, first_run: FirstRun, world: worlds.TwoApis) -> None:
        function = Function(deployed.stack.server, deployed.stack["Function"])

        def look() -> Any:
            invocation = function.invoke(cloudtrail("CreateDeployment", world.orders.id))
            assert invocation.error is None, invocation
            return None if SEEN in invocation.payload.get("why", "") else invocation.payload

        answer = until("a run for the event", look, 30)
        assert answer["event"] == "changed" and answer["api"] == world.orders.id and answer["call"] == "CreateDeployment", answer
        assert answer["coverage"]["deployed"] == answer["coverage"]["probed"] == 2, answer
        assert answer["causes"] == {"backend-status": 1, "path-unknown": 1}, answer

    def test_an_event_that_is_delivered_is_acted_upon(self, deployed: Deployed, first_run: FirstRun, world: worlds.TwoApis) -> None:
        """Asynchronously, as EventBridge's target is called: nobody waits for the answer, the log tells."""
        function = Function(deployed.stack.server, deployed.stack["Function"])

        def acted() -> bool:
            function.deliver(cloudtrail("UpdateStage", world.stock.id, requestParameters={"restApiId": world.stock.id, "stageName": "prod"}))
            seen = until("a line for the event", lambda: mentioned(world.stock.id), 20)
            return any(line.get("call") == "UpdateStage" for line in seen)

        def mentioned(api: str) -> list[Mapping[str, Any]]:
            lines = [json.loads(line) for line in log_of(deployed.stack, "LogGroup") if line.startswith("{")]
            return [line for line in lines if line.get("api") == api or (SEEN in line.get("why", "") and api in line["why"])]

        until("a run for the event", acted, 60)

    @pytest.mark.parametrize(
        ("name", "more"), [("GetStages", {}), ("CreateDeployment", {"errorCode": "AccessDenied", "errorMessage": "not authorized"})]
    )
    def test_what_changed_nothing_starts_no_run(self, name: str, more: Mapping[str, Any], deployed: Deployed, world: worlds.TwoApis) -> None:
        invocation = Function(deployed.stack.server, deployed.stack["Function"]).invoke(cloudtrail(name, world.orders.id, **more))
        assert invocation.error is None and invocation.payload["event"] == "ignored" and invocation.payload["why"], invocation


class TestWidget:
    @pytest.fixture
    def widget(self, deployed: Deployed, first_run: FirstRun) -> Function:
        return Function(deployed.stack.server, deployed.stack["Widget"])

    def test_describes_itself(self, widget: Function) -> None:
        invocation = widget.invoke({"describe": True})
        assert invocation.error is None and set(invocation.payload) == {"markdown"}, invocation
        assert "incident" in invocation.payload["markdown"]

    def test_draws_the_open_incidents(self, widget: Function, deployed: Deployed) -> None:
        invocation = widget.invoke(widget_event())
        assert invocation.error is None and isinstance(invocation.payload, str), invocation
        for words in ("path-unknown", "backend-status", "gp-1", "gp-2", "/archive", "/broken"):
            assert words in invocation.payload, (words, invocation.payload)
        assert "<script" not in invocation.payload
        # Its buttons call the function that drew them.
        assert f'endpoint="{deployed.stack.outputs()["FunctionArn"].replace(deployed.stack["Function"], deployed.stack["Widget"])}"' in invocation.payload

    def test_draws_one_incident(self, widget: Function) -> None:
        invocation = widget.invoke(widget_event(incident="gp-2"))
        assert invocation.error is None and "/broken" in invocation.payload and "/archive" not in invocation.payload, invocation


class TestDashboard:
    @pytest.fixture
    def widgets(self, deployed: Deployed, ministack: Server) -> list[Any]:
        body = client(ministack.url, "cloudwatch").get_dashboard(DashboardName=deployed.stack["Dashboard"])["DashboardBody"]
        return json.loads(body)["widgets"]

    def test_calls_the_widget(self, widgets: list[Any], deployed: Deployed, ministack: Server) -> None:
        [custom] = [widget for widget in widgets if widget["type"] == "custom"]
        told = client(ministack.url, "lambda").get_function(FunctionName=deployed.stack["Widget"])
        assert custom["properties"]["endpoint"] == told["Configuration"]["FunctionArn"]

    def test_shows_alarms_that_are_there(self, widgets: list[Any], deployed: Deployed, ministack: Server) -> None:
        there = {alarm["AlarmArn"] for alarm in client(ministack.url, "cloudwatch").describe_alarms()["MetricAlarms"]}
        shown = {alarm for widget in widgets if widget["type"] == "alarm" for alarm in widget["properties"]["alarms"]}
        assert shown == there

    def test_reads_logs_that_are_there(self, widgets: list[Any], deployed: Deployed, ministack: Server) -> None:
        queries = [widget["properties"]["query"] for widget in widgets if widget["type"] == "log"]
        read = {name for query in queries for name in re.findall(r"SOURCE '([^']+)'", query)}
        there = {group["logGroupName"] for group in client(ministack.url, "logs").describe_log_groups()["logGroups"]}
        assert read and read <= there, (read, there)

    def test_its_queries_ask_for_what_the_log_has(self, widgets: list[Any], first_run: FirstRun) -> None:
        """The names that a query takes from a problem's line are names in that line."""
        [problem, *_] = [line for line in first_run.log if line["message"] == "problem"]
        [query] = [w["properties"]["query"] for w in widgets if w["type"] == "log" and 'message = "problem"' in w["properties"]["query"]]
        asked = set(re.findall(r"latest\((\w+)\)", query)) | set(re.findall(r" by ([\w, ]+?) *(?:\||$)", query)[0].split(", "))
        assert len(asked) > 2 and asked <= set(problem), (asked, query, problem)


MALFORMED: Mapping[str, Any] = {
    "a list": [],
    "a word": "run",
    "a number": 7,
    "an unknown object": {"secret-key": "secret-value"},
    "a batch of a queue": {"Records": [{"body": "{}"}]},
    "another service's event": {"detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2", "detail": {"state": "running"}},
    "a record without an API": {**cloudtrail("CreateDeployment", "x"), "detail": {"eventSource": "apigateway.amazonaws.com", "eventName": "CreateDeployment"}},
    "a widget without a context": {"widgetContext": "dark"},
}


class TestMalformedEvents:
    @pytest.mark.parametrize("name", MALFORMED)
    def test_is_answered_with_its_type(self, name: str, deployed: Deployed) -> None:
        """Never a run, never a crash, and none of its values said back."""
        invocation = Function(deployed.stack.server, deployed.stack["Function"]).invoke(MALFORMED[name])
        assert invocation.error is not None, invocation
        assert invocation.payload["errorType"] == "Gateprobe.Event" and invocation.payload["errorMessage"], invocation
        assert "secret-value" not in json.dumps(invocation.payload) + invocation.log and "panicked" not in invocation.log, invocation

    def test_one_that_was_delivered_ends_in_the_queue(self, deployed: Deployed, ministack: Server) -> None:
        """Lambda writes what failed, with its error, into the queue of dead letters."""
        Function(ministack, deployed.stack["Function"]).deliver(MALFORMED["an unknown object"])
        queue = client(ministack.url, "sqs")
        [letter] = until(
            "a dead letter", lambda: queue.receive_message(QueueUrl=deployed.stack["DeadLetters"], MaxNumberOfMessages=10).get("Messages"), 20
        )
        body = json.loads(letter["Body"])
        assert body["responsePayload"]["errorType"] == "Gateprobe.Event", body
        assert body["requestPayload"] == MALFORMED["an unknown object"], body


# ---- An update -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Updated:
    before: Mapping[str, Properties | None]
    after: Mapping[str, Properties | None]
    ids_before: Mapping[str, str]
    items_before: int


@pytest.fixture(scope="module")
def updated(deployed: Deployed, first_run: FirstRun) -> Updated:
    made = deployed.stack
    before, ids = read_all(made, made.wanted()), made.physical()
    items = rows(made)
    made.deploy(**CHANGED)
    return Updated(before, read_all(made, made.wanted()), ids, items)


def rows(made: Stack) -> int:
    return client(made.server.url, "dynamodb").scan(TableName=made["Table"])["Count"]


class TestUpdate:
    def test_changes_exactly_what_was_changed(self, deployed: Deployed, updated: Updated) -> None:
        assert deployed.stack.status() == "UPDATE_COMPLETE"
        changed = {
            name: sorted({text.split(":")[0].split(".")[0].split("[")[0] for text in differences(found, updated.after[name])})
            for name, found in updated.before.items()
        }
        assert {name: properties for name, properties in changed.items() if properties} == CHANGES
        # Which shows runs in percent of the timeout.
        before, after = (found["Dashboard"]["DashboardBody"] for found in (updated.before, updated.after) if found["Dashboard"])
        assert before.replace("(1000 * 180)", "(1000 * 240)") == after

    def test_is_as_the_template_says(self, deployed: Deployed, updated: Updated) -> None:
        for name, wanted in deployed.stack.wanted().items():
            assert not list(differences(expected(wanted), updated.after[name])), name

    def test_a_nonsense_combination_is_refused(self, deployed: Deployed, updated: Updated, ministack: Server) -> None:
        """The template's Rules, as CloudFormation evaluates them; nothing is changed."""
        given = {**deployed.stack.parameters, "Schedule": "rate(1 minute)", "Timeout": "300"}
        cloudformation = client(ministack.url, "cloudformation")
        with pytest.raises(cloudformation.exceptions.ClientError, match="A run every minute needs a Timeout"):
            cloudformation.update_stack(
                StackName=stack.NAME,
                UsePreviousTemplate=True,
                Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
                Capabilities=["CAPABILITY_IAM"],
            )
        assert deployed.stack.status() == "UPDATE_COMPLETE"

    def test_replaces_nothing(self, deployed: Deployed, updated: Updated) -> None:
        """The same resources under the same names; what the table remembers is still there."""
        assert deployed.stack.physical() == updated.ids_before
        assert rows(deployed.stack) >= updated.items_before > 0


# ---- Another account, in a VPC, with EMF ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Varied:
    network: Mapping[str, list[str]]
    run: Invocation
    lines: list[Mapping[str, Any]]
    """What the run wrote."""


@pytest.fixture(scope="module")
def varied(deployed: Deployed, updated: Updated, ministack: Server) -> Varied:
    ec2, made = client(ministack.url, "ec2"), deployed.stack
    [subnet, *_] = ec2.describe_subnets()["Subnets"]
    [group, *_] = ec2.describe_security_groups()["SecurityGroups"]
    network = {"SubnetIds": [subnet["SubnetId"]], "SecurityGroupIds": [group["GroupId"]]}
    made.deploy(**VARIANT, VpcSubnetIds=subnet["SubnetId"], VpcSecurityGroupIds=group["GroupId"])
    seen = len(log_of(made, "LogGroup"))
    run = Function(ministack, made["Function"]).invoke(SCHEDULER_EVENT)
    lines = until("the run's log", lambda: has_ended(log_of(made, "LogGroup")[seen:]), 30)
    return Varied(network, run, lines)


class TestVariant:
    def test_is_as_the_template_says(self, deployed: Deployed, varied: Varied) -> None:
        wanted = deployed.stack.wanted()
        found = read_all(deployed.stack, wanted)
        told = [f"{name}.{text}" for name in wanted for text in differences(expected(wanted[name]), found[name])]
        assert not told and not kept_after_all(wanted, found), "\n".join(told)
        assert "DeploymentRule" not in wanted and "DeploymentRule" not in deployed.stack.members()
        assert readback.NOT_KEPT.keys() <= asked(wanted).keys() | asked(deployed.wanted).keys(), "the list names what is not in the template"
        assert wanted["Function"].properties["VpcConfig"] == varied.network

    def test_the_role_may_what_that_takes(self, deployed: Deployed, varied: Varied, ministack: Server) -> None:
        allowed = actions_of(deployed.stack, ministack)
        assert {"ec2:CreateNetworkInterface", "sts:AssumeRole"} <= allowed and "cloudwatch:PutMetricData" not in allowed, allowed

    def test_figures_are_lines_of_the_log(self, varied: Varied, ministack: Server) -> None:
        """CloudWatch makes metrics of them on AWS; MiniStack does not, and nothing else puts any."""
        assert varied.run.error is None, varied.run
        figures = [line for line in varied.lines if "_aws" in line]
        told = [(line, directive) for line in figures for directive in line["_aws"]["CloudWatchMetrics"]]
        assert {directive["Namespace"] for _, directive in told} == {VARIANT["MetricNamespace"]}
        values = {metric["Name"]: line[metric["Name"]] for line, directive in told for metric in directive["Metrics"]}
        assert values.keys() >= {"Heartbeat", "Probed", "Coverage", "Unhealthy", "RoutingFailures"}, values
        assert values["Gaps"] == [0] or values["Gaps"] == 0, values
        assert not client(ministack.url, "cloudwatch").list_metrics(Namespace=VARIANT["MetricNamespace"])["Metrics"]


def actions_of(made: Stack, server: Server) -> set[str]:
    """What the policies of the function's role allow."""
    iam, role = client(server.url, "iam"), made["FunctionRole"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in iam.list_role_policies(RoleName=role)["PolicyNames"]]
    actions = (statement["Action"] for document in documents for statement in document["Statement"])
    return {action for given in actions for action in ([given] if isinstance(given, str) else given)}


# ---- Changes behind CloudFormation's back ---------------------------------------------------------------------------


class TestDrift:
    """The comparison against real changes of what is deployed, not of the template."""

    def test_a_deleted_alarm(self, deployed: Deployed, updated: Updated, ministack: Server) -> None:
        client(ministack.url, "cloudwatch").delete_alarms(AlarmNames=[deployed.stack["HeartbeatAlarm"]])
        assert self.drifted(deployed) == {"HeartbeatAlarm": ["is gone"]}

    def test_a_wider_role(self, deployed: Deployed, updated: Updated, ministack: Server) -> None:
        statement = {"Effect": "Allow", "Action": "apigateway:PATCH", "Resource": "*"}
        client(ministack.url, "iam").put_role_policy(
            RoleName=deployed.stack["FunctionRole"], PolicyName="more", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )
        assert self.drifted(deployed)["FunctionRole"] != []

    def test_a_variable_more(self, deployed: Deployed, updated: Updated, ministack: Server) -> None:
        functions = client(ministack.url, "lambda")
        name = deployed.stack["Function"]
        variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**variables, "GATEPROBE_SECRET": "x"}})
        [told] = self.drifted(deployed)["Function"]
        assert "GATEPROBE_SECRET" in told

    def drifted(self, deployed: Deployed) -> dict[str, list[str]]:
        wanted = deployed.stack.wanted()
        told = {}
        for name, found in read_all(deployed.stack, wanted).items():
            told[name] = ["is gone"] if found is None else list(differences(expected(wanted[name]), found))
        return {name: texts for name, texts in told.items() if texts}


# ---- The end -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deleted(deployed: Deployed, updated: Updated) -> dict[str, set[str]]:
    """What is left of it, kind by kind."""
    deployed.stack.delete()
    deployed.inbox.close()
    return census.added(deployed.before, census.take(deployed.stack.server))


class TestDelete:
    def test_leaves_nothing(self, deployed: Deployed, deleted: dict[str, set[str]]) -> None:
        """But SAM's own bucket, which is the account's and serves every stack in the Region; docs/deploying.md says so."""
        assert set(deleted) == {"CloudFormation stacks", "S3 buckets"}, deleted
        assert deleted["CloudFormation stacks"] == {stack.MANAGED}
        [bucket] = deleted["S3 buckets"]
        assert bucket.startswith(stack.MANAGED), "the bucket that --resolve-s3 made; the stack's archives in it are gone"

    def test_everything_of_the_stack_was_looked_for(self, deployed: Deployed, updated: Updated) -> None:
        """What the census did not see while the stack was there, it would not miss now."""
        seen = [name for names in census.added(deployed.before, deployed.after).values() for name in names]
        unseen = {name for name, id in updated.ids_before.items() if not any(id in name for name in seen)}
        assert {deployed.wanted[name].type for name in unseen} == ATTACHED, unseen

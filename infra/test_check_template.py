"""check-template refuses what it says it refuses: each test breaks the real template in one place.

    python -m unittest discover infra      (with the packages of .ci/requirements.txt)
"""

import contextlib
import copy
import io
import re
import shlex
import tomllib
import unittest
from pathlib import Path
from unittest import mock

import alarms
from cloudformation import MEMBER, ROOT, TEMPLATE as PATH, Stack, Unreadable, translate
from scripts import load

check = load("check-template")
TEMPLATE = translate(PATH)
MEMBER_TEMPLATE = translate(MEMBER)


def plain(statement):
    """A statement of a policy, or the one that is there where its condition is met."""
    return statement["Fn::If"][1] if "Fn::If" in statement else statement


class Broken(unittest.TestCase):
    """A copy of the template to break, and the words that must come of it."""

    def setUp(self):
        self.template = copy.deepcopy(TEMPLATE)
        self.function = self.template["Resources"]["Function"]["Properties"]
        self.resources = self.template["Resources"]
        self.choose("FunctionRole")

    def choose(self, role):
        self.role = self.resources[role]["Properties"]
        self.statements = self.role["Policies"][0]["PolicyDocument"]["Statement"]

    def statement(self, sid):
        return next(plain(s) for s in self.statements if plain(s)["Sid"] == sid)

    def without(self, sid):
        self.statements.remove(next(s for s in self.statements if plain(s)["Sid"] == sid))

    def refused(self, because):
        found = check.faults(self.template)
        self.assertTrue(any(because in fault for fault in found), f"not refused for {because!r}: {found}")


class Mutations(Broken):
    """Permissions, and where things lead."""

    def test_the_template_as_it_is_passes(self):
        self.assertEqual(check.faults(self.template), [])

    def test_every_statement_is_needed(self):
        # A statement whose removal goes unnoticed is either superfluous or not checked.
        for role in check.ROLES:
            self.choose(role)
            for sid in [plain(s)["Sid"] for s in self.statements if plain(s)["Effect"] == "Allow"]:
                with self.subTest(role, sid=sid):
                    self.setUp()
                    self.choose(role)
                    self.without(sid)
                    self.refused("which it needs")

    def test_every_action_is_needed(self):
        for role in check.ROLES:
            self.choose(role)
            for sid in [plain(s)["Sid"] for s in self.statements if plain(s)["Effect"] == "Allow"]:
                for action in check.listed(self.statement(sid)["Action"])[1:]:
                    with self.subTest(role, action=action):
                        self.setUp()
                        self.choose(role)
                        self.statement(sid)["Action"].remove(action)
                        self.refused(f"cannot {action}")

    def test_what_is_optional_is_not_always_there(self):
        for sid in ("PublishOwnMetrics", "UseTopicKey", "AssumeMemberRole", "PlaceInVpc"):
            with self.subTest(sid):
                self.setUp()
                index = next(i for i, s in enumerate(self.statements) if plain(s)["Sid"] == sid)
                self.statements[index] = plain(self.statements[index])
                # A parameter that is empty is no ARN: what it would be in another stack stands for it.
                if sid == "UseTopicKey":
                    self.statements[index]["Resource"] = check.KEY
                if sid == "AssumeMemberRole":
                    self.statements[index]["Resource"] = check.MEMBER_ROLE
                self.refused("and must not [with the defaults]" if sid != "PublishOwnMetrics" else "and must not [for a member account]")

    def test_every_resource_is_needed(self):
        for sid in ("ReadRestApis", "ReadDomains"):
            for index in range(len(self.statement(sid)["Resource"])):
                with self.subTest(sid, index=index):
                    self.setUp()
                    del self.statement(sid)["Resource"][index]
                    self.refused("which it needs")

    def test_any_resource_for_reading(self):
        self.statement("ReadRestApis")["Resource"] = "*"
        self.refused('Resource "*" is only for')

    def test_the_deny_alone_does_not_carry_the_keys(self):
        # Without the Deny nothing changes, as long as nobody widens what is allowed...
        self.without("NeverReadApiKeyValues")
        self.assertEqual(check.faults(self.template), [])
        # ...and a pattern that is a little too wide is seen.
        self.statement("ReadRestApis")["Resource"].append({"Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}::/*"})
        self.refused("/apikeys/k1")

    def test_a_verb_that_writes(self):
        self.statement("ReadRestApis")["Action"] = ["apigateway:GET", "apigateway:PATCH"]
        self.refused("can apigateway:PATCH")

    def test_the_config_is_not_the_functions_to_write(self):
        keys = self.statement("KeepOwnItems")["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        keys.append("config")
        self.refused("can dynamodb:PutItem")
        keys[-1] = "config*"
        self.refused("can dynamodb:DeleteItem")
        self.setUp()
        del self.statement("KeepOwnItems")["Condition"]
        self.refused("can dynamodb:PutItem")

    def test_a_call_that_names_no_item(self):
        del self.statement("KeepOwnItems")["Condition"]["Null"]
        self.refused("can dynamodb:PutItem")

    def test_an_item_that_cannot_be_kept(self):
        keys = self.statement("KeepOwnItems")["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        keys.remove("out#*")
        self.refused("cannot dynamodb:PutItem")

    def test_a_table_that_outlives_the_stack(self):
        self.template["Resources"]["Table"]["DeletionPolicy"] = "Retain"
        self.refused("Table: stays when the stack is deleted")

    def test_an_action_pattern(self):
        self.statement("PublishAlerts")["Action"] = "sns:*"
        self.refused("is a pattern")

    def test_metrics_of_any_namespace(self):
        del self.statement("PublishOwnMetrics")["Condition"]
        self.refused('Resource "*" is only for')
        self.refused("AWS/ApiGateway")

    def test_another_region(self):
        self.statement("ReadRestApis")["Resource"].append({"Fn::Sub": "arn:${AWS::Partition}:apigateway:*::/restapis/*"})
        self.refused("eu-west-1")

    def test_every_log_group(self):
        self.statement("WriteOwnLog")["Resource"] = {
            "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*"
        }
        self.refused("/aws/lambda/other")

    def test_a_managed_policy(self):
        self.role["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
        self.refused("managed policies")

    def test_a_role_from_elsewhere(self):
        self.function["Role"] = "arn:aws:iam::123456789012:role/admin"
        self.refused("its role is not in this template")

    def test_a_policy_beside_the_role(self):
        self.template["Resources"]["More"] = {"Type": "AWS::IAM::Policy", "Properties": {}}
        self.refused("a policy beside the role")

    def test_a_resource_that_cannot_be_read(self):
        self.statement("PublishAlerts")["Resource"] = {"Fn::ImportValue": "topic"}
        self.refused("cannot tell what")

    def test_the_code_makes_no_interfaces(self):
        self.without("CodeMakesNoInterfaces")
        self.refused("can ec2:CreateNetworkInterface on * (with {'lambda:SourceFunctionArn'")

    def test_the_member_role_is_one_role(self):
        self.statement("AssumeMemberRole")["Resource"] = {"Fn::Sub": "arn:${AWS::Partition}:iam::*:role/*"}
        self.refused("can sts:AssumeRole on arn:aws:iam::999999999999:role/admin-us-east-1")

    def test_any_key(self):
        self.statement("UseTopicKey")["Resource"] = {"Fn::Sub": "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/*"}
        self.refused("can kms:Decrypt")

    def test_the_metrics_of_the_default_namespace_in_another(self):
        self.statement("PublishOwnMetrics")["Condition"]["StringEquals"]["cloudwatch:namespace"] = "Gateprobe"
        # The set of parameters with another namespace publishes by log lines; with the same one by calls.
        given = {"MetricNamespace": "Gateprobe/shop"}
        self.assertTrue(any("cannot cloudwatch:PutMetricData" in fault for fault in check.faults_of_stack(Stack(self.template, given))))

    def test_reading_the_queue(self):
        self.statement("WriteDeadLetters")["Action"] = ["sqs:SendMessage", "sqs:ReceiveMessage"]
        self.refused("can sqs:ReceiveMessage")

    def test_a_widget_that_writes(self):
        self.choose("WidgetRole")
        self.statement("ReadTable")["Action"] = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem"]
        self.refused("WidgetRole: can dynamodb:PutItem")

    def test_a_widget_with_the_monitors_role(self):
        self.resources["Widget"]["Properties"]["Role"] = {"Fn::GetAtt": ["FunctionRole", "Arn"]}
        self.refused("Widget: Role is")

    def test_a_role_that_others_take_on(self):
        for role in check.ROLES:
            with self.subTest(role):
                self.setUp()
                self.resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"AWS": "*"}
                self.refused(f"{role}: must be for")

    def test_a_schedule_of_another_account(self):
        del self.resources["ScheduleRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
        self.refused("ScheduleRole: must be for")

    def test_no_function_at_all(self):
        for name in ("Function", "Widget"):
            self.resources[name]["Type"] = "AWS::CloudFormation::WaitConditionHandle"
        self.refused("no function in this template")

    def test_a_role_without_a_list(self):
        self.resources["More"] = copy.deepcopy(self.resources["WidgetRole"])
        self.refused("More: a role that infra/check-template has no list for")

    def test_a_queue_that_anybody_writes_to(self):
        policy = self.resources["DeadLettersPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        del policy[0]["Condition"]
        self.refused("and nobody else do anything")
        del self.resources["DeadLettersPolicy"]
        self.refused("0 policies for 1 rules")

    def test_what_outlives_the_stack(self):
        for name in ("Table", "LogGroup", "WidgetLogGroup", "DeadLetters"):
            for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                with self.subTest(name, policy=policy):
                    self.setUp()
                    del self.resources[name][policy]
                    self.refused(f"{name}: stays when the stack is deleted")

    def test_wiring(self):
        """Each of these is well formed, and leads nowhere."""
        breaks = {
            "Function: TracingConfig.Mode": lambda r: r["Function"]["Properties"].pop("TracingConfig"),
            "Function: LoggingConfig.LogGroup": lambda r: r["Function"]["Properties"]["LoggingConfig"].pop("LogGroup"),
            "Widget: LoggingConfig.LogFormat": lambda r: r["Widget"]["Properties"]["LoggingConfig"].update(LogFormat="Text"),
            "FunctionEventInvokeConfig: MaximumRetryAttempts":
                lambda r: r["FunctionEventInvokeConfig"]["Properties"].update(MaximumRetryAttempts=2),
            "FunctionEventInvokeConfig: DestinationConfig":
                lambda r: r["FunctionEventInvokeConfig"]["Properties"].pop("DestinationConfig"),
            "FunctionSchedule: FlexibleTimeWindow": lambda r: r["FunctionSchedule"]["Properties"].update(FlexibleTimeWindow={"Mode": "FLEXIBLE"}),
            "FunctionSchedule: Target.DeadLetterConfig": lambda r: r["FunctionSchedule"]["Properties"]["Target"].pop("DeadLetterConfig"),
            "FunctionSchedule: Target.RetryPolicy": lambda r: r["FunctionSchedule"]["Properties"]["Target"].pop("RetryPolicy"),
            "Topic: KmsMasterKeyId": lambda r: r["Topic"]["Properties"].pop("KmsMasterKeyId"),
            "Function: VpcConfig.SubnetIds": lambda r: r["Function"]["Properties"].pop("VpcConfig"),
            "DeadLetters: SqsManagedSseEnabled": lambda r: r["DeadLetters"]["Properties"].pop("SqsManagedSseEnabled"),
            "LogGroup: RetentionInDays": lambda r: r["LogGroup"]["Properties"].pop("RetentionInDays"),
            "1 rules on deployments, where WatchDeployments is false": lambda r: r["DeploymentRule"].pop("Condition"),
            "DeploymentRule: EventPattern.detail.errorCode": lambda r: r["DeploymentRule"]["Properties"]["EventPattern"]["detail"].pop("errorCode"),
            "DeploymentRule: Targets.0.DeadLetterConfig": lambda r: r["DeploymentRule"]["Properties"]["Targets"][0].pop("DeadLetterConfig"),
            "DeploymentPermission: SourceArn": lambda r: r["DeploymentPermission"]["Properties"].pop("SourceArn"),
        }
        for because, change in breaks.items():
            with self.subTest(because):
                self.setUp()
                change(self.resources)
                self.refused(because)

    def test_what_cannot_be_vouched_for(self):
        self.statement("PublishAlerts")["NotAction"] = self.statement("PublishAlerts").pop("Action")
        self.refused("FunctionRole: NotAction and NotResource allow what nobody has named")
        self.setUp()
        self.statement("PublishAlerts")["Condition"] = {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}
        self.refused("condition operator DateLessThan is not known here")

    def test_an_empty_endpoint(self):
        self.function["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = {"Ref": "EndpointUrl"}
        self.refused("AWS_ENDPOINT_URL must be absent")


class Alarms(Broken):
    """One fault, one message; and nothing that CloudWatch cannot evaluate."""

    def alarm(self, name):
        return self.resources[name]["Properties"]

    def test_the_template_as_it_is_passes(self):
        self.assertGreaterEqual(len(Stack(self.template).of_type(alarms.ALARM)), 12)

    def test_told_twice(self):
        self.alarm("GapsAlarm")["AlarmActions"] = self.alarm("GapsAlarm")["OKActions"] = [{"Ref": "Topic"}]
        self.refused("GapsAlarm: sends beside UpkeepAlarm")

    def test_told_by_two_composites(self):
        rule = self.alarm("PagingAlarm")["AlarmRule"]
        rule["Fn::Sub"] += ' OR ALARM("${GapsAlarm}")'
        self.refused("GapsAlarm: is in 2 composite alarms")

    def test_told_by_nobody(self):
        for name in ("RoutingFailuresAlarm", "MemoryAlarm"):
            for composite in ("PagingAlarm", "UpkeepAlarm"):
                rule = self.alarm(composite)["AlarmRule"]
                rule["Fn::Sub"] = rule["Fn::Sub"].replace("ALARM(\"${%s}\")" % name, "FALSE")
            self.refused(f"{name}: is in 0 composite alarms")

    def test_told_by_nobody_without_composites(self):
        for key in ("AlarmActions", "OKActions"):
            self.alarm("OutboxAlarm")[key] = {"Ref": "AWS::NoValue"}
        self.refused("OutboxAlarm: sends nothing, and there is no composite alarm that would [for an emulator]")

    def test_the_dead_monitor_is_told_by_itself(self):
        for key in ("AlarmActions", "OKActions"):
            del self.alarm("HeartbeatAlarm")[key]
        self.refused("HeartbeatAlarm: must send by itself")

    def test_what_stays_for_weeks_hides_nothing(self):
        self.alarm("UpkeepAlarm")["AlarmRule"]["Fn::Sub"] += ' OR ALARM("${CertificateAlarm}")'
        self.refused("CertificateAlarm: must send by itself, and be in no composite")

    def test_a_composite_that_speaks_of_old_data(self):
        self.alarm("PagingAlarm")["ActionsSuppressor"] = {"Fn::GetAtt": ["GapsAlarm", "Arn"]}
        self.refused("PagingAlarm: must be silent while HeartbeatAlarm")

    def test_only_the_beginning(self):
        del self.alarm("CertificateAlarm")["OKActions"]
        self.refused("CertificateAlarm: tells that it began or that it is over, and not both")

    def test_missing_data_without_a_word(self):
        del self.alarm("UnhealthyAlarm")["TreatMissingData"]
        self.refused("UnhealthyAlarm: does not say what missing data means")

    def test_a_metric_that_nobody_publishes(self):
        self.alarm("OutboxAlarm")["MetricName"] = "OutboxWaits"
        self.refused("OutboxWaits is no metric")

    def test_another_namespace(self):
        self.alarm("OutboxAlarm")["Namespace"] = "Gateprobe"
        self.refused("Gateprobe OutboxWaiting is not known here [for a member account]")

    def test_errors_of_the_whole_account(self):
        del self.alarm("FunctionErrorsAlarm")["Dimensions"]
        self.refused("Errors without dimensions is that of the whole account")

    def test_looking_back_too_far(self):
        self.alarm("ThrottlesAlarm")["EvaluationPeriods"] = 8
        found = check.faults_of_stack(Stack(self.template, {"HeartbeatSeconds": 86400}))
        self.assertTrue(any("8 periods of 86400 s are more than" in fault for fault in found))

    def test_a_composite_of_an_alarm_that_is_gone(self):
        self.alarm("UpkeepAlarm")["AlarmRule"]["Fn::Sub"] += ' OR ALARM("OldAlarm")'
        self.refused("UpkeepAlarm: its rule names OldAlarm")

    def test_a_composite_that_tells_nobody(self):
        del self.alarm("PagingAlarm")["AlarmActions"]
        self.refused("PagingAlarm: sends nothing")

    def test_a_message_without_a_word(self):
        del self.alarm("OutboxAlarm")["AlarmDescription"]
        self.refused("OutboxAlarm: whoever gets its message")

    def test_one_stage_for_all(self):
        self.alarm("UnhealthyAlarm")["Dimensions"] = [{"Name": "Stage", "Value": "prod"}]
        self.refused("UnhealthyAlarm: watches one stage")

    def test_every_heartbeat_that_can_be_chosen(self):
        for seconds in self.template["Parameters"]["HeartbeatSeconds"]["AllowedValues"]:
            self.assertEqual(list(alarms.faults(Stack(self.template, {"HeartbeatSeconds": seconds}))), [])

    def test_a_period_that_cloudwatch_has_not(self):
        self.alarm("RoutingFailuresAlarm")["Period"] = 90
        self.refused("no period of 90 s")

    def test_an_expression(self):
        self.alarm("DurationAlarm")["Metrics"] = [{"Id": "share", "Expression": "longest / 3000"}]
        self.refused("DurationAlarm: is of an expression")

    def test_the_timeout_that_is_chosen_has_its_limit(self):
        for seconds in self.template["Parameters"]["Timeout"]["AllowedValues"]:
            self.assertEqual(list(alarms.faults(Stack(self.template, {"Timeout": seconds}))), [])
        self.template["Mappings"]["LongRun"]["300"]["Milliseconds"] = 300_000
        self.refused("300000 ms are not 80 % of a Timeout of 300 s")
        del self.template["Mappings"]["LongRun"]["300"]
        self.refused("LongRun has no 300")


class Rules(unittest.TestCase):
    """What CloudFormation refuses before it makes anything."""

    member = {"MemberRoleArn": check.MEMBER_ROLE, "MemberExternalId": "shop-2026", "MetricNamespace": "Gateprobe/shop"}

    def refused(self, because, **parameters):
        found = Stack(TEMPLATE, parameters).broken_rules()
        self.assertEqual(len(found), 1, found)
        self.assertIn(because, found[0])

    def taken(self, **parameters):
        self.assertEqual(Stack(TEMPLATE, parameters).broken_rules(), [])

    def test_a_vpc_by_halves(self):
        self.refused("belong together", VpcSubnetIds="subnet-0a")
        self.refused("belong together", VpcSecurityGroupIds="sg-0a")
        self.taken(VpcSubnetIds="subnet-0a", VpcSecurityGroupIds="sg-0a")

    def test_a_member_by_halves(self):
        self.refused("belong together", MemberRoleArn=check.MEMBER_ROLE, MetricNamespace="Gateprobe/shop")
        self.refused("belong together", MemberExternalId="shop-2026")
        self.taken(**self.member)

    def test_two_stacks_with_one_set_of_metrics(self):
        self.refused("two stacks would publish the same metrics", **{**self.member, "MetricNamespace": "Gateprobe"})

    def test_events_of_another_account(self):
        self.refused("not those of the account", **self.member, WatchDeployments="true")

    def test_metrics_that_the_log_drops(self):
        for level in ("warn", "error"):
            self.refused("would drop every metric", MetricsMode="emf", LogLevel=level)
            self.taken(MetricsMode="cloudwatch", LogLevel=level)
        self.taken(MetricsMode="emf")

    def test_no_time_to_let_a_deployment_settle(self):
        for seconds in (60, 120):
            self.refused("needs a Timeout of 180 or more", WatchDeployments="true", Timeout=seconds)
        self.taken(WatchDeployments="true", Timeout=180)

    def test_a_set_of_parameters_that_the_rules_refuse(self):
        found = list(check.faults_of_stack(Stack(TEMPLATE, {"WatchDeployments": "true", "Timeout": 60})))
        self.assertTrue(found and found[0].startswith("its own parameters are refused: WatchDeployments needs"), found)

    def test_runs_that_wait_for_each_other(self):
        self.refused("Timeout of 60", Schedule="rate(1 minute)", Timeout=120)
        self.taken(Schedule="rate(1 minute)", Timeout=60)
        self.refused("Timeout of 120 or less", Schedule="rate(3 minutes)", Timeout=180)
        self.taken(Schedule="rate(2 minutes)", Timeout=120)
        self.refused("Timeout of 300 or less", Schedule="rate(5 minutes)", Timeout=420)
        self.taken(Schedule="rate(5 minutes)", Timeout=300)
        for seconds in (780, 900):
            self.refused("Timeout of 600 or less", Schedule="rate(10 minutes)", Timeout=seconds, HeartbeatSeconds=1800)
            self.taken(Schedule="rate(15 minutes)", Timeout=seconds, HeartbeatSeconds=1800)
        self.taken(Schedule="rate(10 minutes)", Timeout=600, HeartbeatSeconds=1800)

    def test_a_heartbeat_shorter_than_the_schedule(self):
        for schedule, short, enough in [
            ("rate(5 minutes)", 300, 600), ("rate(10 minutes)", 900, 1800), ("rate(15 minutes)", 900, 1800),
            ("rate(20 minutes)", 1800, 3600), ("rate(30 minutes)", 1800, 3600), ("rate(1 hour)", 3600, 7200),
            ("rate(60 minutes)", 900, 10800),
        ]:
            with self.subTest(schedule):
                self.refused("HeartbeatSeconds", Schedule=schedule, HeartbeatSeconds=short)
                self.taken(Schedule=schedule, HeartbeatSeconds=enough)
        self.refused("HeartbeatSeconds of 600", Schedule="rate(4 minutes)", HeartbeatSeconds=300, Timeout=120)
        self.taken(Schedule="rate(4 minutes)", HeartbeatSeconds=600, Timeout=120)
        self.taken(Schedule="rate(3 minutes)", HeartbeatSeconds=300, Timeout=120)

    def test_a_run_a_day(self):
        self.refused("cannot be watched", Schedule="rate(1 day)", HeartbeatSeconds=86400)

    def test_every_rule_has_a_test(self):
        """A rule that cannot be broken is not there for anybody."""
        source = Path(__file__).read_text()
        for rule in TEMPLATE["Rules"].values():
            for assertion in rule["Assertions"]:
                words = re.findall(r'self\.refused\("([^"]+)"', source)
                self.assertTrue(any(word in assertion["AssertDescription"] for word in words), assertion)

    def test_parameters_refuse_what_they_say(self):
        for name, value in [
            ("MetricNamespace", "AWS Lambda"), ("MetricNamespace", ""), ("MetricNamespace", 'a"b'), ("MetricNamespace", ":a"),
            ("TopicKeyArn", "alias/mine"), ("MemberRoleArn", "arn:aws:iam::1:user/x"), ("MemberExternalId", "short"),
            ("VpcSubnetIds", "subnet-1, subnet-2"), ("VpcSubnetIds", "vpc-1"), ("VpcSecurityGroupIds", "sg-1,"),
            ("Timeout", 301), ("HeartbeatSeconds", 100), ("CompositeAlarm", "true"), ("MetricsMode", "EMF"),
        ]:
            with self.subTest(name, value=value), self.assertRaises(Unreadable):
                Stack(TEMPLATE, {name: value})


class Member(unittest.TestCase):
    """infra/member-role.yaml: the same reads, for one role, and nothing else."""

    def setUp(self):
        self.template = copy.deepcopy(MEMBER_TEMPLATE)
        self.role = self.template["Resources"]["MemberRole"]["Properties"]
        self.statements = self.role["Policies"][0]["PolicyDocument"]["Statement"]

    def refused(self, because):
        found = check.faults_of_member(self.template)
        self.assertTrue(any(because in fault for fault in found), f"not refused for {because!r}: {found}")

    def test_the_template_as_it_is_passes(self):
        self.assertEqual(check.faults_of_member(self.template), [])

    def test_it_reads_what_the_stacks_own_role_reads(self):
        function = TEMPLATE["Resources"]["FunctionRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        own = [s for s in function if "apigateway" in str(s.get("Action"))]
        self.assertEqual(self.statements, own)

    def test_every_statement_is_needed(self):
        for index, statement in enumerate(MEMBER_TEMPLATE["Resources"]["MemberRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]):
            if statement["Effect"] == "Allow":
                self.setUp()
                del self.statements[index]
                self.refused("which it needs")

    def test_without_the_external_id(self):
        del self.role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
        self.refused("must be for")

    def test_for_a_whole_account(self):
        self.role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"AWS": "arn:aws:iam::111111111111:root"}
        self.refused("must be for")

    def test_more_than_reading(self):
        self.statements.append({"Sid": "More", "Effect": "Allow", "Action": "apigateway:PATCH", "Resource": "arn:aws:apigateway:us-east-1::/*"})
        self.refused("can apigateway:PATCH")
        self.setUp()
        self.statements.append({"Sid": "More", "Effect": "Allow", "Action": "sns:Publish", "Resource": check.TOPIC})
        self.refused("can sns:Publish")

    def test_a_pattern_of_actions(self):
        self.statements[0]["Action"] = "apigateway:G*"
        self.refused("the action apigateway:G* is a pattern")

    def test_a_role_that_cannot_be_read(self):
        self.role["Policies"][0]["PolicyDocument"]["Statement"][0]["Resource"] = {"Fn::ImportValue": "x"}
        self.refused("cannot tell what")

    def test_the_command_tells_of_it(self):
        """What .ci/run sees: the exit status, and each fault with its file."""
        for broken, file in (("faults_of_member", MEMBER), ("faults", PATH)):
            with mock.patch.object(check, broken, return_value=["x is wrong"]), mock.patch.object(check.sys, "argv", ["check-template"]):
                errors = io.StringIO()
                with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
                    self.assertEqual(check.main(), 1)
                # The translator has its own words there.
                self.assertIn(f"{file}: x is wrong", errors.getvalue().splitlines())

    def test_something_else_than_a_role(self):
        self.template["Resources"]["Bucket"] = {"Type": "AWS::S3::Bucket"}
        self.refused("Bucket: is no role")


class Files(unittest.TestCase):
    """What the template says of other files."""

    def test_the_version_is_that_of_the_crate(self):
        crate = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)
        self.assertEqual(TEMPLATE["Metadata"]["AWS::ServerlessRepo::Application"]["SemanticVersion"], crate)

    def test_the_licence_and_the_readme_are_there(self):
        application = TEMPLATE["Metadata"]["AWS::ServerlessRepo::Application"]
        for key in ("LicenseUrl", "ReadmeUrl"):
            self.assertTrue((ROOT / application[key]).is_file(), key)
        self.assertLessEqual(len(application["Labels"]), 10)
        self.assertLessEqual(len(application["Description"]), 256)

    @unittest.skipUnless((ROOT / "src" / "event" / "change.rs").is_file(), "this tree has no reader of CloudTrail's events yet")
    def test_the_function_knows_every_event_of_the_rule(self):
        """It refuses a call that it does not know, and each would then be a failed run."""
        known = re.findall(r'"([A-Z][A-Za-z]+)"', (ROOT / "src" / "event" / "change.rs").read_text())
        sent = TEMPLATE["Resources"]["DeploymentRule"]["Properties"]["EventPattern"]["detail"]["eventName"]
        self.assertEqual(sorted(set(sent) - set(known)), [])
        self.assertEqual(len(set(sent)), len(sent))

    def test_every_suppression_has_its_reason(self):
        """In the words of whoever made it: behind each id for checkov, in a comment above each list for cfn-lint."""
        for path in (PATH, MEMBER):
            text = path.read_text()
            for name, reason in re.findall(r"checkov:skip=(\w+)(.*)", text):
                self.assertRegex(reason, r"^: .{30}", name)
            self.assertNotRegex(text, r"(?m)^ *checkov:$", "in Metadata it would be part of the build: see Widget")
            for match in re.finditer(r"^ *ignore_checks:", text, re.MULTILINE):
                self.assertRegex(text[:match.start()].rstrip().splitlines()[-1], r"^ *# ")

    def test_the_environments_of_samconfig_can_be_deployed(self):
        environments = tomllib.loads((ROOT / "samconfig.toml").read_text())
        del environments["version"]
        self.assertEqual(sorted(environments), ["default", "dev", "emulator"])
        for name, commands in environments.items():
            with self.subTest(name):
                # As SAM reads it: words as a shell has them.
                words = shlex.split(commands["deploy"]["parameters"].get("parameter_overrides", ""))
                stack = Stack(TEMPLATE, dict(word.split("=", 1) for word in words))
                self.assertEqual(stack.broken_rules(), [])
                self.assertEqual(list(check.faults_of_stack(stack)), [])
                # An environment inherits nothing: what is left out is asked for, or built elsewhere.
                self.assertTrue(commands["build"]["parameters"]["build_in_source"])
                self.assertEqual(commands["deploy"]["parameters"]["capabilities"], "CAPABILITY_IAM")
        names = {one["global"]["parameters"]["stack_name"] for key, one in environments.items() if key != "emulator"}
        self.assertEqual(len(names), 2, "dev stands beside default")

    def test_both_functions_are_one_build(self):
        """sam builds once for functions whose code, runtime and build settings are the same."""
        functions = [TEMPLATE["Resources"][name] for name in ("Function", "Widget")]
        for same in ("Runtime", "Handler", "Architectures", "Code"):
            self.assertEqual(*[function["Properties"][same] for function in functions])
        self.assertEqual(*[function["Metadata"] for function in functions])


class Documentation(unittest.TestCase):
    """docs/deploying.md and the console's form know every parameter, and the page every permission."""

    page = (ROOT / "docs" / "deploying.md").read_text()

    def test_parameters_are_explained(self):
        interface = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]
        grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
        self.assertEqual(sorted(grouped), sorted(TEMPLATE["Parameters"]))
        self.assertEqual(sorted(interface["ParameterLabels"]), sorted(TEMPLATE["Parameters"]))
        for name in TEMPLATE["Parameters"]:
            self.assertIn(f"`{name}`", self.page)

    def test_permissions_are_explained(self):
        for role in check.ROLES:
            for statement in TEMPLATE["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
                for action in check.listed(plain(statement)["Action"]):
                    self.assertIn(f"`{action}`", self.page)

    def test_alarms_are_explained(self):
        for kind in (alarms.ALARM, alarms.COMPOSITE):
            for name, resource in TEMPLATE["Resources"].items():
                if resource["Type"] == kind:
                    self.assertRegex(self.page, rf"(?m)^\| `{name}` \|")

    def test_resources_are_explained(self):
        for name in TEMPLATE["Resources"]:
            self.assertIn(f"`{name}`", self.page)

    def test_metrics_are_read_from_their_page(self):
        self.assertIn("RoutingFailures", alarms.own_metrics())
        self.assertNotIn("Host", alarms.own_metrics())
        self.assertEqual(alarms.own_metrics("| `A` | Count | x | yes | |\n| `B` | Count | y | | yes |\n"), {"B"})


if __name__ == "__main__":
    unittest.main()

"""check-template refuses what it says it refuses: each test breaks the real template in one place.

    python -m unittest discover infra      (with the packages of .ci/requirements.txt)
"""

import copy
import importlib.machinery
import importlib.util
import os
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")


def load():
    loader = importlib.machinery.SourceFileLoader("check_template", str(HERE / "check-template"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


check = load()
TEMPLATE = check.translate(HERE.parent / "template.yaml")


class Mutations(unittest.TestCase):
    def setUp(self):
        self.template = copy.deepcopy(TEMPLATE)
        self.function = self.template["Resources"]["Function"]["Properties"]
        self.role = self.template["Resources"]["FunctionRole"]["Properties"]
        self.statements = self.role["Policies"][0]["PolicyDocument"]["Statement"]

    def statement(self, sid):
        return next(s for s in self.statements if s["Sid"] == sid)

    def refused(self, because):
        found = check.faults(self.template)
        self.assertTrue(any(because in fault for fault in found), f"not refused for {because!r}: {found}")

    def test_the_template_as_it_is_passes(self):
        self.assertEqual(check.faults(self.template), [])

    def test_every_statement_is_needed(self):
        # A statement whose removal goes unnoticed is either superfluous or not checked.
        for sid in [s["Sid"] for s in self.statements if s["Effect"] == "Allow"]:
            with self.subTest(sid):
                self.setUp()
                self.statements.remove(self.statement(sid))
                self.refused("which the pipeline needs")

    def test_every_resource_is_needed(self):
        for sid in ("ReadRestApis", "ReadDomains"):
            for index in range(len(self.statement(sid)["Resource"])):
                with self.subTest(sid, index=index):
                    self.setUp()
                    del self.statement(sid)["Resource"][index]
                    self.refused("which the pipeline needs")

    def test_any_resource_for_reading(self):
        self.statement("ReadRestApis")["Resource"] = "*"
        self.refused('Resource "*" is only for')

    def test_the_deny_alone_does_not_carry_the_keys(self):
        # Without the Deny nothing changes, as long as nobody widens what is allowed...
        self.statements.remove(self.statement("NeverReadApiKeyValues"))
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

    def test_an_empty_endpoint(self):
        self.function["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = {"Ref": "EndpointUrl"}
        self.refused("AWS_ENDPOINT_URL must be absent")


class Documentation(unittest.TestCase):
    """docs/deploying.md and the console's form know every parameter, and the page every permission."""

    page = (HERE.parent / "docs" / "deploying.md").read_text()

    def test_parameters_are_explained(self):
        interface = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]
        grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
        self.assertEqual(sorted(grouped), sorted(TEMPLATE["Parameters"]))
        self.assertEqual(sorted(interface["ParameterLabels"]), sorted(TEMPLATE["Parameters"]))
        for name in TEMPLATE["Parameters"]:
            self.assertIn(f"`{name}`", self.page)

    def test_permissions_are_explained(self):
        for statement in TEMPLATE["Resources"]["FunctionRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
            for action in check.listed(statement["Action"]):
                self.assertIn(f"`{action}`", self.page)


if __name__ == "__main__":
    unittest.main()

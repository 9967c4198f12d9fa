"""infra/proving-ground.yaml is what its writer writes, fits into CloudFormation's call, and sets no trap for anybody else.

    python -m unittest discover infra
"""

import unittest

import yaml

from scripts import load


class Loader(yaml.SafeLoader):
    """Short forms of functions as the text of their argument."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: (suffix, str(getattr(node, "value", ""))))

make = load("make-proving-ground")
TEXT = make.TARGET.read_text()
RESOURCES = yaml.load(TEXT, Loader)["Resources"]


class Written(unittest.TestCase):
    def test_it_is_what_the_writer_writes(self):
        self.assertEqual(TEXT, make.written(), "run infra/make-proving-ground")

    def test_it_fits_into_the_call(self):
        self.assertLessEqual(len(TEXT.encode()), 51_200)


class Harmless(unittest.TestCase):
    def test_only_what_was_looked_at_is_made(self):
        kinds = {resource["Type"] for resource in RESOURCES.values()}
        known = {
            f"AWS::ApiGateway::{kind}"
            for kind in ("RestApi", "Resource", "Method", "Deployment", "Stage", "Authorizer", "RequestValidator", "Model",
                         "GatewayResponse", "ApiKey", "UsagePlan", "UsagePlanKey", "DomainName", "BasePathMapping")
        } | {f"AWS::ApiGatewayV2::{kind}" for kind in ("Api", "Integration", "Route", "Deployment", "Stage")} | {
            "AWS::IAM::Role", "AWS::Lambda::Function", "AWS::Lambda::Permission"}
        self.assertLessEqual(kinds, known)

    def test_integrations_lead_nowhere(self):
        """To a mock, to what must fail, or to the stack's own mock: to nobody else's service."""
        nowhere = ("http://gateprobe-proving-ground.example.com/", "http://192.0.2.1/", "http://${stageVariables.nowhere}/")
        for name, resource in RESOURCES.items():
            if resource["Type"] == "AWS::ApiGateway::Method":
                integration = resource["Properties"]["Integration"]
                text = str(integration)
                if isinstance(integration, dict) and integration["Type"] == "MOCK":
                    continue
                self.assertTrue(any(uri in text for uri in nowhere) or "-nobody/invocations" in text, (name, text))
            if resource["Type"] == "AWS::ApiGatewayV2::Integration":
                suffix, uri = resource["Properties"]["IntegrationUri"]
                self.assertTrue(uri.startswith("https://${Trees}.execute-api.${AWS::Region}.${AWS::URLSuffix}/full/echo/"), uri)

    def test_the_role_may_do_nothing(self):
        role = RESOURCES["DeciderRole"]
        self.assertEqual(set(role["Properties"]), {"AssumeRolePolicyDocument"})

    def test_unsafe_verbs_are_mocks(self):
        for name, resource in RESOURCES.items():
            if resource["Type"] == "AWS::ApiGateway::Method" and resource["Properties"]["HttpMethod"] not in ("GET", "HEAD", "OPTIONS"):
                self.assertEqual(resource["Properties"]["Integration"]["Type"], "MOCK", name)

    def test_every_api_has_the_marker_in_every_deployment(self):
        apis = [name for name, resource in RESOURCES.items() if resource["Type"] in ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")]
        self.assertEqual(len(apis), 8)
        for api in apis:
            marker = [name for name in RESOURCES if name in (f"{api}ProvingGroundGet", f"{api}RouteMarker")]
            self.assertEqual(len(marker), 1, api)
            # A method that waits for a deployment is not in it.
            self.assertNotIn("DependsOn", RESOURCES[marker[0]], api)


if __name__ == "__main__":
    unittest.main()

"""APIs imported from other people's OpenAPI and Swagger documents."""

from __future__ import annotations

import pytest

import definitions
import emulators
from backend import Backend
from gateprobe import Gateprobe
from server import Server
from worlds import PROBED_VERBS


@pytest.mark.parametrize("name", definitions.names())
def test_in_localstack(localstack: Server, backend: Backend, gateprobe: Gateprobe, name: str) -> None:
    emulators.reset(localstack)
    document = definitions.load(name, backend.url)
    definitions.import_into_localstack(localstack, document, "live")
    backend.forget()
    operations = definitions.operations(document)
    outcome = gateprobe.on(localstack)("run", "--format", "json")
    report = outcome.report()
    report.check()
    probed = {operation for operation in operations if operation[0] in PROBED_VERBS}
    assert report.coverage["deployed"] == len(operations), outcome
    assert report.coverage["probed"] == report.coverage["routed"] == len(probed), outcome
    assert report.problems() == [] and outcome.status == 0, outcome
    assert {call.method for call in backend.calls()} <= {"GET", "HEAD", "OPTIONS"}
    [stage] = report.stages
    assert stage["tree"] == ("edited" if any(verb == "ANY" for verb, _ in operations) else "export"), outcome
    keyed = {("live", "GET", "/", "api-key")} if name == "openapi.spec.tf.json" else set()
    assert set(report.by_method(report.expected())) == keyed, outcome


def test_all_in_ministack(ministack: Server, backend: Backend, gateprobe: Gateprobe) -> None:
    """All nine at once, made by CloudFormation, which there drops ANY methods."""
    documents = [definitions.load(name, backend.url) for name in definitions.names()]
    for document in documents:
        definitions.import_into_ministack(ministack, document, "live")
    backend.forget()
    operations = [operation for document in documents for operation in definitions.operations(document) if operation[0] != "ANY"]
    outcome = gateprobe.on(ministack)("run", "--format", "json")
    report = outcome.report()
    report.check()
    assert len(report.stages) == len(documents), outcome
    assert report.coverage["deployed"] == len(operations), outcome
    assert report.coverage["probed"] == len([verb for verb, _ in operations if verb in PROBED_VERBS]), outcome
    assert report.coverage["routed"] == report.coverage["probed"], outcome
    refused = {(d["matched"]["api_name"], d["matched"]["resource"], d["cause"]) for d in report.diagnoses if d["verdict"] != "healthy"}
    assert refused == {
        ("local-api", "/", "api-key"),
        ("Test Global Authorizer", "/pets", "authorizer"),
        ("Example Pet Store", "/pets/{petId}", "authorizer"),
    }, outcome
    assert {call.method for call in backend.calls()} <= {"GET", "HEAD", "OPTIONS"}

"""The nearest thing to AWS: true snapshots on both planes (control plane MiniStack, data plane LocalStack, one API under one id)."""

from __future__ import annotations

import pytest

import worlds
from backend import Backend
from gateprobe import Gateprobe, Outcome, check_diagnosis
from restapi import invoke_url
from server import Server
from wire import fetch
from worlds import World


@pytest.fixture(scope="module")
def shop(ministack: Server, localstack: Server, backend_server: Backend) -> World:
    world = worlds.shop([ministack, localstack], backend_server.url)
    backend_server.forget()
    return world


@pytest.fixture(scope="module")
def outcome(shop: World, ministack: Server, localstack: Server, gateprobe: Gateprobe) -> Outcome:
    return gateprobe.on(ministack, localstack)("run", "--format", "json")


def test_coverage(shop: World, outcome: Outcome) -> None:
    report = outcome.report()
    report.check()
    assert report.coverage["deployed"] == len(shop.deployed) == 42, outcome
    assert report.coverage["probed"] == report.coverage["routed"] == len(shop.probed) == 36, outcome
    assert report.coverage["skipped"] == {"no-safe-proof": 6}, outcome
    # Healthy is what answers well to a request without a made-up value. In each stage that leaves out three methods with path parameters,
    # /keyed and /signed (LocalStack enforces no IAM: asked with a signature of nobody's it answers, which tells nothing), /broken and /down.
    assert report.coverage["healthy"] == 36 - 3 * 7, outcome


def test_exactly_the_faults_that_were_set(outcome: Outcome) -> None:
    report = outcome.report()
    assert outcome.status == 1, outcome
    assert report.by_method(report.problems()) == {
        (stage, "GET", path, cause): 1
        for stage in ("prod", "qa", "dev")
        for path, cause in (("/broken", "backend-status"), ("/down", "integration"))
    }, outcome
    assert report.by_method(report.expected()) == {(stage, "GET", "/keyed", "api-key"): 1 for stage in ("prod", "qa", "dev")}, outcome
    assert report.gaps == [], outcome


def test_a_method_gone_from_the_edit_is_still_probed_where_deployed(outcome: Outcome, backend_server: Backend) -> None:
    """GET /legacy: deployed to prod, and to qa by the rollback; not in dev."""
    assert backend_server.counts()[("GET", "/legacy")] == 2, (backend_server.counts(), outcome)
    assert backend_server.counts()[("GET", "/catalogue")] == 1, (backend_server.counts(), outcome)
    assert backend_server.counts()[("GET", "/drafts")] == 0, (backend_server.counts(), outcome)


def test_failures_are_confirmed(outcome: Outcome, backend_server: Backend) -> None:
    """/broken: once for each of three stages, and at least once more each."""
    assert backend_server.counts()[("GET", "/status/500")] >= 6, (backend_server.counts(), outcome)


def test_only_safe_verbs(outcome: Outcome, backend_server: Backend) -> None:
    assert {call.method for call in backend_server.calls()} <= {"GET", "HEAD", "OPTIONS"}, (backend_server.counts(), outcome)


def test_undeployed_methods_are_told(shop: World, outcome: Outcome) -> None:
    told = outcome.report().raw["undeployed"]
    for stage, verb, path in shop.undeployed:
        assert any({stage, verb, path} <= set(map(str, entry.values())) for entry in told), (stage, verb, path, told)


def test_stages_and_their_deployments(shop: World, outcome: Outcome) -> None:
    stages = {stage["stage"]: stage for stage in outcome.report().stages}
    assert set(stages) == {"prod", "qa", "dev"}, outcome
    assert {stage["tree"] for stage in stages.values()} == {"apisummary"}, outcome
    assert stages["prod"]["deployment"] == stages["qa"]["deployment"] != stages["dev"]["deployment"], outcome


@pytest.mark.parametrize(
    ("verb", "stage", "path", "cause"),
    [
        ("GET", "prod", "/drafts", "not-deployed"),
        ("GET", "prod", "/catalogue", "other-stage"),
        ("GET", "dev", "/legacy", "other-stage"),
        ("GET", "prod", "/ordrs", "path-unknown"),
        ("GET", "prod", "/Orders", "path-case"),
        ("PUT", "prod", "/orders", "method-mismatch"),
        ("HEAD", "prod", "/orders", "method-mismatch"),
        ("GET", "prod", "/files", "proxy-parent"),
        ("GET", "prod", "/", "root-without-method"),
        ("GET", "prdo", "/orders", "stage-unknown"),
        ("GET", "PROD", "/orders", "stage-unknown"),
        ("GET", "prod", "/keyed", "api-key"),
        ("GET", "prod", "/broken", "backend-status"),
        ("GET", "prod", "/down", "integration"),
    ],
)
def test_diagnose(
    shop: World, ministack: Server, localstack: Server, gateprobe: Gateprobe, verb: str, stage: str, path: str, cause: str
) -> None:
    url = invoke_url(localstack, shop.api.id, stage) + path
    outcome = gateprobe.on(ministack, localstack)("diagnose", "-X", verb, "--format", "json", url)
    diagnosis = outcome.json()
    check_diagnosis(diagnosis)
    assert diagnosis["cause"] == cause, outcome
    assert diagnosis["request"] == {"method": verb, "url": url}, outcome
    if cause != "api-key":  # a stranger's refusal may be called expected
        assert outcome.status == 1, outcome


@pytest.mark.parametrize("path", ["/orders", "/orders/", "/legacy", "/files/a/b/c", "/orders/7/items"])
def test_diagnose_healthy(shop: World, ministack: Server, localstack: Server, gateprobe: Gateprobe, path: str) -> None:
    outcome = gateprobe.on(ministack, localstack)("diagnose", "--format", "json", invoke_url(localstack, shop.api.id, "prod") + path)
    diagnosis = outcome.json()
    check_diagnosis(diagnosis)
    assert (diagnosis["verdict"], diagnosis["cause"]) == ("healthy", None), outcome
    assert outcome.status == 0, outcome


@pytest.mark.parametrize(
    ("verb", "path", "reaches"),
    [("GET", "/ordrs", "/orders"), ("GET", "/Orders", "/orders"), ("GET", "/files", "/files/{proxy+}"), ("GET", "/catalogue", "/catalogue")],
)
def test_suggestions_are_sent_and_work(
    shop: World, ministack: Server, localstack: Server, gateprobe: Gateprobe, verb: str, path: str, reaches: str
) -> None:
    """What the diagnosis suggests really answers."""
    url = invoke_url(localstack, shop.api.id, "prod") + path
    outcome = gateprobe.on(ministack, localstack)("diagnose", "-X", verb, "--format", "json", url)
    suggestions = outcome.json()["suggestions"]
    assert any(reaches in suggestion["reaches"] for suggestion in suggestions), outcome
    for suggestion in suggestions:
        if suggestion["method"] in ("GET", "HEAD", "OPTIONS"):
            assert fetch(suggestion["url"], suggestion["method"]).error_type != "MissingAuthenticationTokenException", suggestion


def test_diagnosis_reads_like_a_compilers(shop: World, ministack: Server, localstack: Server, gateprobe: Gateprobe) -> None:
    outcome = gateprobe.on(ministack, localstack)("diagnose", invoke_url(localstack, shop.api.id, "prod") + "/ordrs")
    assert "^" in outcome.stdout and "path-unknown" in outcome.stdout and "/orders" in outcome.stdout, outcome
    assert outcome.status == 1

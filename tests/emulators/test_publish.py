"""`run --publish`: the metrics read back from CloudWatch, the alert from a queue subscribed to the topic (MiniStack)."""

from __future__ import annotations

import json

import pytest

import emulators
import worlds
from backend import Backend
from gateprobe import Gateprobe, Outcome
from inbox import Alert, Inbox
from metrics import published, statistics
from server import Server
from worlds import World

PER_STAGE = {"Probed", "Skipped", "Unhealthy", "RoutingFailures", "Latency", "Coverage", "UndeployedMethods"}
PER_RUN = {"Gaps", "Heartbeat", "RunDuration"}


@pytest.fixture(scope="class")
def shop(ministack: Server, backend_server: Backend) -> World:
    emulators.reset(ministack)
    return worlds.shop([ministack], backend_server.url)


@pytest.fixture(scope="class")
def inbox(shop: World, ministack: Server) -> Inbox:
    return Inbox.open(ministack, "alerts")


@pytest.fixture(scope="class")
def outcome(shop: World, inbox: Inbox, ministack: Server, gateprobe: Gateprobe) -> Outcome:
    return gateprobe.on(ministack)("run", "--format", "json", "--publish", "--topic-arn", inbox.topic)


@pytest.fixture(scope="class")
def alerts(outcome: Outcome, inbox: Inbox) -> list[Alert]:
    return inbox.read()


class TestWithProblems:
    def test_still_reports(self, outcome: Outcome) -> None:
        assert outcome.status == 1, outcome
        outcome.report().check()

    def test_every_metric_is_there(self, outcome: Outcome, ministack: Server) -> None:
        found = published(ministack)
        none, stage = frozenset[str](), frozenset({"ApiName", "ApiId", "Stage"})
        assert {name for name, dimensions in found if dimensions == none} >= PER_STAGE | PER_RUN, (found, outcome)
        assert {name for name, dimensions in found if dimensions == stage} >= {"Probed", "Unhealthy", "RoutingFailures", "Latency"}, (found, outcome)
        assert {dimensions for _, dimensions in found} == {none, stage}, "no other dimensions: each is paid for"

    def test_figures_agree_with_the_report(self, outcome: Outcome, ministack: Server) -> None:
        report = outcome.report()
        for name, wanted in {
            "Probed": report.coverage["probed"],
            "Skipped": sum(report.coverage["skipped"].values()),
            "Gaps": len(report.gaps),
            "Heartbeat": 1,
        }.items():
            found = statistics(ministack, name)
            assert found and found.sum == wanted, (name, found, outcome)

    def test_stage_figures(self, shop: World, outcome: Outcome, ministack: Server) -> None:
        for stage in ("prod", "qa", "dev"):
            where = {"ApiName": "shop", "ApiId": shop.api.id, "Stage": stage}
            probed = statistics(ministack, "Probed", where)
            assert probed and probed.sum == len([m for m in shop.probed if m.stage == stage]), (stage, probed)
            latency = statistics(ministack, "Latency", where)
            assert latency and latency.count > 0 and latency.minimum >= 0 and latency.units == {"Milliseconds"}, (stage, latency)

    def test_one_alert_a_run(self, outcome: Outcome, alerts: list[Alert]) -> None:
        assert len(alerts) == 1, (alerts, outcome)

    def test_subject(self, alerts: list[Alert]) -> None:
        [alert] = alerts
        assert 0 < len(alert.subject) <= 100 and alert.subject.isascii() and "\n" not in alert.subject, alert

    def test_body_for_machines(self, shop: World, outcome: Outcome, alerts: list[Alert]) -> None:
        """MessageStructure=json: a queue gets JSON, and it names what is broken."""
        [alert] = alerts
        assert isinstance(json.loads(alert.message), dict), alert
        for word in (shop.api.id, "/broken", "prod"):
            assert word in alert.message, (word, alert)

    def test_attributes(self, alerts: list[Alert]) -> None:
        [alert] = alerts
        assert 1 <= len(alert.attributes) <= 10, alert

    def test_attributes_serve_a_filter_policy(
        self, outcome: Outcome, inbox: Inbox, alerts: list[Alert], ministack: Server, gateprobe: Gateprobe
    ) -> None:
        [alert] = alerts
        name, value = next((name, value) for name, value in alert.attributes.items() if not value.startswith("["))
        wanted = Inbox.open(ministack, "alerts-wanted", {name: [value]}, inbox.topic)
        others = Inbox.open(ministack, "alerts-others", {name: ["something else"]}, inbox.topic)
        gateprobe.on(ministack)("run", "--publish", "--topic-arn", inbox.topic)
        assert len(wanted.read()) == 1
        assert others.read(0.3) == []


class TestHealthy:
    @pytest.fixture
    def inbox(self, ministack: Server, backend: Backend) -> Inbox:
        emulators.reset(ministack)
        worlds.healthy([ministack], backend.url)
        return Inbox.open(ministack, "quiet")

    def test_zeros_are_published_and_nobody_is_woken(self, inbox: Inbox, ministack: Server, gateprobe: Gateprobe) -> None:
        outcome = gateprobe.on(ministack)("run", "--format", "json", "--publish", "--topic-arn", inbox.topic)
        assert outcome.status == 0, outcome
        for name in ("Unhealthy", "RoutingFailures", "Gaps", "UndeployedMethods"):
            found = statistics(ministack, name)
            assert found and (found.sum, found.count) == (0, 1), (name, found, outcome)
        assert inbox.read(0.5) == []

    def test_nothing_is_published_without_the_flag(self, inbox: Inbox, ministack: Server, gateprobe: Gateprobe) -> None:
        gateprobe.on(ministack)("run", "--format", "json")
        assert published(ministack) == set()

    def test_a_topic_that_is_not_there(self, ministack: Server, backend: Backend, gateprobe: Gateprobe, inbox: Inbox) -> None:
        """An alert that cannot be sent is told; the report comes all the same."""
        emulators.reset(ministack)
        worlds.shop([ministack], backend.url)
        gone = "arn:aws:sns:us-east-1:000000000000:gone"
        outcome = gateprobe.on(ministack)("run", "--format", "json", "--publish", "--topic-arn", gone)
        outcome.report().check()
        assert outcome.status in (1, 2), outcome
        assert "gone" in outcome.stderr, outcome

"""The memory: what is told once, what a run without a memory does, and the function with its table (MiniStack)."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

import emulators
import memory
from backend import Backend
from crash import CONFIG, Books, Crash, World
from function import SCHEDULER_EVENT, Function
from gateprobe import Gateprobe
from inbox import Inbox
from memory import Monitor
from metrics import statistics
from proxy import CALM, Doom, Fault, Weather, proxy
from restapi import Http, RestApi, invoke_url
from server import Server

PATHS = ["/orders", "/orders/open", "/users", "/stock", "/prices", "/search"]


def shop(server: Server, backend: Backend) -> RestApi:
    """Six methods that answer, one stage."""
    api = RestApi([server], "shop")
    for path in PATHS:
        api.method("GET", path, Http(backend.url + path))
    api.deploy("prod")
    return api


@pytest.fixture
def empty(ministack: Server, backend: Backend) -> Server:
    emulators.reset(ministack)
    return ministack


def told(inbox: Inbox, patience: float = 0.3) -> list[tuple[str, str, str | None]]:
    """(transition, severity, incident) of what has arrived."""
    found = inbox.read(patience, 0)
    return [(a.attributes["transition"], a.attributes["severity"], a.attributes.get("incident")) for a in found]


@pytest.fixture
def table(empty: Server) -> str:
    return f"table:{memory.create_table(empty)}"


@pytest.fixture
def inbox(empty: Server) -> Inbox:
    return Inbox.open(empty, "memory")


@pytest.fixture
def monitor(empty: Server, table: str, inbox: Inbox, gateprobe: Gateprobe) -> Monitor:
    return Monitor(gateprobe, empty, table, inbox.topic)


class TestToldOnce:
    """Each step is a run; what is asserted is everything that arrived since the step before."""

    def test_from_the_first_run_to_the_end_of_an_incident(
        self, empty: Server, backend: Backend, monitor: Monitor, inbox: Inbox
    ) -> None:
        shop(empty, backend)
        raw = Inbox.open(empty, "raw", topic=inbox.topic, raw=True)
        assert monitor.run().status == 0
        assert told(inbox) == [("watching", "info", None)]
        assert monitor.run().status == 0
        assert told(inbox) == []

        backend.fail("/users")
        assert monitor.run().status == 1
        assert told(inbox) == [], "one failing run is no incident"
        for _ in range(3):
            assert monitor.run().status == 1
        assert told(inbox) == [("opened", "warning", "gp-1")]

        status = monitor.ask("status", "--format", "json")
        assert status.status == 1, status
        [incident] = status.json()["open"]
        assert (incident["name"], incident["failing"], incident["cause"]) == ("gp-1", 1, "backend-status"), status
        assert status.json()["outbox"] == {"length": 0, "oldest_at": None, "dropped": 0}, status
        assert "gp-1" in monitor.ask("status").stdout

        # An hour goes by: a reminder, but not while somebody has said that they know.
        acknowledged = monitor.ask("ack", "gp-1", "--for", "2h")
        assert acknowledged.status == 0, acknowledged
        monitor.now += 3600
        monitor.run()
        assert told(inbox) == []
        monitor.now += 3600
        monitor.run()
        assert told(inbox) == [("reminder", "warning", "gp-1")]

        backend.fail()
        assert monitor.run().status == 0
        assert told(inbox) == [], "one healthy run is no end"
        assert monitor.run().status == 0
        assert told(inbox) == [("resolved", "warning", "gp-1")]
        assert monitor.run().status == 0
        assert told(inbox) == []

        status = monitor.ask("status", "--format", "json")
        assert status.status == 0 and status.json()["open"] == [], status
        history = monitor.history()
        assert [event["kind"] for event in history] == ["opened", "acknowledged", "resolved"], history
        assert all(event["api_name"] == "shop" and event["stage"] == "prod" for event in history), history

        attributes = [alert.attributes for alert in raw.read(wanted=4)]
        assert [a["id"] for a in attributes] == ["watching-1", "gp-1-opened", "gp-1-reminder-1", "gp-1-resolved"], attributes
        for each in attributes[1:]:
            assert json.loads(each["cause"]) == ["backend-status"] and "shop/prod" in json.loads(each["stage"]), each

    def test_a_deployment_that_takes_a_method_away(self, empty: Server, backend: Backend, monitor: Monitor, inbox: Inbox) -> None:
        api = shop(empty, backend)
        monitor.run()
        monitor.run()
        api.remove("GET", "/stock")
        api.deploy("prod")
        told(inbox)
        for _ in range(4):
            monitor.run()
        [incident] = monitor.status()["open"]
        assert told(inbox) == [("deployment", "info", None), ("opened", "critical", incident["name"])]
        assert incident["cause"] == "removed" and "deployment" in incident["after"], incident
        assert sorted(event["kind"] for event in monitor.history()) == ["deployment", "opened"]

        api.method("GET", "/stock", Http(f"{backend.url}/stock"))
        api.deploy("prod")
        for _ in range(3):
            monitor.run()
        assert told(inbox) == [("deployment", "info", None), ("resolved", "critical", incident["name"])]

    def test_most_of_a_stage_is_one_incident(self, empty: Server, backend: Backend, monitor: Monitor, inbox: Inbox) -> None:
        shop(empty, backend)
        monitor.run()
        told(inbox)
        backend.fail(*PATHS[:5])
        for _ in range(4):
            monitor.run()
        [alert] = inbox.read(0.3)
        assert alert.attributes["transition"] == "opened", alert
        incident = json.loads(alert.message)["incident"]
        assert (incident["scope"]["kind"], incident["failing"], incident["causes"]) == ("stage", 5, {"backend-status": 5}), incident
        backend.fail()
        for _ in range(3):
            monitor.run()
        assert told(inbox) == [("resolved", "warning", "gp-1")]

    def test_in_a_file_the_news_are_on_the_terminal(
        self, empty: Server, backend: Backend, gateprobe: Gateprobe, tmp_path: Path
    ) -> None:
        shop(empty, backend)
        monitor = Monitor(gateprobe, empty, tmp_path / "state.db")

        def news() -> list[str]:
            ran = monitor.run("--format", "table")
            words = ("is watching", "WARNING", "RESOLVED")
            return [word for word in words for line in ran.stdout.splitlines() if word in line and line.startswith("  Gateprobe")]

        assert news() == ["is watching"]
        assert news() == []
        backend.fail("/users")
        assert [news() for _ in range(4)] == [[], ["WARNING"], [], []]
        assert monitor.status()["open"][0]["name"] == "gp-1"
        backend.fail()
        assert [news() for _ in range(3)] == [[], ["RESOLVED"], []]
        assert [event["kind"] for event in monitor.history()] == ["opened", "resolved"]
        assert monitor.status()["outbox"]["length"] == 0, "without anybody to send it nothing is kept"


NEWER = b"gateprobe 99 json\n{}"


class TestWithoutMemory:
    """What happens to the memory is said in one line, and costs nobody the alert."""

    @pytest.fixture
    def broken(self, empty: Server, backend: Backend, monitor: Monitor) -> Monitor:
        """A shop with one method that fails. Its monitor's clock is the real one: CloudWatch is asked for the last hour."""
        shop(empty, backend)
        backend.fail("/users")
        monitor.now = int(time.time()) - memory.STEP
        return monitor

    def check(self, monitor: Monitor, inbox: Inbox, *words: str) -> None:
        outcome = monitor.run()
        assert outcome.status == 1, outcome
        outcome.report().check()
        told = outcome.json()["memory"]
        assert told["remembered"] is False and told["sent"] == 1, told
        assert "\n" not in told["problem"] and all(word in told["problem"] for word in words), told
        [alert] = inbox.read()
        message = json.loads(alert.message)
        assert message["version"] == 1 and message["without_memory"] == told["problem"], message
        assert "/users" in alert.message, alert
        failed = statistics(monitor.server, "MemoryFailed")
        assert failed and (failed.sum, failed.count) == (1, 1), failed
        assert statistics(monitor.server, "Heartbeat"), "the run's other figures are there too"
        lines = [line for line in monitor.run("--format", "table").stdout.splitlines() if line.startswith("memory: ")]
        assert any(words[0] in line for line in lines), lines

    def test_a_table_that_is_not_there(self, broken: Monitor, inbox: Inbox) -> None:
        broken.state = "table:no-such-table"
        self.check(broken, inbox, "no-such-table", "TableName", "ResourceNotFoundException")

    def test_a_damaged_ledger(self, broken: Monitor, inbox: Inbox, empty: Server) -> None:
        memory.put(empty, "ledger", b"gateprobe 1 gzip\nnot at all")
        self.check(broken, inbox, "the item ledger is damaged", "remove it")

    def test_a_newer_ledger_is_left_alone(self, broken: Monitor, inbox: Inbox, empty: Server) -> None:
        memory.put(empty, "ledger", NEWER)
        self.check(broken, inbox, "newer Gateprobe (format 99", "update this one")
        assert memory.items(empty)["ledger"] == NEWER

    def test_dynamodb_throttles_everything(self, broken: Monitor, inbox: Inbox, empty: Server) -> None:
        with proxy(empty) as between:
            broken.env = between.expect("all", Weather({"dynamodb": 1.0}, (Fault.THROTTLE,)), 0)
            self.check(broken, inbox, "throttled", "ProvisionedThroughputExceededException")


def test_a_clock_that_jumps_back(empty: Server, backend: Backend, monitor: Monitor, inbox: Inbox) -> None:
    """It is said, nothing is told again, and an incident that is open ends as any other."""
    shop(empty, backend)
    backend.fail("/users")
    for _ in range(2):
        monitor.run()
    assert told(inbox) == [("watching", "info", None), ("opened", "warning", "gp-1")]
    monitor.now -= 86_400
    ran = monitor.run().json()["memory"]
    assert ran["remembered"] and any("the clock stands" in note for note in ran["notes"]), ran
    backend.fail()
    for _ in range(3):
        assert "notes" not in monitor.run().json()["memory"]
    assert told(inbox) == [("resolved", "warning", "gp-1")]


def test_the_function_remembers(code: bytes, empty: Server, backend: Backend, table: str, inbox: Inbox) -> None:
    """The clock is the real one: without a time of grace, because the deployment is a moment old."""
    shop(empty, backend)
    env = {
        "AWS_ENDPOINT_URL": empty.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "GATEPROBE_INVOKE_URL": invoke_url(empty),
        "GATEPROBE_TOPIC_ARN": inbox.topic,
        "GATEPROBE_TABLE": memory.TABLE,
        "GATEPROBE_CONFIG": "alerts: {deployment_grace: 0}",
    }
    function = Function.create(empty, "gateprobe-memory", code, env)

    def invoke() -> Any:
        invocation = function.invoke(SCHEDULER_EVENT)
        assert invocation.error is None, invocation
        return invocation.payload

    invoke()
    assert told(inbox) == [("watching", "info", None)]
    invoke()
    assert told(inbox) == []
    assert memory.ledger(empty)["runs"] == 2
    assert any(key.startswith("stage#") for key in memory.items(empty)), memory.items(empty).keys()

    backend.fail("/users")
    for _ in range(4):
        invoke()
    assert told(inbox) == [("opened", "warning", "gp-1")]
    assert [incident["number"] for incident in memory.ledger(empty)["incidents"]] == [1]


class TestKilled:
    """One run is killed in the moment of its first message to SNS."""

    @pytest.fixture
    def monitor(self, empty: Server, backend: Backend, table: str, inbox: Inbox, gateprobe: Gateprobe, config: Any) -> Monitor:
        shop(empty, backend)
        monitor = Monitor(gateprobe, empty, table, inbox.topic, config(CONFIG))
        assert monitor.run().status == 0 and told(inbox) == [("watching", "info", None)]
        backend.fail("/users")
        return monitor

    def die(self, monitor: Monitor, after: bool) -> None:
        monitor.now += memory.STEP
        with proxy(monitor.server) as between:
            process = monitor.start(between.expect("dies", CALM, 0, Doom(1, after, "Publish")))
            between.started("dies", process.pid)
            process.communicate(timeout=60)
        assert process.returncode == -9

    def test_what_it_had_claimed_holds_back_what_comes_after(self, monitor: Monitor, backend: Backend, inbox: Inbox) -> None:
        self.die(monitor, after=False)
        assert [event["kind"] for event in monitor.history()] == ["opened"], "it has happened"
        assert told(inbox) == []
        backend.fail()
        monitor.now += 60 - memory.STEP
        ran = monitor.run().json()["memory"]
        assert (ran["sent"], ran["waiting"], ran["open"]) == (0, 2, 0), "the claim of the dead still holds"
        assert told(inbox) == []
        ran = monitor.run().json()["memory"]
        assert (ran["sent"], ran["waiting"]) == (2, 0), ran
        assert told(inbox) == [("opened", "warning", "gp-1"), ("resolved", "warning", "gp-1")]

    def test_what_sns_had_taken_comes_twice_with_one_id(self, monitor: Monitor, inbox: Inbox) -> None:
        self.die(monitor, after=True)
        assert told(inbox) == [("opened", "warning", "gp-1")]
        monitor.run()
        [again] = inbox.read(0.3)
        assert again.attributes["id"] == "gp-1-opened", again
        monitor.run()
        assert told(inbox) == []


def test_killed_at_any_moment_nothing_is_lost(
    empty: Server, backend: Backend, table: str, inbox: Inbox, gateprobe: Gateprobe, config: Any
) -> None:
    runs, seed = int(os.environ.get("GATEPROBE_CRASH_RUNS", "30")), int(os.environ.get("GATEPROBE_CRASH_SEED", "1"))
    dice = random.Random(seed)
    monitor = Monitor(gateprobe, empty, table, inbox.topic, config(CONFIG))
    with proxy(empty) as between:
        crash = Crash(monitor, World(empty, backend, dice), between, inbox, dice)
        crash.play(runs)
    books = Books(crash)
    books.compare()
    print(json.dumps(books.figures(), indent=1))
    assert not books.wrong, "\n".join(books.wrong)
    assert sum(ran.killed for ran in crash.ran) > runs / 3

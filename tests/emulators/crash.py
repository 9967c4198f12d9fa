"""The crash test: runs that are killed, calls that fail, a world that changes meanwhile; then the books are compared.

What must hold at the end, by three witnesses that know nothing of each other: what the binary's `history` tells, what the proxy saw
committed to DynamoDB and taken by SNS, and what arrived in the queue.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from backend import Backend
from gateprobe import CRASH_WORDS
from inbox import Alert, Inbox
from memory import STEP, Monitor, opened
from proxy import CALM, Call, Doom, Fault, Proxy, Weather
from restapi import Http, RestApi
from server import Server

# One run opens and one resolves: two of three runs die, and each that lives should have something to tell.
CONFIG = """
limits: {control_plane_rate: 1000, api_rate: 1000, retries: 0}
alerts:
  failing: 1
  healthy: 1
  flapping: 3 in 1h
  watch_removed: 1h
"""

APIS = ["orders", "users"]
"""Two: a run asks for one API's resources a second, whatever it may do otherwise."""
PATHS = ["/list", "/list/items", "/search", "/one"]
EXTRA = "/extra"
"""Comes and goes with deployments."""

BAD = 0.25
WEATHERS = (
    [CALM] * 5
    + [Weather({"sns": BAD, "dynamodb": BAD})] * 6
    + [Weather({"sns": 1.0}, (Fault.THROTTLE, Fault.ERROR, Fault.CUT))] * 2  # SNS is away
    + [Weather({"sns": 1.0}, (Fault.ERROR_AFTER, Fault.CUT_AFTER))]  # SNS takes it, and nobody hears of it
    + [Weather({"dynamodb": 1.0}, (Fault.THROTTLE, Fault.ERROR, Fault.CUT))]  # there is no memory
    + [Weather({"dynamodb": 0.6})] * 2
)


@dataclass
class World:
    """Two APIs; what fails follows a script that the dice write."""

    server: Server
    backend: Backend
    dice: random.Random
    apis: dict[str, RestApi] = field(default_factory=dict)
    failing: dict[str, set[str]] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    deployments: int = 0

    def build(self) -> None:
        for name in APIS:
            api = self.apis[name] = RestApi([self.server], name)
            for path in [*PATHS, EXTRA]:
                api.method("GET", path, Http(f"{self.backend.url}/{name}{path}"))
            api.deploy("prod")
            self.failing[name], self.left[name] = set(), self.dice.randint(1, 4)

    def step(self) -> None:
        for name in APIS:
            self.left[name] -= 1
            bad = self.failing[name]
            if self.left[name] > 0:
                if bad and self.dice.random() < 0.2:
                    bad.add(self.dice.choice(PATHS))
                continue
            if bad:
                bad.clear()
                self.left[name] = self.dice.randint(2, 6)
            else:
                bad.update(self.dice.sample(PATHS, self.dice.randint(1, 4)))
                self.left[name] = 1 if self.dice.random() < 0.15 else self.dice.randint(2, 7)
        self.backend.fail(*(f"/{name}{path}" for name, paths in self.failing.items() for path in paths))
        if self.dice.random() < 0.06:
            self.deploy(self.dice.choice(APIS))

    def deploy(self, name: str) -> None:
        """With the method that was not there, or without the one that was."""
        api = self.apis[name]
        if name in self.removed:
            self.removed.remove(name)
            api.method("GET", EXTRA, Http(f"{self.backend.url}/{name}{EXTRA}"))
        else:
            self.removed.add(name)
            api.remove("GET", EXTRA)
        api.deploy("prod")
        self.deployments += 1

    def broken(self) -> set[tuple[str, str]]:
        """(API's id, path) of what fails, or is not there any more."""
        failing = {(self.apis[name].id, path) for name, paths in self.failing.items() for path in paths}
        return failing | {(self.apis[name].id, EXTRA) for name in self.removed}

    def heal(self) -> None:
        for name in APIS:
            self.failing[name].clear()
            if name in self.removed:
                self.deploy(name)
        self.backend.fail()


@dataclass
class Ran:
    label: str
    began: int
    """By the monitor's clock."""
    killed: bool
    how: str
    """How it was to end: `let be`, `moment`, `call`."""
    report: Any
    took: float
    script: set[tuple[str, str]]
    """What failed by the script, (API's id, path)."""
    overlaps: bool = False

    @property
    def memory(self) -> Any:
        return self.report["memory"] if self.report else None

    @property
    def remembered(self) -> bool:
        return bool(self.report) and self.memory["remembered"]

    def saw(self) -> set[tuple[str, str]]:
        """(API's id, path) of what fails."""
        problems = [d for d in self.report["diagnoses"] if d["verdict"] not in ("healthy", "skipped") and not d.get("expected")]
        found = [re.search(r"/restapis/([^/]+)/prod/_user_request_(/.*)$", d["request"]["url"]) for d in problems]
        return {(match[1], match[2]) for match in found if match}


@dataclass
class Received:
    alert: Alert
    round: int

    @property
    def id(self) -> str:
        return self.alert.attributes.get("id", "")


@dataclass
class Crash:
    monitor: Monitor
    world: World
    proxy: Proxy
    inbox: Inbox
    dice: random.Random
    ran: list[Ran] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    rounds: int = 0
    takes: float = 0.0
    """Seconds that a run takes when nothing disturbs it."""
    status: Any = None
    history: list[Any] = field(default_factory=list)
    seconds: float = 0.0

    def play(self, runs: int) -> None:
        began = time.monotonic()
        self.world.build()
        self.takes = sorted(self._measure() for _ in range(5))[2]
        while len(self.ran) < runs:
            self.world.step()
            self._round()
        self.world.heal()
        for _ in range(30):
            self._round(quiet=True)
            self.status = self.monitor.status()
            if not self.status["open"] and self.status["outbox"]["length"] == 0:
                break
        # What is over is not told again either.
        self._round(quiet=True)
        self.history = self.monitor.history()
        self.seconds = time.monotonic() - began

    def _measure(self) -> float:
        began = time.monotonic()
        self._round(quiet=True)
        return time.monotonic() - began

    def _round(self, quiet: bool = False) -> None:
        self.rounds += 1
        # Most runs come after the claims of the last have ended, some before.
        self.monitor.now += int(self.ran[-1].took) + 1 if self.ran else 0
        self.monitor.now += STEP if quiet or self.dice.random() < 0.7 else self.dice.randint(30, 200)
        started = [self._start(quiet)]
        if not quiet and self.dice.random() < 0.15:
            time.sleep(self.dice.uniform(0, self.takes))
            started.append(self._start(quiet))
        for ran in [self._end(*each) for each in started]:
            ran.overlaps = len(started) > 1
            self.ran.append(ran)
        self.received += [Received(alert, self.rounds) for alert in self.inbox.read(0, 0)]

    def _start(self, quiet: bool) -> tuple[str, str, subprocess.Popen[str], float, float]:
        label = f"run-{len(self.proxy.runs)}"
        how, doom, weather, moment = "let be", None, CALM, 300.0
        if not quiet:
            how = self.dice.choices(["let be", "moment", "call"], [30, 40, 30])[0]
            weather = self.dice.choice(WEATHERS)
        if how == "moment":
            moment = self.dice.uniform(0, self.takes)
        if how == "call":
            action, most = self.dice.choice([(None, 5), ("PutItem", 1), ("PutItem", 3), ("Publish", 1)])
            doom = Doom(self.dice.randint(1, most), self.dice.random() < 0.5, action)
        process = self.monitor.start(self.proxy.expect(label, weather, self.dice.randrange(2**32), doom))
        self.proxy.started(label, process.pid)
        return label, how, process, time.monotonic(), moment

    def _end(self, label: str, how: str, process: subprocess.Popen[str], began: float, moment: float) -> Ran:
        try:
            out, err = process.communicate(timeout=max(0.0, began + moment - time.monotonic()))
        except subprocess.TimeoutExpired:
            assert how == "moment", f"{label} does not end"
            process.kill()
            out, err = process.communicate()
        killed = process.returncode == -9
        if not killed:
            assert not any(word in out + err for word in CRASH_WORDS), err
            assert process.returncode in (0, 1) and how in ("let be", "moment", "call"), (process.returncode, err)
        return Ran(label, self.monitor.now, killed, how, None if killed else json.loads(out), time.monotonic() - began, self.world.broken())


@dataclass
class Books:
    """The comparison. `wrong` is empty if all is well."""

    crash: Crash
    wrong: list[str] = field(default_factory=list)
    explained: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        crash = self.crash
        self.calls: list[Call] = crash.proxy.calls
        self.by_label = {ran.label: ran for ran in crash.ran}
        self.copies = Counter(received.id for received in crash.received if received.id)
        self.committed = [opened(call.body) for call in self.calls if is_ledger(call) and call.done and call.body]
        self.promised = {
            entry["id"]: entry for ledger in self.committed for entry in ledger["outbox"] if entry["kind"] == "alert"
        }

    def compare(self) -> None:
        self._nothing_lost()
        self._nothing_unknown()
        self._in_order()
        self._duplicates()
        self._without_memory()
        self._as_it_happened()
        if self.crash.status["outbox"] != {"length": 0, "oldest_at": None, "dropped": 0} or self.crash.status["open"]:
            self.wrong.append(f"not at rest: {self.crash.status}")

    def _say(self, what: Iterable[Any], text: str) -> None:
        self.wrong += [f"{each}: {text}" for each in what]

    def events(self, kind: str) -> list[tuple[str, Any]]:
        """(incident or stage, event)."""
        found = [event for event in self.crash.history if event["kind"] == kind]
        return [(event["text"].split(":")[0] if kind != "deployment" else f"{event['api']}-{event['stage']}", event) for event in found]

    def _nothing_lost(self) -> None:
        self._say(sorted(set(self.promised) - set(self.copies)), "committed, and never received")
        for kind in ("opened", "resolved"):
            for name, event in self.events(kind):
                held = any("held back" in other["text"] for opened_, other in self.events("opened") if opened_ == name)
                if f"{name}-{kind}" not in self.copies and not held:
                    self._say([name], f"{kind} in the history, and never received")
        for kind, pattern in (("grew", r"(gp-\d+)-grew-\d+"), ("deployment", r"deployment-(.*)-\d+")):
            happened = Counter(name for name, event in self.events(kind) if kind == "grew" or " added" in event["text"])
            told = Counter(match[1] for id in self.copies if (match := re.fullmatch(pattern, id)))
            if happened != told:
                self._say([kind], f"the history has {happened - told}, received were {told - happened}")

    def _nothing_unknown(self) -> None:
        self._say(sorted(set(self.copies) - set(self.promised)), "received, and never committed")
        known = {kind: {name for name, _ in self.events(kind)} for kind in ("opened", "resolved")}
        for id in self.copies:
            match = re.fullmatch(r"(gp-\d+)-(opened|resolved|reminder-\d+|grew-\d+)", id)
            if match and match[1] not in known["resolved" if match[2] == "resolved" else "opened"]:
                self._say([id], "received, and not in the history")
            if not match and not re.fullmatch(r"watching-1|deployment-.*", id):
                self._say([id], "received, and of no kind that can be here")

    def _in_order(self) -> None:
        """By the order of the queue: opened, then what came between, then resolved."""
        first: dict[str, int] = {}
        for at, received in enumerate(self.crash.received):
            first.setdefault(received.id, at)
        stories: dict[str, list[str]] = defaultdict(list)
        for id in sorted(first, key=first.__getitem__):
            if match := re.fullmatch(r"(gp-\d+)-(.*)", id):
                stories[match[1]].append(match[2])
        for name, story in stories.items():
            numbers = [int(word.rpartition("-")[2]) for word in story if word.startswith("reminder")]
            grown = [int(word.rpartition("-")[2]) for word in story if word.startswith("grew")]
            well = story[0] == "opened" and story[-1] == "resolved" and numbers == list(range(1, len(numbers) + 1)) and grown == sorted(grown)
            if not well:
                self._say([name], f"told as {story}")

    def _duplicates(self) -> None:
        taken: dict[str, list[int]] = defaultdict(list)
        for at, call in enumerate(self.calls):
            if call.action == "Publish" and call.done and call.about:
                taken[call.about].append(at)
        for id, copies in self.copies.items():
            if len(taken[id]) != copies:
                self._say([id], f"received {copies} times, and SNS took it {len(taken[id])} times")
            for one, other in zip(taken[id], taken[id][1:]):
                why = self._why(one, other)
                if why is None:
                    self._say([id], f"sent by {self.calls[one].run} and again by {self.calls[other].run}, for no reason")
                else:
                    self.explained[why] += 1

    def _why(self, one: int, other: int) -> str | None:
        """Why a message that SNS had taken was sent again."""
        call, run = self.calls[one], self.calls[one].run
        if call.fault is not None and call.fault.spoils_the_answer:
            return "the answer was lost, and the same run asked again" if self.calls[other].run == run else "the answer was lost, and a later run sent it"
        if run == self.calls[other].run:
            return None
        written = any(is_ledger(later) and later.done and later.run == run for later in self.calls[one + 1 :])
        ran = self.by_label[run]
        if ran.killed and not written:
            return "killed between SNS's yes and the take-off"
        if not ran.killed and "could not be written down" in (ran.memory.get("problem") or ""):
            return "DynamoDB failed between SNS's yes and the take-off"
        return None

    def _without_memory(self) -> None:
        """An alert without an id is one of a run that had no memory."""
        failed = {call.run for call in self.calls if call.service == "dynamodb" and call.fault not in (None, Fault.DELAY)}
        taken = [call for call in self.calls if call.action == "Publish" and call.done and not call.about]
        self._say({call.run for call in taken} - failed, "told without memory, and DynamoDB was there")
        self.alone = sum(1 for received in self.crash.received if not received.id)
        if self.alone != len(taken):
            self._say([self.alone], f"alerts without memory received, and SNS took {len(taken)}")

    def _as_it_happened(self) -> None:
        """What the runs saw, read without the ledger: what one saw fail is an open incident, what three (if it flapped) saw well is none."""
        open_: dict[str, list[tuple[int, float]]] = defaultdict(list)
        ended = {name: event["at"] for name, event in self.events("resolved")}
        for name, event in self.events("opened"):
            open_[event["api"]].append((event["at"], ended.get(name, float("inf"))))
        good: Counter[str] = Counter()
        self.checked = 0
        for ran in self.crash.ran:
            for api in {api for api, _ in ran.script}:
                good[api] = 0
            # One that overlaps another may be too late to count.
            if not ran.remembered or ran.overlaps:
                continue
            saw, end = ran.saw(), ran.began + ran.took + 1
            if beyond := saw - ran.script:
                self._say(beyond, f"seen to fail by {ran.label}, and nobody broke it")
            for api in {api.id for api in self.crash.world.apis.values()}:
                good[api] += 1
                is_open = any(began <= end < over for began, over in open_[api])
                fails = [key for key in saw if key[0] == api]
                well = good[api] >= 3 and not any(key[0] == api for key in ran.script)
                self.checked += bool(fails) + well
                if fails and not is_open:
                    self._say(fails, f"was seen to fail, and at {ran.began} ({ran.label}) no incident is open")
                if well and is_open:
                    self._say([api], f"is well for three remembered runs, and at {ran.began} ({ran.label}) an incident is open")

    def figures(self) -> dict[str, Any]:
        crash = self.crash
        ended = Counter(("killed, " if ran.killed else "ended, ") + ran.how for ran in crash.ran)
        sizes = [len(call.body) for call in self.calls if is_ledger(call) and call.done and call.body]
        contents = [len(call.body) for call in self.calls if call.about.startswith("out#") and call.done and call.body]
        faults = Counter(f"{call.service}: {call.fault}" for call in self.calls if call.fault)
        return {
            "runs": len(crash.ran),
            "killed": sum(ran.killed for ran in crash.ran),
            "ends": dict(sorted(ended.items())),
            "overlapping": sum(ran.overlaps for ran in crash.ran),
            "deployments": crash.world.deployments,
            "calls": len(self.calls),
            "faults": dict(sorted(faults.items())),
            "ledgers committed": len(self.committed),
            "runs without memory": sum(1 for ran in crash.ran if ran.report and not ran.remembered),
            "history": dict(Counter(event["kind"] for event in crash.history)),
            "messages": len(self.promised),
            "received": sum(self.copies.values()),
            "lost": len(set(self.promised) - set(self.copies)),
            "duplicates": sum(self.copies.values()) - len(self.copies),
            "explained": dict(self.explained),
            "alerts without memory": self.alone,
            "checks against what was seen": self.checked,
            "ledger bytes, largest": max(sizes),
            "message bytes, largest": max(contents),
            "seconds a run": round(crash.takes, 2),
            "seconds": round(crash.seconds),
        }


def is_ledger(call: Call) -> bool:
    return call.action == "PutItem" and call.about == "ledger"

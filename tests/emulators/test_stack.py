"""The whole stack in MiniStack: deployed by `sam deploy`, read back, run by its own schedule, updated, deleted.

Needs what `sam build` left (or GATEPROBE_SAM_BUILD) and `sam`; without them it is skipped, or fails if GATEPROBE_REQUIRE_LAMBDA=1. The tests
are one story and run in this order; each waits for what it needs, so that one alone runs too.
"""

from __future__ import annotations

import copy
import io
import json
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import census
import readback
import stack
import worlds
from aws import REGION, client
from backend import Backend
from function import Function
from gateprobe import Gateprobe
from inbox import Alert, Inbox
from metrics import series, statistics
from poll import until
from readback import Properties, differences, expected
from server import Server
from stack import Stack
from template import ACCOUNT, Resource

PARAMETERS = {
    # The shortest that EventBridge Scheduler knows; MiniStack looks every ten seconds whether a schedule is due.
    "Schedule": "rate(1 minute)",
    "AlertEmail": "watch@example.test",
}

LEFT_OUT: Mapping[str, str] = {}
"""Resources of the template that are not deployed here, and why."""

CHANGED = {"Schedule": "rate(1 hour)", "Timeout": "120", "LogRetentionDays": "7"}
"""What the second `sam deploy` changes."""

CHANGES = {
    "Function": ["Timeout"],
    "FunctionSchedule": ["ScheduleExpression"],
    "LogGroup": ["RetentionInDays"],
}
"""What that changes of the deployed, and nothing else: by logical id, the properties."""

FIRST_RUN = 60 + 10 + 30
"""Seconds from `sam deploy` until a schedule of one minute has surely fired and its run has ended."""


@dataclass(frozen=True)
class Deployed:
    stack: Stack
    before: Mapping[str, frozenset[str]]
    """What there was before `sam deploy`."""
    found: Mapping[str, Properties | None]
    """Read back at once, by logical id."""
    wanted: Mapping[str, Resource]


@pytest.fixture(scope="module")
def world(ministack: Server, backend_server: Backend) -> worlds.TwoApis:
    stack.built()  # skips before anything is made
    made = worlds.two_apis(ministack, backend_server.url)
    backend_server.forget()
    return made


@pytest.fixture(scope="module")
def deployed(world: worlds.TwoApis, ministack: Server, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    before = census.take(ministack)
    made = Stack.of(ministack, tmp_path_factory.mktemp("project"), stack.built(), PARAMETERS)
    made.deploy()
    wanted = made.wanted().resources()
    return Deployed(made, before, read_all(made, wanted), wanted)


@pytest.fixture(scope="module")
def inbox(deployed: Deployed, ministack: Server) -> Iterator[Inbox]:
    inbox = Inbox.open(ministack, "stack-alerts", topic=deployed.stack["Topic"])
    yield inbox
    inbox.close()


def read_all(made: Stack, wanted: Mapping[str, Resource]) -> dict[str, Properties | None]:
    physical = made.physical()
    return {name: readback.read(made.server, physical[name], resource) for name, resource in wanted.items() if name in physical}


# ---- What was deployed ---------------------------------------------------------------------------------------------


class TestDeployed:
    def test_every_resource_of_the_template_is_there(self, deployed: Deployed) -> None:
        """By logical id and type; what is not deployed stands on the list, with its reason."""
        asked = {name: resource["Type"] for name, resource in deployed.stack.body["Resources"].items()}
        there = {name: kind for name, (kind, _) in deployed.stack.members().items()}
        assert deployed.stack.status() == "CREATE_COMPLETE"
        assert there == {name: kind for name, kind in asked.items() if name not in LEFT_OUT}
        assert set(LEFT_OUT) <= set(asked), "the list names what is no longer in the template"

    def test_each_is_as_the_template_says(self, deployed: Deployed) -> None:
        """By its own service's API, property by property."""
        told = []
        for name, wanted in deployed.wanted.items():
            found = deployed.found.get(name)
            told += [f"{name}: is not there"] if found is None else [f"{name}.{text}" for text in differences(expected(wanted), found)]
        assert not told, "\n".join(told)

    def test_what_is_not_compared_cannot_be(self, deployed: Deployed) -> None:
        """A property on the list that MiniStack does keep must come off it; so must one that the template no longer has."""
        asked = {(r.type, name): (r, name) for r in deployed.wanted.values() for name in r.properties}
        for key in readback.NOT_KEPT:
            assert key in asked, f"{key} is on the list and not in the template"
            resource, name = asked[key]
            found = deployed.found[resource.id]
            assert found is not None and name not in found, f"{resource.id}.{name} is kept: take it off the list and compare it"

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
        built = {path.name: path.read_bytes() for path in (stack.built() / "Function").iterdir()}
        for name, wanted in deployed.wanted.items():
            if wanted.type == "AWS::Lambda::Function":
                place = client(ministack.url, "lambda").get_function(FunctionName=deployed.stack[name])["Code"]["Location"]
                with urllib.request.urlopen(place.replace("//localhost:", "//127.0.0.1:"), timeout=30) as answer:
                    archive = zipfile.ZipFile(io.BytesIO(answer.read()))
                assert {file: archive.read(file) for file in archive.namelist()} == built, name

    def test_outputs_lead_to_what_is_there(self, deployed: Deployed) -> None:
        assert deployed.stack.outputs() == deployed.stack.wanted().outputs()

    def test_nothing_else_was_made(self, deployed: Deployed, inbox: Inbox, ministack: Server) -> None:
        """Beside the stack and its resources: SAM's own stack with its bucket, and this test's queue."""
        mine = [*deployed.stack.physical().values(), inbox.queue, stack.MANAGED]
        for kind, names in census.added(deployed.before, census.take(ministack)).items():
            strangers = {name for name in names if name != stack.NAME and not any(id in name for id in mine)}
            assert not strangers, (kind, strangers)


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

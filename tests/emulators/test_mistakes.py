"""How right the built binary is on random gateways and random callers' mistakes, over real HTTP.

The generator is the one of tests/accuracy.rs, which holds the figures that count; here LocalStack serves true snapshots, MiniStack tells
what is deployed, and nothing of Gateprobe's own simulates anything. docs/accuracy.md has the figures.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

import mistakes
from gateprobe import Gateprobe, check_diagnosis
from server import Server
from wire import Answer, fetch

SEED = int(os.environ.get("GATEPROBE_SEED", "20261123"))
APIS = 24
REQUESTS = 300


@dataclass(frozen=True)
class Case:
    request: Mapping[str, Any]
    url: str
    answer: Answer
    diagnosis: Mapping[str, Any]

    @property
    def said(self) -> str | None:
        return self.diagnosis["cause"]

    def __str__(self) -> str:
        alternatives = [alternative["cause"] for alternative in self.diagnosis["alternatives"]]
        return (
            f"{self.request['mistake']} {self.request['method']} {self.url} -> {self.answer.status} {self.answer.message or self.answer.body[:90]!r}: intended "
            f"{self.request['intended']}, true {self.request['truths']}, said {self.said} ({self.diagnosis['confidence']}), "
            f"alternatives {alternatives}, {self.diagnosis['evidence']}"
        )


def at(data: Server, api: str, target: str) -> str:
    """The shape of LocalStack's data plane that is nearest to AWS's: the stage is the first segment behind the API."""
    return f"{data.url}/_aws/execute-api/{api}{target}"


def is_refused(answer: Answer) -> bool:
    """No method was reached: the token message, or LocalStack's 404 for a stage that is not there, which no gateway signed."""
    if answer.error_type == "MissingAuthenticationTokenException":
        return True
    return answer.status == 404 and "x-amz-apigw-id" not in answer.headers


@pytest.fixture(scope="module")
def cases(ministack: Server, localstack: Server, gateprobe: Gateprobe) -> list[Case]:
    world = mistakes.scenes(SEED, APIS, REQUESTS)
    apis = mistakes.build(world, ministack, localstack)
    tool = gateprobe.on(ministack, localstack)
    template = {"GATEPROBE_INVOKE_URL": at(localstack, "{api}", "/{stage}")}

    def diagnose(work: tuple[mistakes.Builder, Mapping[str, Any]]) -> Case:
        api, request = work
        url = at(localstack, api.id, request["target"])
        headers = [f"{name}: {value}" for name, value in request["headers"]]
        answer = fetch(url, request["method"], headers=dict(request["headers"]))
        arguments = [part for header in headers for part in ("-H", header)]
        outcome = tool("diagnose", "--format", "json", "-X", request["method"], *arguments, url, env=template)
        assert outcome.status in (0, 1), outcome
        diagnosis = outcome.json()
        check_diagnosis(diagnosis)
        return Case(request, url, answer, diagnosis)

    work = [(api, request) for api in apis for request in api.scene["requests"]]
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(diagnose, work))


def test_localstack_routes_as_the_oracle_says(cases: list[Case]) -> None:
    """The ground: somebody else's router agrees with the naive one on every request, so what follows is not our own belief."""
    wrong = [str(case) for case in cases if is_refused(case.answer) == case.request["routed"]]
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong)


def test_every_diagnosis_is_true(cases: list[Case], capsys: pytest.CaptureFixture[str]) -> None:
    exact = [case for case in cases if case.said == case.request["intended"]]
    others = [case for case in cases if case.said != case.request["intended"]]

    def admitted(case: Case) -> bool:
        listed = {alternative["cause"] for alternative in case.diagnosis["alternatives"]}
        return case.said in case.request["truths"] or case.request["intended"] in listed

    wrong = [case for case in others if not admitted(case)]
    with capsys.disabled():
        print(f"\n{len(cases)} mistakes on LocalStack (seed {SEED}): exact {len(exact)}, true or listed {len(others) - len(wrong)}, wrong {len(wrong)}")
        for (intended, said), count in sorted(Counter((str(c.request["intended"]), str(c.said)) for c in others).items()):
            print(f"  {intended:<22}{said:<22}{count:>4}")
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(map(str, wrong))
    # A cause that is merely true would not be good enough everywhere: what may count as equal is tests/mistakes/judge.rs's to say.
    assert len(exact) >= 0.8 * len(cases), len(exact)


def test_every_suggestion_reaches_a_method(cases: list[Case]) -> None:
    followed, dead = 0, []
    for case in cases:
        for suggestion in case.diagnosis["suggestions"]:
            followed += 1
            headers = {name: value for name, value in case.request["headers"] if name not in suggestion["without"]}
            answer = fetch(suggestion["url"], suggestion["method"], headers=headers)
            if is_refused(answer):
                dead.append(f"{suggestion['method']} {suggestion['url']} -> {answer.status} {answer.message}, for {case}")
    assert followed > len(cases) / 4, followed
    assert not dead, "\n".join(dead)


def test_the_mistakes_are_many(cases: list[Case]) -> None:
    made = Counter(case.request["mistake"] for case in cases)
    assert len(cases) == REQUESTS and len(made) >= 20, made

"""The API Gateway of another account, read with a role of its: who signed which call is seen between the binary and MiniStack."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

import emulators
import worlds
from backend import Backend
from gateprobe import Gateprobe, Outcome
from server import Server
from tap import Request, Tap, tap

ROLE = "arn:aws:iam::000000000000:role/gateprobe-member"


@pytest.fixture(scope="module")
def between(ministack: Server, backend_server: Backend) -> Iterator[Tap]:
    emulators.reset(ministack)
    worlds.shop([ministack], backend_server.url)
    with tap(ministack) as taken:
        yield taken


def service(request: Request) -> tuple[str, str]:
    """The service that a call was signed for, and the access key id that signed it."""
    scope = request.headers["authorization"].split("Credential=")[1].split(",")[0].split("/")
    return scope[3], scope[0]


def run(gateprobe: Gateprobe, between: Tap, *arguments: str) -> Outcome:
    between.requests.clear()
    return gateprobe(*arguments, env={"AWS_ENDPOINT_URL": between.url, **between.address})


def test_api_gateway_is_read_with_the_role_and_nothing_else_is(gateprobe: Gateprobe, between: Tap) -> None:
    outcome = run(gateprobe, between, "run", "--publish", "--role-arn", ROLE, "--external-id", "of-ours", "--format", "json")
    assert outcome.status == 1, outcome
    assert outcome.report().coverage["deployed"] > 0, outcome
    signed = [(request, *service(request)) for request in between.requests if "Credential=" in request.headers.get("authorization", "")]
    assumed = [parse_qs(request.body.decode()) for request, of, _ in signed if of == "sts"]
    assert [(call["Action"], call["RoleArn"], call["ExternalId"]) for call in assumed] == [(["AssumeRole"], [ROLE], ["of-ours"])], "once, for all calls"
    own = {key for _, of, key in signed if of in ("sts", "monitoring")}
    reading = {key for _, of, key in signed if of == "apigateway"}
    assert {of for _, of, _ in signed} - {"execute-api"} == {"sts", "monitoring", "apigateway"}
    assert own == {"test"}, "the role is assumed, and metrics are written, with the run's own credentials"
    assert len(reading) == 1 and not reading & own, "the member's API Gateway is read with the role's"


def test_without_a_role_nothing_is_assumed(gateprobe: Gateprobe, between: Tap) -> None:
    run(gateprobe, between, "inventory", "--format", "json")
    signed = [service(request) for request in between.requests if "Credential=" in request.headers.get("authorization", "")]
    assert set(signed) == {("apigateway", "test")}


def test_what_is_no_role_is_said_before_anything_is_asked(gateprobe: Gateprobe, between: Tap) -> None:
    outcome = run(gateprobe, between, "run", "--role-arn", "gateprobe-member")
    assert outcome.status == 2, outcome
    assert "no role: expected an ARN like" in outcome.stderr, outcome
    assert not between.requests


def test_it_is_the_roles_account_that_is_read(gateprobe: Gateprobe, between: Tap) -> None:
    """MiniStack keeps the APIs of each account apart, and gives a role's credentials to the role's account."""
    outcome = run(gateprobe, between, "run", "--role-arn", ROLE.replace("000000000000", "111122223333"))
    assert outcome.status == 2, outcome
    assert "no API was found" in outcome.stderr, outcome

"""Everything that can be wrong before or around a run: one clear line on stderr, the exit status of the contract, no crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import emulators
import faults
import worlds
from backend import Backend
from gateprobe import Gateprobe, Outcome
from restapi import Mock, RestApi, invoke_url
from server import Server, free_port


def told(outcome: Outcome, *words: str, status: int = 2) -> None:
    """Exit status, and one line that names what was wrong (any of the words, in any case)."""
    assert outcome.status == status, outcome
    lines = [line for line in outcome.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "gateprobe:"))]
    assert len(errors) == 1, f"one line should say what was wrong: {outcome}"
    assert any(word.lower() in outcome.stderr.lower() for word in words), f"none of {words}: {outcome}"
    assert outcome.stdout.strip() == "" or outcome.stdout.lstrip().startswith("{"), f"errors do not go to stdout: {outcome}"


@pytest.fixture
def world(ministack: Server, backend: Backend) -> worlds.World:
    emulators.reset(ministack)
    return worlds.healthy([ministack], backend.url)


def test_empty_account(ministack: Server, gateprobe: Gateprobe) -> None:
    emulators.reset(ministack)
    told(gateprobe.on(ministack)("run", "--format", "json"), "no API", "us-east-1")


def test_wrong_region(world: worlds.World, ministack: Server, gateprobe: Gateprobe) -> None:
    told(gateprobe.on(ministack)("run", "--format", "json", "--region", "eu-west-1"), "eu-west-1")


def test_region_that_is_not_one(world: worlds.World, ministack: Server, gateprobe: Gateprobe) -> None:
    told(gateprobe.on(ministack)("run", "--format", "json", "--region", "not a region"), "not a region")


def test_no_region(world: worlds.World, ministack: Server, gateprobe: Gateprobe) -> None:
    told(gateprobe.on(ministack)("run", "--format", "json", without=["AWS_REGION", "AWS_DEFAULT_REGION"]), "region")


def test_filter_that_matches_nothing(world: worlds.World, ministack: Server, gateprobe: Gateprobe) -> None:
    told(gateprobe.on(ministack)("run", "--format", "json", "--api", "no-such-*"), "no-such-*")


def test_no_credentials(world: worlds.World, ministack: Server, gateprobe: Gateprobe) -> None:
    told(gateprobe.on(ministack)("run", "--format", "json", without=["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]), "credential")


def test_unknown_profile(world: worlds.World, ministack: Server, gateprobe: Gateprobe) -> None:
    outcome = gateprobe.on(ministack)("run", "--profile", "nobody", without=["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
    told(outcome, "nobody", "profile", "credential")


def test_unreachable_endpoint(gateprobe: Gateprobe) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    told(gateprobe("run", "--format", "json", env={"AWS_ENDPOINT_URL": endpoint}), "127.0.0.1", "reach", "connect", "endpoint")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.EXPIRED, ["expired"]),
        (faults.INVALID_KEY, ["invalid", "credential"]),
        (faults.DENIED, ["apigateway:GET", "not authorized", "denied"]),
        (faults.BROKEN, ["500", "internal"]),
    ],
    ids=lambda value: value.code if isinstance(value, faults.Fault) else "",
)
def test_control_plane_refuses(gateprobe: Gateprobe, fault: faults.Fault, words: list[str]) -> None:
    with faults.control_plane(fault) as endpoint:
        told(gateprobe("run", "--format", "json", env={"AWS_ENDPOINT_URL": endpoint}, timeout=120), *words)


def test_one_api_answers_500(world: worlds.World, ministack: Server, backend: Backend, gateprobe: Gateprobe) -> None:
    """What cannot be read becomes a gap; the rest goes on."""
    other = worlds.healthy([ministack], backend.url, name="unreadable")
    fault = faults.Fault(f"/restapis/{other.api.id}/stages", 500, "InternalFailure", "internal failure")
    with faults.control_plane(fault, ministack) as endpoint:
        outcome = gateprobe("run", "--format", "json", env={"AWS_ENDPOINT_URL": endpoint, "GATEPROBE_INVOKE_URL": invoke_url(ministack)}, timeout=120)
    report = outcome.report()
    report.check()
    assert report.coverage["deployed"] == len(world.deployed), outcome
    assert any(other.api.id in gap["where"] or "unreadable" in gap["where"] for gap in report.gaps), outcome


def test_an_api_is_gone_in_mid_sweep(world: worlds.World, ministack: Server, backend: Backend, gateprobe: Gateprobe) -> None:
    """Listed, and then its parts answer 404: told as a gap, and the rest goes on."""
    other = worlds.healthy([ministack], backend.url, name="vanished")
    fault = faults.Fault(f"/restapis/{other.api.id}/", 404, "NotFoundException", "Invalid API identifier specified")
    with faults.control_plane(fault, ministack) as endpoint:
        outcome = gateprobe("run", "--format", "json", env={"AWS_ENDPOINT_URL": endpoint, "GATEPROBE_INVOKE_URL": invoke_url(ministack)})
    report = outcome.report()
    report.check()
    assert report.coverage["deployed"] == len(world.deployed), outcome
    assert any(other.api.id in gap["where"] or "vanished" in gap["where"] for gap in report.gaps), outcome


def test_api_without_a_stage(world: worlds.World, ministack: Server, gateprobe: Gateprobe) -> None:
    RestApi([ministack], "no-stage").method("GET", "/a", Mock())
    outcome = gateprobe.on(ministack)("run", "--format", "json")
    outcome.report().check()
    assert outcome.status == 0 and outcome.report().coverage["deployed"] == len(world.deployed), outcome


def test_stage_of_an_empty_deployment(world: worlds.World, ministack: Server, gateprobe: Gateprobe) -> None:
    RestApi([ministack], "empty").deploy("live")
    outcome = gateprobe.on(ministack)("run", "--format", "json")
    outcome.report().check()
    assert outcome.status == 0 and outcome.report().coverage["deployed"] == len(world.deployed), outcome


@pytest.mark.parametrize("url", ["http://[", "not a url", "", "ftp://example.test/a", "https://"])
def test_unparsable_url(world: worlds.World, ministack: Server, gateprobe: Gateprobe, url: str) -> None:
    told(gateprobe.on(ministack)("diagnose", url), "url")


@pytest.mark.parametrize(
    ("line", "word"),
    [("curl -T hush.png https://x.test/", "-T"), ("curl https://x.test/ -H 'a: hush", "single quote"), ("curl https://me:hush@x.test/", "credentials")],
)
def test_curl_line_that_is_no_request(gateprobe: Gateprobe, line: str, word: str) -> None:
    outcome = gateprobe("diagnose", "--curl", line)
    told(outcome, word)
    assert "hush" not in outcome.stderr, outcome


def test_url_of_nobodys(world: worlds.World, ministack: Server, gateprobe: Gateprobe) -> None:
    """A URL that is no gateway's that we know: diagnosed or refused, never a crash, never healthy."""
    outcome = gateprobe.on(ministack)("diagnose", f"http://127.0.0.1:{free_port()}/a")
    assert outcome.status in (1, 2), outcome


@pytest.mark.parametrize(
    ("text", "word"),
    [("concurency: 3\n", "concurency"), ("a: [\n", "yaml"), ("- 1\n", ""), ("concurrency: many\n", "concurrency")],
    ids=["unknown-key", "no-yaml", "a-list", "wrong-type"],
)
def test_bad_config(world: worlds.World, ministack: Server, gateprobe: Gateprobe, config: Callable[[str], Path], text: str, word: str) -> None:
    told(gateprobe.on(ministack)("run", "--config", config(text)), word if word != "yaml" else "gateprobe.yaml")


def test_config_that_is_not_there(ministack: Server, gateprobe: Gateprobe) -> None:
    told(gateprobe.on(ministack)("run", "--config", "/nonexistent/gateprobe.yaml"), "/nonexistent/gateprobe.yaml")


def test_inventory_that_is_none(gateprobe: Gateprobe, tmp_path: Path) -> None:
    file = tmp_path / "inventory.json"
    file.write_text('{"apis": 3}')
    told(gateprobe("plan", "--inventory", file), "inventory")


@pytest.mark.parametrize("template", ["http://127.0.0.1/{nope}", "127.0.0.1:80", "http://[{api}"])
def test_bad_invoke_url_template(world: worlds.World, ministack: Server, gateprobe: Gateprobe, template: str) -> None:
    told(gateprobe.on(ministack)("run", "--invoke-url", template), "invoke")


@pytest.mark.parametrize("pin", ["nonsense", "a:b:c:d", "a:80:127.0.0.1"])
def test_bad_pin(world: worlds.World, ministack: Server, gateprobe: Gateprobe, pin: str) -> None:
    told(gateprobe.on(ministack)("run", "--connect-to", pin), "connect-to")


@pytest.mark.parametrize("arguments", [["run", "--nonsense"], ["nonsense"], ["run", "--format", "pdf"], ["explain", "no-such-cause"]])
def test_usage(gateprobe: Gateprobe, arguments: list[str]) -> None:
    told(gateprobe(*arguments), arguments[-1])


def test_publish_without_a_topic(world: worlds.World, ministack: Server, gateprobe: Gateprobe) -> None:
    """Metrics alone are a use of their own: no topic, no alert, no complaint."""
    outcome = gateprobe.on(ministack)("run", "--format", "json", "--publish")
    assert outcome.status == 0, outcome


def test_topic_that_is_no_arn(world: worlds.World, ministack: Server, gateprobe: Gateprobe) -> None:
    told(gateprobe.on(ministack)("run", "--publish", "--topic-arn", "alerts"), "arn")

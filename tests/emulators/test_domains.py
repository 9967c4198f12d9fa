"""Custom domains with two base paths, by Host header (MiniStack)."""

from __future__ import annotations

import pytest

import worlds
from backend import Backend
from gateprobe import Gateprobe, OnEmulator, Outcome, check_diagnosis
from server import Server
from worlds import BARE_DOMAIN, SHOP_DOMAIN, World


@pytest.fixture(scope="module")
def mapped(ministack: Server, backend_server: Backend) -> World:
    world = worlds.domains(ministack, backend_server.url)
    backend_server.forget()
    return world


def pins(ministack: Server) -> list[str]:
    """The domains, pinned to the emulator as curl's --connect-to does; the Host header stays the domain's."""
    names = (SHOP_DOMAIN, BARE_DOMAIN)
    return ["--domain-url", "http://{domain}", *(part for name in names for part in ("--connect-to", f"{name}:80:127.0.0.1:{ministack.port}"))]


@pytest.fixture(scope="module")
def run(ministack: Server, gateprobe: Gateprobe) -> OnEmulator:
    return gateprobe.on(ministack)


@pytest.fixture(scope="module")
def outcome(mapped: World, ministack: Server, run: OnEmulator) -> Outcome:
    return run("run", "--format", "json", *pins(ministack))


def test_a_method_behind_two_doors_counts_once(mapped: World, outcome: Outcome) -> None:
    report = outcome.report()
    report.check()
    assert report.coverage["deployed"] == len(mapped.deployed), outcome
    assert report.coverage["probed"] == len(mapped.probed), outcome
    assert report.problems() == [] and outcome.status == 0, outcome


def test_every_door_is_tried(outcome: Outcome, backend_server: Backend) -> None:
    """GET /orders: two stages by their own URLs, live also by / and by bare's /only, beta also by /beta and by /deep/er."""
    assert backend_server.counts()[("GET", "/orders")] == 6, (backend_server.counts(), outcome)


@pytest.mark.parametrize("url", [f"http://{SHOP_DOMAIN}/orders", f"http://{SHOP_DOMAIN}/beta/orders", f"http://{SHOP_DOMAIN}/deep/er/orders"])
def test_diagnose_healthy(mapped: World, ministack: Server, run: OnEmulator, url: str) -> None:
    outcome = run("diagnose", "--format", "json", *pins(ministack), url)
    diagnosis = outcome.json()
    check_diagnosis(diagnosis)
    assert diagnosis["verdict"] == "healthy" and outcome.status == 0, outcome
    assert diagnosis["matched"]["stage"] == ("live" if url.endswith("test/orders") else "beta"), outcome


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        (f"http://{SHOP_DOMAIN}/live/orders", "stage-in-domain-path"),
        (f"http://{SHOP_DOMAIN}/beta/beta/orders", "stage-in-domain-path"),
        (f"http://{BARE_DOMAIN}/nope/nothing", "domain-unmapped"),
        (f"http://{SHOP_DOMAIN}/ordrs", "path-unknown"),
        (f"http://{SHOP_DOMAIN}/beta/Orders", "path-case"),
    ],
)
def test_diagnose(mapped: World, ministack: Server, run: OnEmulator, url: str, cause: str) -> None:
    outcome = run("diagnose", "--format", "json", *pins(ministack), url)
    diagnosis = outcome.json()
    check_diagnosis(diagnosis)
    assert diagnosis["cause"] == cause, outcome
    assert outcome.status == 1, outcome


@pytest.mark.parametrize(
    ("path", "cause"),
    [("/orders", "stage-missing"), ("/nope/orders", "stage-unknown"), ("/LIVE/orders", "stage-unknown")],
)
def test_diagnose_by_execute_api_host(mapped: World, ministack: Server, run: OnEmulator, path: str, cause: str) -> None:
    """`{api}.execute-api.localhost`: the same shape as AWS's, where the stage is the path's first segment."""
    template = f"http://{{api}}.execute-api.localhost:{ministack.port}/{{stage}}"
    url = f"http://{mapped.api.id}.execute-api.localhost:{ministack.port}{path}"
    outcome = run("diagnose", "--format", "json", "--invoke-url", template, url)
    diagnosis = outcome.json()
    check_diagnosis(diagnosis)
    assert diagnosis["cause"] == cause, outcome
    assert outcome.status == 1, outcome

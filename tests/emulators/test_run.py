"""`gateprobe run` on one emulator alone: coverage, what is skipped, what is healthy, where the tree came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import emulators
import worlds
from backend import Backend
from gateprobe import Gateprobe, Outcome
from restapi import Http, Mock, RestApi, invoke_url
from server import Server
from worlds import World

SAFE = {"GET", "HEAD", "OPTIONS"}


class TestHealthyOnMiniStack:
    @pytest.fixture
    def world(self, ministack: Server, backend: Backend) -> World:
        emulators.reset(ministack)
        return worlds.healthy([ministack], backend.url)

    @pytest.fixture
    def outcome(self, world: World, ministack: Server, gateprobe: Gateprobe) -> Outcome:
        return gateprobe.on(ministack)("run", "--format", "json")

    def test_every_method_is_probed_or_skipped(self, world: World, outcome: Outcome) -> None:
        report = outcome.report()
        report.check()
        assert report.coverage["deployed"] == len(world.deployed), outcome
        assert report.coverage["probed"] == len(world.probed), outcome
        # /signed too: it is asked with a signature of nobody's, which MiniStack lets pass
        assert report.coverage["routed"] == len(world.probed), outcome
        assert report.coverage["skipped"] == {"no-safe-proof": len(world.unsafe)}, outcome

    def test_expected_refusals_are_no_problem(self, outcome: Outcome) -> None:
        report = outcome.report()
        assert outcome.status == 0, outcome
        assert report.problems() == [], outcome
        assert set(report.by_method(report.expected())) == {("live", "GET", "/keyed", "api-key")}, outcome

    def test_what_is_made_up_proves_the_route_alone(self, world: World, outcome: Outcome) -> None:
        """Healthy is what answers well without a made-up value, a key or a signature that is not there."""
        sure = [m for m in world.probed if "{" not in m.path and m.path not in ("/keyed", "/signed")]
        assert outcome.report().coverage["healthy"] == len(sure) == 3, outcome

    def test_only_safe_verbs_reach_the_backend(self, outcome: Outcome, backend: Backend) -> None:
        calls = backend.calls()
        assert calls, outcome
        assert {call.method for call in calls} <= SAFE, backend.counts()

    def test_probes_name_themselves(self, outcome: Outcome, backend: Backend) -> None:
        for call in backend.calls():
            assert "gateprobe" in call.headers["user-agent"].lower(), call
            assert len(call.headers["x-amzn-requestid"]) == 36, call
        ids = [call.headers["x-amzn-requestid"] for call in backend.calls()]
        assert len(set(ids)) == len(ids), "each probe has an id of its own"

    def test_path_parameters_are_filled(self, outcome: Outcome, backend: Backend) -> None:
        assert not [call for call in backend.calls() if "{" in call.path or "%7B" in call.path], backend.counts()

    def test_the_tree_is_the_api_summary(self, world: World, outcome: Outcome) -> None:
        [stage] = outcome.report().stages
        assert (stage["api"], stage["api_name"], stage["stage"], stage["tree"]) == (world.api.id, "healthy", "live", "apisummary"), outcome
        assert stage["deployment"], outcome

    def test_nothing_is_a_gap(self, outcome: Outcome) -> None:
        assert outcome.report().gaps == [], outcome

    def test_table_goes_to_stdout(self, world: World, ministack: Server, gateprobe: Gateprobe) -> None:
        outcome = gateprobe.on(ministack)("run")
        assert outcome.status == 0, outcome
        assert "healthy" in outcome.stdout and "live" in outcome.stdout, outcome
        assert "\x1b[" not in outcome.stdout, "no colours into a pipe"

    def test_narrowed_by_api_and_stage(self, world: World, ministack: Server, backend: Backend, gateprobe: Gateprobe) -> None:
        other = worlds.healthy([ministack], backend.url, name="other", stage="beta")
        run = gateprobe.on(ministack)
        assert run("run", "--format", "json").report().coverage["deployed"] == 2 * len(world.deployed)
        for arguments in (["--api", "heal*"], ["--api", world.api.id], ["--stage", "l*"]):
            outcome = run("run", "--format", "json", *arguments)
            assert outcome.report().coverage["deployed"] == len(world.deployed), outcome
            assert {stage["api_name"] for stage in outcome.report().stages} == {"healthy"}, outcome
        assert {stage["api"] for stage in run("run", "--format", "json", "--api", "other").report().stages} == {other.api.id}

    def test_invoke_url_flag(self, world: World, ministack: Server, gateprobe: Gateprobe) -> None:
        outcome = gateprobe("run", "--format", "json", "--invoke-url", invoke_url(ministack), env={"AWS_ENDPOINT_URL": ministack.url})
        assert outcome.status == 0, outcome

    def test_endpoint_of_one_service(self, world: World, ministack: Server, gateprobe: Gateprobe) -> None:
        outcome = gateprobe.on(ministack)(
            "run",
            "--format",
            "json",
            env={
                "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
                "AWS_ENDPOINT_URL_API_GATEWAY": ministack.url,
                "AWS_ENDPOINT_URL_APIGATEWAYV2": ministack.url,
            },
        )
        assert outcome.status == 0, outcome

    def test_by_host_under_localhost(self, world: World, ministack: Server, gateprobe: Gateprobe) -> None:
        template = f"http://{{api}}.execute-api.localhost:{ministack.port}/{{stage}}"
        outcome = gateprobe("run", "--format", "json", "--invoke-url", template, env={"AWS_ENDPOINT_URL": ministack.url})
        assert outcome.report().coverage["routed"] == len(world.probed), outcome
        assert outcome.status == 0, outcome


class TestPlanAndInventory:
    @pytest.fixture
    def world(self, ministack: Server, backend: Backend) -> World:
        emulators.reset(ministack)
        world = worlds.healthy([ministack], backend.url)
        backend.forget()
        return world

    def test_plan_sends_nothing(self, world: World, ministack: Server, backend: Backend, gateprobe: Gateprobe) -> None:
        outcome = gateprobe.on(ministack)("plan", "--format", "json")
        assert outcome.status == 0, outcome
        coverage = outcome.json()["coverage"]
        assert coverage["deployed"] == len(world.deployed) and coverage["skipped"] == {"no-safe-proof": len(world.unsafe)}, outcome
        assert backend.calls() == []

    def test_inventory_is_taken_back(self, world: World, ministack: Server, gateprobe: Gateprobe, tmp_path: Path) -> None:
        run = gateprobe.on(ministack)
        inventory = run("inventory", "--format", "json")
        assert inventory.status == 0, inventory
        [api] = inventory.json()["apis"]
        assert (api["id"], [stage["name"] for stage in api["stages"]]) == (world.api.id, ["live"]), inventory
        file = tmp_path / "inventory.json"
        file.write_text(inventory.stdout)
        offline = gateprobe("plan", "--format", "json", "--inventory", file, env={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
        assert offline.json()["coverage"] == run("plan", "--format", "json").json()["coverage"], offline

    def test_many_pages(self, ministack: Server, gateprobe: Gateprobe, config: Callable[[str], Path]) -> None:
        """More APIs than one page holds at AWS's default of 25."""
        emulators.reset(ministack)
        for number in range(27):
            api = RestApi([ministack], f"api-{number:02}")
            api.method("GET", "/a", Mock())
            api.deploy("live")
        quick = config("limits: {control_plane_rate: 1000}\n")
        outcome = gateprobe.on(ministack)("inventory", "--config", quick, "--format", "json")
        assert len(outcome.json()["apis"]) == 27, outcome


@pytest.fixture(scope="class")
def found(ministack: Server, backend_server: Backend, gateprobe: Gateprobe) -> tuple[World, Outcome]:
    emulators.reset(ministack)
    world = worlds.shop([ministack], backend_server.url)
    return world, gateprobe.on(ministack)("run", "--format", "json")


class TestShopOnMiniStackAlone:
    """Its data plane serves the edited tree: what is deployed there and gone from the edit does not answer."""

    def test_coverage_counts_the_snapshots(self, found: tuple[World, Outcome]) -> None:
        world, outcome = found
        report = outcome.report()
        report.check()
        assert report.coverage["deployed"] == len(world.deployed), outcome
        assert report.coverage["skipped"] == {"no-safe-proof": len(world.unsafe)}, outcome

    def test_a_door_that_should_be_there(self, found: tuple[World, Outcome]) -> None:
        _, outcome = found
        report = outcome.report()
        # The stages were deployed seconds ago, so that the run does not alarm yet.
        gone = {
            (d["matched"]["stage"], d["matched"]["method"], d["matched"]["resource"])
            for d in report.expected()
            if d["symptom"] == "missing-authentication-token" and d["cause"] == "propagating"
        }
        assert gone == {
            (stage, verb, path)
            for stage, verb, path in [
                ("prod", "GET", "/legacy"),
                ("qa", "GET", "/legacy"),
                ("prod", "HEAD", "/reports"),
                ("qa", "HEAD", "/reports"),
                ("dev", "HEAD", "/reports"),
            ]
        }, outcome
        assert outcome.status == 1, outcome


class TestOnLocalStackAlone:
    """No API summary there: the export, else the edited tree; and the report says which."""

    @pytest.mark.parametrize(("with_any", "tree"), [(False, "export"), (True, "edited")])
    def test_falls_back_and_says_so(
        self, localstack: Server, backend: Backend, gateprobe: Gateprobe, with_any: bool, tree: str
    ) -> None:
        emulators.reset(localstack)
        api = RestApi([localstack], "no-summary")
        api.method("GET", "/orders", Http(f"{backend.url}/orders"))
        api.method("POST", "/orders", Http(f"{backend.url}/orders"))
        if with_any:
            api.method("ANY", "/files/{proxy+}", Http(backend.url + "/files/{proxy}"))
        api.deploy("live")
        outcome = gateprobe.on(localstack)("run", "--format", "json")
        report = outcome.report()
        report.check()
        assert [stage["tree"] for stage in report.stages] == [tree], outcome
        assert report.coverage["skipped"] == {"no-safe-proof": 1}, outcome
        assert report.coverage["routed"] == report.coverage["probed"] == (2 if with_any else 1), outcome
        assert report.coverage["healthy"] == 1, "the greedy path is made up"
        assert report.problems() == [], outcome
        assert outcome.status == 0, outcome


def test_config_fills_a_path_parameter(
    ministack: Server, backend: Backend, gateprobe: Gateprobe, config: Callable[[str], Path]
) -> None:
    emulators.reset(ministack)
    api = RestApi([ministack], "parameters")
    api.method("GET", "/orders/{id}", Http(backend.url + "/orders/{id}"))
    api.deploy("live")
    outcome = gateprobe.on(ministack)("run", "--format", "json", "--config", config("parameters:\n  id: known-42\n"))
    assert outcome.status == 0, outcome
    assert ("GET", "/orders/known-42") in backend.counts(), (backend.counts(), outcome)

"""The APIs that the tests run against. Each function builds one world and says what is true of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aws import REGION, client
from restapi import Http, Mock, RestApi, invoke_url
from server import Server, free_port

PROBED_VERBS = {"GET", "HEAD", "OPTIONS", "ANY"}


class Method(NamedTuple):
    stage: str
    verb: str
    path: str


@dataclass(frozen=True)
class World:
    """What a run over one API should find."""

    api: RestApi
    deployed: frozenset[Method]
    """The true snapshots."""
    undeployed: frozenset[tuple[str, str, str]]
    """(stage, verb, path) that the edited tree has and the stage has not."""

    @property
    def probed(self) -> frozenset[Method]:
        return frozenset(method for method in self.deployed if method.verb in PROBED_VERBS)

    @property
    def unsafe(self) -> frozenset[Method]:
        return self.deployed - self.probed


SHOP_V1 = [
    ("GET", "/orders"),
    ("POST", "/orders"),
    ("GET", "/orders/{id}"),
    ("DELETE", "/orders/{id}"),
    ("ANY", "/orders/{id}/items"),
    ("ANY", "/files/{proxy+}"),
    ("GET", "/reports"),
    ("HEAD", "/reports"),
    ("OPTIONS", "/reports"),
    ("GET", "/keyed"),
    ("GET", "/signed"),
    ("GET", "/legacy"),
    ("GET", "/broken"),
    ("GET", "/down"),
]
SHOP_V2 = [m for m in SHOP_V1 if m != ("GET", "/legacy")] + [("GET", "/catalogue")]


def shop(servers: Sequence[Server], backend: str) -> World:
    """Three stages on two deployments, and an edit that nobody deployed.

    prod  v1 · qa  deployed as v2, rolled back to v1 · dev  v2
    v2 lacks GET /legacy, which prod and qa still serve, and has GET /catalogue, which they do not.
    The edited tree also has GET /drafts, and no longer HEAD /reports.
    /broken answers 500 from the backend; behind /down nobody listens.
    """
    api = RestApi(servers, "shop")
    api.method("GET", "/orders", Http(f"{backend}/orders"))
    api.method("POST", "/orders", Http(f"{backend}/orders"))
    api.method("GET", "/orders/{id}", Http(backend + "/orders/{id}"))
    api.method("DELETE", "/orders/{id}", Http(backend + "/orders/{id}"))
    api.method("ANY", "/orders/{id}/items", Http(backend + "/orders/{id}/items"))
    api.method("ANY", "/files/{proxy+}", Http(backend + "/files/{proxy}"))
    for verb in ("GET", "HEAD", "OPTIONS"):
        api.method(verb, "/reports", Mock())
    api.method("GET", "/keyed", Mock(), key=True)
    api.method("GET", "/signed", Mock(), auth="AWS_IAM")
    api.method("GET", "/legacy", Http(f"{backend}/legacy"))
    api.method("GET", "/broken", Http(f"{backend}/status/500"))
    api.method("GET", "/down", Http(f"http://127.0.0.1:{free_port()}/"))
    v1 = api.deploy("prod")
    api.remove("GET", "/legacy")
    api.method("GET", "/catalogue", Http(f"{backend}/catalogue"))
    api.deploy("dev")
    api.deploy("qa")
    api.point("qa", v1)
    api.method("GET", "/drafts", Http(f"{backend}/drafts"))
    api.remove("HEAD", "/reports")
    trees = {"prod": SHOP_V1, "qa": SHOP_V1, "dev": SHOP_V2}
    return World(
        api,
        frozenset(Method(stage, verb, path) for stage, tree in trees.items() for verb, path in tree),
        frozenset(
            {(stage, "GET", "/drafts") for stage in trees} | {(stage, "GET", "/catalogue") for stage in ("prod", "qa")}
        ),
    )


HEALTHY = [
    ("GET", "/"),
    ("GET", "/orders"),
    ("POST", "/orders"),
    ("GET", "/orders/{id}"),
    ("HEAD", "/orders/{id}"),
    ("OPTIONS", "/orders"),
    ("ANY", "/files/{proxy+}"),
    ("GET", "/keyed"),
    ("GET", "/signed"),
]


def healthy(servers: Sequence[Server], backend: str, name: str = "healthy", stage: str = "live") -> World:
    """One stage, deployed as edited, with nothing wrong; a keyed and an IAM method refuse a stranger, as they should."""
    api = RestApi(servers, name)
    for verb, path in HEALTHY:
        integration = Mock() if verb == "OPTIONS" or path in ("/", "/keyed", "/signed") else Http(backend + path.replace("+}", "}"))
        api.method(verb, path, integration, auth="AWS_IAM" if path == "/signed" else "NONE", key=path == "/keyed")
    api.deploy(stage)
    return World(api, frozenset(Method(stage, verb, path) for verb, path in HEALTHY), frozenset())


@dataclass(frozen=True)
class TwoApis:
    """One API with a door that answers, one whose backend fails and one that callers want and nobody built; and one with nothing wrong."""

    orders: RestApi
    stock: RestApi
    wanted: str
    """The URL of the door that is not there: GET /archive of `orders`."""


def two_apis(ministack: Server, backend: str) -> TwoApis:
    orders = RestApi([ministack], "orders")
    orders.method("GET", "/orders", Http(f"{backend}/orders"))
    orders.method("GET", "/broken", Http(f"{backend}/status/500"))
    orders.deploy("prod")
    stock = RestApi([ministack], "stock")
    stock.method("GET", "/stock", Http(f"{backend}/stock"))
    stock.deploy("prod")
    return TwoApis(orders, stock, f"{invoke_url(ministack, orders.id, 'prod')}/archive")


SHOP_DOMAIN = "api.example.test"
BARE_DOMAIN = "bare.example.test"


def domains(ministack: Server, backend: str) -> World:
    """Two stages behind two custom domains (MiniStack only).

    api.example.test   (none) → live, `beta` → beta, `deep/er` → beta (a multi-level path, made by the v2 API)
    bare.example.test  `only` → live, and nothing else: no path but /only is mapped
    """
    world = healthy([ministack], backend, name="mapped")
    world.api.deploy("beta")
    gateway = client(ministack.url, "apigateway")
    for domain in (SHOP_DOMAIN, BARE_DOMAIN):
        gateway.create_domain_name(
            domainName=domain,
            regionalCertificateArn=f"arn:aws:acm:{REGION}:000000000000:certificate/none",
            endpointConfiguration={"types": ["REGIONAL"]},
        )
    gateway.create_base_path_mapping(domainName=SHOP_DOMAIN, restApiId=world.api.id, stage="live")
    gateway.create_base_path_mapping(domainName=SHOP_DOMAIN, basePath="beta", restApiId=world.api.id, stage="beta")
    gateway.create_base_path_mapping(domainName=BARE_DOMAIN, basePath="only", restApiId=world.api.id, stage="live")
    client(ministack.url, "apigatewayv2").create_api_mapping(
        DomainName=SHOP_DOMAIN, ApiId=world.api.id, Stage="beta", ApiMappingKey="deep/er"
    )
    both = frozenset(Method(stage, verb, path) for stage in ("live", "beta") for verb, path in HEALTHY)
    return World(world.api, both, frozenset())

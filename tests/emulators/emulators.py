"""MiniStack, LocalStack and moto: how each is started, and what else can be asked of it. QUIRKS.md says where each lies."""

from __future__ import annotations

import os
import urllib.request
from pathlib import Path

from aws import REGION, client
from server import Server

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent

INTEGRATION_TIMEOUT = 2
"""Seconds that MiniStack waits for an integration. It does not honour `timeoutInMillis`; this it does."""


def cache() -> Path:
    """Where setup.sh put the virtual environments."""
    return Path(os.environ.get("GATEPROBE_CACHE", REPOSITORY / ".ci" / "cache"))


SECRET = "not-to-be-printed"
"""The dummy secret key: no output may hold it."""


def credentials() -> dict[str, str]:
    """What every process here sees of AWS: dummy keys, one region, no instance metadata."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def environment(home: Path, **more: str) -> dict[str, str]:
    """A whole environment: nothing of the caller's own AWS set-up, proxies or home leaks in."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home), "LC_ALL": "C.UTF-8", **credentials(), **more}


def _python(name: str) -> str:
    python = cache() / name / "bin" / "python"
    if not python.exists():
        raise FileNotFoundError(f"{python} is not there: run {HERE / 'setup.sh'} first (or tests/emulators/run, which does)")
    return str(python)


def ministack(home: Path) -> Server:
    return Server(
        name="MiniStack",
        command=[_python("ministack"), "-m", "ministack"],
        env=environment(
            home,
            GATEWAY_PORT="{port}",
            BIND_HOST="127.0.0.1",
            LAMBDA_EXECUTOR="local",
            MINISTACK_HOST="localhost",
            MINISTACK_REGION=REGION,
            MINISTACK_APIGW_PROXY_TIMEOUT_SECONDS=str(INTEGRATION_TIMEOUT),
            DOCKER_HOST="unix:///nonexistent.sock",
        ),
        health="/_ministack/health",
        log=home / "ministack.log",
    )


def localstack(home: Path) -> Server:
    return Server(
        name="LocalStack",
        command=[_python("localstack"), str(HERE / "localstack_loopback.py")],
        env=environment(
            home,
            GATEWAY_LISTEN="127.0.0.1:{port}",
            LOCALSTACK_HOST="localhost.localstack.cloud:{port}",
            DISABLE_EVENTS="1",
            SKIP_SSL_CERT_DOWNLOAD="1",
            DNS_ADDRESS="0",
            EAGER_SERVICE_LOADING="0",
            OVERRIDE_IN_DOCKER="0",
            LOCALSTACK_VOLUME_DIR=str(home),
            FILESYSTEM_ROOT=str(home),
        ),
        health="/_localstack/health",
        log=home / "localstack.log",
        patience=120.0,
    )


def moto(home: Path) -> Server:
    """DynamoDB alone is asked of it."""
    return Server(
        name="moto",
        command=[_python("moto"), "-m", "moto.server", "-H", "127.0.0.1", "-p", "{port}"],
        env=environment(home),
        health="/moto-api/data.json",
        log=home / "moto.log",
    )


def reset(server: Server) -> None:
    """Empties an emulator of APIs. MiniStack's data plane knows one account and region only, so worlds follow one another instead of standing side by side."""
    if server.name == "MiniStack":
        with urllib.request.urlopen(urllib.request.Request(server.url + "/_ministack/reset", method="POST"), timeout=30):
            return
    gateway = client(server.url, "apigateway")
    for api in gateway.get_rest_apis()["items"]:
        gateway.delete_rest_api(restApiId=api["id"])

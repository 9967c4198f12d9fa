"""What was published to an emulator's CloudWatch, read back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aws import client
from server import Server

NAMESPACE = "Gateprobe"


def published(server: Server) -> set[tuple[str, frozenset[str]]]:
    """(name, names of its dimensions) of every series."""
    found = client(server.url, "cloudwatch").get_paginator("list_metrics").paginate(Namespace=NAMESPACE)
    return {
        (metric["MetricName"], frozenset(dimension["Name"] for dimension in metric.get("Dimensions", [])))
        for page in found
        for metric in page["Metrics"]
    }


def statistics(server: Server, name: str, dimensions: Mapping[str, str] | None = None) -> Mapping[str, Any] | None:
    """Sum, SampleCount, Minimum, Maximum over the last hour, or None where there is no datapoint."""
    now = datetime.now(UTC)
    points = client(server.url, "cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in (dimensions or {}).items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum", "SampleCount", "Minimum", "Maximum"],
    )["Datapoints"]
    if not points:
        return None
    return {
        "Sum": sum(point["Sum"] for point in points),
        "SampleCount": sum(point["SampleCount"] for point in points),
        "Minimum": min(point["Minimum"] for point in points),
        "Maximum": max(point["Maximum"] for point in points),
        "Units": {point["Unit"] for point in points},
    }

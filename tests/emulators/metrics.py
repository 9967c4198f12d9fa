"""What was published to an emulator's CloudWatch, read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aws import client
from server import Server

NAMESPACE = "Gateprobe"
Dimensions = Mapping[str, str]


@dataclass(frozen=True)
class Figures:
    """One series over the last hour."""

    sum: float
    count: float
    minimum: float
    maximum: float
    units: frozenset[str]


def series(server: Server) -> list[tuple[str, Dimensions]]:
    """(name, dimensions) of everything published."""
    pages = client(server.url, "cloudwatch").get_paginator("list_metrics").paginate(Namespace=NAMESPACE)
    return [
        (metric["MetricName"], {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions", [])})
        for page in pages
        for metric in page["Metrics"]
    ]


def published(server: Server) -> set[tuple[str, frozenset[str]]]:
    """(name, names of its dimensions) of every series."""
    return {(name, frozenset(dimensions)) for name, dimensions in series(server)}


def statistics(server: Server, name: str, dimensions: Dimensions | None = None) -> Figures | None:
    """One series, or None where nothing was published under exactly these dimensions.

    MiniStack takes "no dimensions" for "any dimensions", so the others are subtracted; minimum and maximum are then those of all together.
    """
    dimensions = dimensions or {}
    found = [other for metric, other in series(server) if metric == name]
    if dimensions not in found:
        return None
    figures = _read(server, name, dimensions)
    if dimensions:
        return figures
    others = [_read(server, name, other) for other in found if other]
    return Figures(
        figures.sum - sum(other.sum for other in others),
        figures.count - sum(other.count for other in others),
        figures.minimum,
        figures.maximum,
        figures.units,
    )


def _read(server: Server, name: str, dimensions: Dimensions) -> Figures:
    now = datetime.now(UTC)
    points = client(server.url, "cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum", "SampleCount", "Minimum", "Maximum"],
    )["Datapoints"]
    assert points, f"{name} {dimensions} is listed and has no datapoint"
    return Figures(
        sum(point["Sum"] for point in points),
        sum(point["SampleCount"] for point in points),
        min(point["Minimum"] for point in points),
        max(point["Maximum"] for point in points),
        frozenset(point["Unit"] for point in points),
    )

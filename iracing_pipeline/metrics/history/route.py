"""Which samples go which way, by their age."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iracing_pipeline.metrics.history.answer import Refusal
from iracing_pipeline.metrics.history.blocks import MIN_AGE_MS, Blocks
from iracing_pipeline.metrics.history.delivery import Delivery, Destination
from iracing_pipeline.metrics.history.remote_write import Allowance, RemoteWrite

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.metrics.history.series import SessionSeries
    from iracing_pipeline.settings import MetricSettings

LOCAL, CLOUD = "prometheus", "cloud"

CLOUD_WINDOW_MS = 2 * 3_600_000
"""Grafana Cloud takes samples out of order for two hours back."""
CLOUD_PERIOD_MS = 1000
CLOUD_ALLOWANCE = Allowance(per_second=10_000, burst=200_000)
"""Limits of Grafana Cloud: samples a second, and at once."""


@dataclass(frozen=True, slots=True)
class LocalPrometheus:
    """A Prometheus of one's own: young samples by remote write, old ones as blocks.

    Attributes:
        young: Destination of young samples; None if the server takes no remote write. Then they
            wait until they are old.
        old: Where old samples go; None where its data folder is out of reach. Then they are
            offered to ``young``, and what the server does not take is counted as refused.
        clock: Seconds since 1970.
    """

    young: Destination | None
    old: Destination | None
    clock: Callable[[], float] = field(default=time.time)

    def send(self, series: SessionSeries) -> Delivery:
        """Send each sample the way that takes its age; see :class:`Destination`."""
        if self.old is None or self.young is None:
            only = self.old or self.young
            return only.send(series) if only else Delivery()
        edge = int(series.times.searchsorted(int(self.clock() * 1000) - MIN_AGE_MS))
        delivery = Delivery()
        # Each by itself: that one way is closed does not keep samples from the other.
        if edge:
            delivery.add(self.old.send(series.part(0, edge)))
        if edge < len(series.times):
            delivery.add(self.young.send(series.part(edge, len(series.times))))
        return delivery


@dataclass(frozen=True, slots=True)
class HostedPrometheus:
    """A hosted Prometheus: recent samples alone, one a second.

    Attributes:
        writer: Destination.
        clock: Seconds since 1970.
    """

    writer: Destination
    clock: Callable[[], float] = field(default=time.time)

    def send(self, series: SessionSeries) -> Delivery:
        """Send what is young enough; see :class:`Destination`."""
        thin = series.every(CLOUD_PERIOD_MS)
        edge = int(thin.times.searchsorted(int(self.clock() * 1000) - CLOUD_WINDOW_MS))
        delivery = Delivery()
        if old := thin.part(0, edge).samples:
            delivery.refused[Refusal.TOO_OLD] += old
        delivery.add(self.writer.send(thin.part(edge, len(thin.times))))
        return delivery


def place_names(settings: MetricSettings) -> list[str]:
    """Names of the destinations in the settings."""
    local = settings.prometheus_url or settings.prometheus_data
    return [name for name, there in ((LOCAL, local), (CLOUD, settings.cloud_url)) if there]


def destinations(settings: MetricSettings) -> dict[str, Destination]:
    """Destinations in the settings, by name; empty without any."""
    configured: dict[str, Destination] = {}
    names = place_names(settings)
    if LOCAL in names:
        configured[LOCAL] = LocalPrometheus(
            RemoteWrite(f"{settings.prometheus_url}/api/v1/write")
            if settings.prometheus_url
            else None,
            Blocks(settings.prometheus_data, promtool=settings.promtool)
            if settings.prometheus_data
            else None,
        )
    if CLOUD in names:
        configured[CLOUD] = HostedPrometheus(cloud_writer(settings))
    return configured


def cloud_writer(settings: MetricSettings) -> RemoteWrite:
    """The hosted Prometheus of the settings, within what it takes.

    Raises:
        ValueError: If the settings name none.
    """
    if not settings.cloud_url:
        raise ValueError("IRACING_CLOUD_PUSH_URL is not set")
    auth = (settings.cloud_user or "", settings.cloud_token) if settings.cloud_token else None
    return RemoteWrite(settings.cloud_url, auth=auth, batch=10_000, allowance=CLOUD_ALLOWANCE)

"""A reading of the running simulator as gauges.

Cardinality: some 70 series, and one for each car and track that is driven.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from iracing_pipeline.metrics.families import gauge
from iracing_pipeline.metrics.live.channels import CHANNELS, FLAGS, LiveGauge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.core import Metric

    from iracing_pipeline.metrics.live.simulator import Reading

LIVE = "live"


def families(reading: Reading | None) -> Iterator[Metric]:
    """The gauges of a reading; without one, only that there is none."""
    yield gauge(
        f"{LIVE}_connected", "Whether the simulator runs.", rows=[((), reading is not None)]
    )
    if reading is None:
        return
    yield gauge(
        f"{LIVE}_reading_timestamp_seconds",
        "When the simulator was last read.",
        rows=[((), reading.at)],
    )
    yield gauge(
        f"{LIVE}_car_info",
        "The car and the track.",
        ("car", "track"),
        [((reading.car, reading.track), 1)],
    )
    for metric, group in groupby(CHANNELS, key=lambda each: each.metric):
        channels = list(group)
        names = (channels[0].label[0],) if channels[0].label else ()
        yield gauge(
            f"{LIVE}_{metric}",
            channels[0].help,
            names,
            (
                ((each.label[1],) if each.label else (), value(each, reading.values))
                for each in channels
            ),
        )
    yield gauge(
        f"{LIVE}_fuel_per_lap_liters",
        "Fuel that a lap takes: the median of the last five whole laps.",
        rows=[((), reading.fuel_per_lap)],
    )
    yield gauge(
        f"{LIVE}_fuel_left_laps", "Laps that the fuel lasts.", rows=[((), reading.laps_of_fuel)]
    )
    if (bits := reading.values.get("SessionFlags")) is not None:
        yield gauge(
            f"{LIVE}_flag",
            "Whether a flag is shown.",
            ("flag",),
            [((name,), bool(int(bits) & bit)) for name, bit in FLAGS.items()],
        )


def value(channel: LiveGauge, values: Mapping[str, float]) -> float | None:
    """The value of a gauge; None where iRacing gives none, or says so by a placeholder."""
    found = values.get(channel.channel)
    if found is None or not channel.least <= found <= channel.most:
        return None
    if channel.valid is not None and not values.get(channel.valid):
        return None
    return found * channel.factor

"""A reading of the running simulator as gauges.

Cardinality: some 70 series, one for each car and track that is driven, and 14 for each car of the
session (64 at most, by its number).
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from iracing_pipeline.metrics.families import gauge
from iracing_pipeline.metrics.live.channels import CHANNELS, FLAGS, value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from iracing_pipeline.metrics.live.field import Car
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
    yield from _race(reading)
    yield from _cars(reading)
    if (bits := reading.values.get("SessionFlags")) is not None:
        yield gauge(
            f"{LIVE}_flag",
            "Whether a flag is shown.",
            ("flag",),
            [((name,), bool(int(bits) & bit)) for name, bit in FLAGS.items()],
        )


_OF_A_CAR: tuple[tuple[str, str, Callable[[Car], float | None]], ...] = (
    ("position", "Position in the race.", lambda car: car.position),
    ("class_position", "Position in class.", lambda car: car.class_position),
    ("completed_laps", "Laps completed.", lambda car: car.laps),
    ("laps_down", "Laps behind the leader of its class.", lambda car: car.laps_down),
    ("last_lap_seconds", "The last lap.", lambda car: car.last_lap_s),
    ("best_lap_seconds", "The best lap.", lambda car: car.best_lap_s),
    (
        "median_lap_seconds",
        "Median of the last five laps without pit road.",
        lambda car: car.median_lap_s,
    ),
    ("stint_laps", "Laps completed since the pits.", lambda car: car.stint_laps),
    ("on_pit_road", "Whether it is on pit road.", lambda car: car.on_pit_road),
    ("ahead_seconds", "Time ahead of the own car in the race.", lambda car: car.ahead_s),
    (
        "track_ahead_seconds",
        "Time ahead of the own car on the track, whatever the lap.",
        lambda car: car.track_ahead_s,
    ),
    (
        "closing_seconds",
        "What the gap to the own car shrank by over the own last lap.",
        lambda car: car.closing_s,
    ),
    ("incident_points", "Incident points of all its drivers.", lambda car: car.entry.incidents),
)


def _race(reading: Reading) -> Iterator[Metric]:
    """What the race asks for; what is not known is left out."""
    left, fuel = reading.laps_left, reading.laps_of_fuel
    yield gauge(
        f"{LIVE}_laps_left",
        "Laps that the own car still has to drive, the present one included.",
        rows=[((), left)],
    )
    yield gauge(
        f"{LIVE}_fuel_spare_laps",
        "Laps that the fuel lasts minus laps left; below zero it does not last.",
        rows=[((), None if left is None or fuel is None else fuel - left)],
    )
    yield gauge(
        f"{LIVE}_irating_change",
        "What the race would change in the iRating if it ended in this order.",
        rows=[((), reading.irating_change)],
    )
    yield gauge(
        f"{LIVE}_incident_limit_points",
        "Incident points at which the session disqualifies.",
        rows=[((), reading.incident_limit)],
    )
    yield gauge(
        f"{LIVE}_session_state",
        "State of the session: 3 parade laps, 4 racing, 5 chequered flag, 6 cooldown.",
        rows=[((), reading.values.get("SessionState"))],
    )


def _cars(reading: Reading) -> Iterator[Metric]:
    """The field, by number of the car."""
    yield gauge(
        f"{LIVE}_car_entry",
        "A car of the session: 1 for the own one, 0 for another.",
        ("car", "class"),
        [((car.entry.number, car.entry.car_class), car.entry.own) for car in reading.cars],
    )
    for name, text, of in _OF_A_CAR:
        yield gauge(
            f"{LIVE}_car_{name}",
            text,
            ("car",),
            [((car.entry.number,), of(car)) for car in reading.cars],
        )

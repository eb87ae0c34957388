"""A reading of the running simulator as gauges.

Cardinality: some 130 series, one for each car and track that is driven, and 14 for each car of the
session (64 at most, by its number).
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from iracing_pipeline.analysis.pit_wall import Advice
from iracing_pipeline.metrics.families import counter, gauge
from iracing_pipeline.metrics.live.channels import CHANNELS, FLAGS, value
from iracing_pipeline.metrics.live.decisions import NO_RACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from iracing_pipeline.metrics.live.decisions import Decisions
    from iracing_pipeline.metrics.live.field import Car
    from iracing_pipeline.metrics.live.simulator import Reading

LIVE = "live"


def families(reading: Reading | None, decisions: Decisions = NO_RACE) -> Iterator[Metric]:
    """The gauges of a reading; without one, only that there is none."""
    yield gauge(
        f"{LIVE}_connected", "Whether the simulator runs.", rows=[((), reading is not None)]
    )
    if reading is None:
        return
    yield counter(
        f"{LIVE}_torn_reads",
        "Copies of the memory that were thrown away, as iRacing wrote to it meanwhile.",
        rows=[((), reading.torn)],
    )
    yield gauge(
        f"{LIVE}_reading_timestamp_seconds",
        "When the simulator was last read.",
        rows=[((), reading.at)],
    )
    yield gauge(
        f"{LIVE}_car_info",
        "The car and the track.",
        ("car", "track"),
        [((reading.about.car, reading.about.track), 1)],
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
    yield from _decided(decisions)
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
    """The session's state and limits."""
    yield gauge(
        f"{LIVE}_incident_limit_points",
        "Incident points at which the session disqualifies.",
        rows=[((), reading.about.incident_limit)],
    )
    yield gauge(
        f"{LIVE}_session_state",
        "State of the session: 3 parade laps, 4 racing, 5 chequered flag, 6 cooldown.",
        rows=[((), reading.values.get("SessionState"))],
    )


_DECIDED: tuple[tuple[str, str, str], ...] = (
    (
        "laps_left",
        "",
        "Laps that the own car still has to drive, the present one included, at the line.",
    ),
    ("fuel_to_flag", "liters", "Fuel that the rest of the race burns."),
    ("fuel_spare", "liters", "Fuel left at the flag without another stop; below zero it is short."),
    ("fuel_spare", "laps", "Laps that the fuel lasts beyond the flag; below zero it is short."),
    ("fuel_use", "liters_per_lap", "What a lap burns, by earlier sessions and this race."),
    ("saving", "liters_per_lap", "What each lap has to burn less to finish without another stop."),
    ("stops_left", "", "Stops that are left."),
    ("window_opens", "laps", "Laps to complete before a stop can be made."),
    ("window_closes", "laps", "Laps after which it is too late for the next stop."),
    ("stop_add", "liters", "Fuel to take at the next stop."),
    (
        "place_after_stop",
        "",
        "Place in class at the end of the out lap, for a stop now while the others stay out.",
    ),
    ("finish_class_position", "", "Expected place in class at the flag."),
    ("irating_change", "", "What the race would change in the iRating if it ended in this order."),
    ("irating_change_at_flag", "", "Expected change of the iRating at the flag."),
    ("fade", "seconds_per_lap", "What each lap of a stint adds to the next, in this race."),
    ("expected_fade", "seconds_per_lap", "The same by earlier sessions."),
    ("points_to_penalty", "", "Incident points left to the next penalty."),
    ("points_to_disqualification", "", "Incident points left to disqualification."),
)
"""Decisions: name, unit, meaning. One with an interval has two gauges more."""


def _decided(decisions: Decisions) -> Iterator[Metric]:
    """The decisions of a race; what is not known is left out, and says why."""
    for name, unit, text in _DECIDED:
        found = decisions.figures.get("_".join(filter(None, (name, unit))))
        if found is None:
            continue
        ending = f"_{unit}" if unit else ""
        yield gauge(f"{LIVE}_{name}{ending}", text, rows=[((), found.value)])
        for end, bound in (("low", found.low), ("high", found.high)):
            if bound is not None:
                yield gauge(
                    f"{LIVE}_{name}_{end}{ending}",
                    f"{end.capitalize()} end of the interval of {name}.",
                    rows=[((), bound)],
                )
    yield gauge(
        f"{LIVE}_decision_since_timestamp_seconds",
        "Since when a decision is known.",
        ("decision",),
        [((each.name,), each.since) for each in decisions.figures.values()],
    )
    yield gauge(
        f"{LIVE}_pit_window",
        "State of the pit window, and why it is so.",
        ("state", "why"),
        [((decisions.pit.window.value, decisions.pit.why.value), 1)],
    )
    yield gauge(
        f"{LIVE}_advice",
        "The one thing to do or to know now: 1 for that, 0 for the others.",
        ("advice",),
        [((each.value,), each is decisions.advice) for each in Advice],
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

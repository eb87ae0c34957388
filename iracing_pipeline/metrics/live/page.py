"""The page of the pit wall, and its data for each reading."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from iracing_pipeline.metrics.live.channels import CHANNELS, value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.metrics.live.chart import CarChart
    from iracing_pipeline.metrics.live.decisions import Decisions
    from iracing_pipeline.metrics.live.field import Car, FieldWatch
    from iracing_pipeline.metrics.live.fuel import FuelWatch
    from iracing_pipeline.metrics.live.simulator import Reading

_REMAINING = next(each for each in CHANNELS if each.channel == "SessionTimeRemain")
_LAPS = 12
_CARS = 6
_NEAR_S = 60.0


@cache
def document() -> bytes:
    """The page, one file."""
    return resources.files(__package__).joinpath("wall.html").read_bytes()


@cache
def policy() -> str:
    """The content security policy of the page: its own script and style, and its own server."""
    html = document().decode()
    script, style = (_hash(_inside(html, name)) for name in ("script", "style"))
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; connect-src 'self';"
        " img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def event(
    reading: Reading | None,
    decisions: Decisions,
    *,
    fuel: FuelWatch,
    watch: FieldWatch,
    units: str = "metric",
) -> bytes:
    """A reading as the page takes it: one server-sent event."""
    shown: dict[str, Any] = {"connected": reading is not None, "units": units}
    if reading is not None:
        values = reading.values
        own = reading.own
        shown |= {
            "at": reading.at,
            "race": reading.race,
            "state": int(values.get("SessionState", 0)),
            "car": reading.about.car,
            "track": reading.about.track,
            "remaining": value(_REMAINING, values),
            "fuel": _rounded(values.get("FuelLevel"), 2),
            "rain": _rounded(values.get("Precipitation"), 3),
            "wet": values.get("TrackWetness"),
            "advice": decisions.advice.value,
            "fuelWhy": None if decisions.fuel.why is None else decisions.fuel.why.value,
            "window": {
                "state": decisions.pit.window.value,
                "why": decisions.pit.why.value,
            },
            "decisions": {
                each.name: [
                    *(_rounded(part, 3) for part in (each.value, each.low, each.high)),
                    each.since,
                ]
                for each in decisions.figures.values()
                if each.value is not None
            },
            "classes": len({car.entry.class_id for car in reading.cars}),
            "cars": [_car(car) for car in reading.cars],
            "gaps": _gaps(reading, watch),
            "laps": [] if own is None else _laps(watch.charts.get(own.entry.index), fuel),
        }
    text = json.dumps(shown, separators=(",", ":"), allow_nan=False)
    return f"data: {text}\n\n".encode()


def _car(car: Car) -> dict[str, Any]:
    return {
        "n": car.entry.number,
        "cls": car.entry.car_class,
        "own": car.entry.own,
        "p": car.position,
        "cp": car.class_position,
        "down": car.laps_down,
        "last": _rounded(car.last_lap_s, 3),
        "median": _rounded(car.median_lap_s, 3),
        "stint": car.stint_laps,
        "pit": car.on_pit_road,
        "here": car.in_world,
        "ahead": _rounded(car.ahead_s, 2),
        "closing": _rounded(car.closing_s, 2),
        "inc": car.entry.incidents,
    }


def _gaps(reading: Reading, watch: FieldWatch) -> dict[str, Any]:
    """Gaps at the last lines of the own car, of the cars that are nearest now."""
    history = list(watch.gaps)[-_LAPS:]
    near = sorted(
        (car for car in reading.cars if car.ahead_s is not None and abs(car.ahead_s) < _NEAR_S),
        key=lambda car: abs(car.ahead_s or 0.0),
    )[:_CARS]
    return {
        "laps": [lap for lap, _ in history],
        "cars": {
            car.entry.number: [_rounded(gaps.get(car.entry.index), 2) for _, gaps in history]
            for car in near
        },
    }


def _laps(chart: CarChart | None, fuel: FuelWatch) -> list[list[float | None]]:
    """The last laps of the own car: number, seconds, litres."""
    burnt = {each.lap: each.used_l for each in fuel.laps[-_LAPS:]}
    times: Mapping[int, float] = {}
    if chart is not None:
        last = chart.crossings[-_LAPS - 1 :]
        times = {
            after.lap: after.session_time_s - before.session_time_s
            for before, after in pairwise(last)
            if after.lap == before.lap + 1
        }
    return [
        [lap, _rounded(times.get(lap), 3), _rounded(burnt.get(lap), 3)]
        for lap in sorted(times.keys() | burnt.keys())
    ]


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(float(number), digits)


def _inside(html: str, name: str) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", html, re.DOTALL)
    assert found is not None  # noqa: S101 - of our own file
    return found[1]


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

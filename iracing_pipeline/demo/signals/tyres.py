"""Tyres: surface temperatures and pressures all the time, carcass and tread only when measured."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.demo.car import GRAVITY
from iracing_pipeline.demo.channels import WHEELS
from iracing_pipeline.demo.records import TICK_RATE
from iracing_pipeline.demo.signals.scene import smooth

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Floats, Ints
    from iracing_pipeline.demo.signals.scene import Columns, Scene

_SURFACE_S = 7.0  # time in which a surface warms or cools
_CARCASS_S = 75.0
_TRACK_M = 1.62  # between left and right wheels
_THIRDS = "LMR"


@dataclass(frozen=True, slots=True)
class _Fitted:
    """Records that are driven on one set of tyres: [first, last)."""

    first: int
    last: int


def tyres(scene: Scene) -> Columns:
    """Fill the tyres group."""
    car, records = scene.drive.car, scene.records
    sets = _sets(records.tyre_set)
    shown_from = _measurements(scene)
    columns: Columns = {}
    for index, wheel in enumerate(WHEELS):
        left, front = wheel[0] == "L", wheel[1] == "F"
        side = -1.0 if left else 1.0  # a bend to the left loads the right side
        work = _work(scene, side, front=front)
        surface = _surface(scene, work, sets)
        carcass = _carcass(scene, surface, sets)
        warm = (carcass - scene.event.weather.air_c) / (car.tyre.working_c - 25.0)
        cold = car.tyre.cold_kpa[index]
        columns[f"{wheel}speed"] = np.maximum(
            records.speed * (1.0 + side * 0.5 * _TRACK_M * scene.curvature), 0.0
        )
        columns[f"{wheel}pressure"] = cold + car.tyre.hot_rise_kpa * warm
        columns[f"{wheel}coldPressure"] = cold
        columns[f"{wheel}odometer"] = records.tyre_m
        for third, name in enumerate(_THIRDS):
            inner = third == (2 if left else 0)
            spread = 1.06 if inner else (1.0 if third == 1 else 0.95)
            heat = scene.event.weather.track_c + (surface - scene.event.weather.track_c) * spread
            columns[f"{wheel}temp{name}"] = heat + 0.05 * scene.noise(f"{wheel}temp{name}")
            wear_rate = car.tyre.wear_per_km * (1.25 if inner else 1.0) * _wheel_share(scene, wheel)
            tread = 1.0 - wear_rate * records.tyre_m / 1000.0
            columns[f"{wheel}tempC{name}"] = (carcass * spread)[shown_from]
            columns[f"{wheel}wear{name}"] = tread[shown_from]
    return columns


def _wheel_share(scene: Scene, wheel: str) -> float:
    """How much of the wear a wheel takes: the outer ones of the circuit's turning take more."""
    turning = np.sign(scene.drive.circuit.heading[-1] - scene.drive.circuit.heading[0])
    outer = (wheel[0] == "R") == (turning > 0)
    return (1.2 if outer else 0.8) * (1.05 if wheel[1] == "F" else 0.95)


def _sets(tyre_set: Ints) -> list[_Fitted]:
    edges = [0, *(np.flatnonzero(np.diff(tyre_set)) + 1), len(tyre_set)]
    return [_Fitted(int(a), int(b)) for a, b in pairwise(edges)]


def _work(scene: Scene, side: float, *, front: bool) -> Floats:
    """Work of a tyre, about 1 in a fast corner."""
    records = scene.records
    limit = max(scene.drive.car.grip * GRAVITY, float(np.quantile(np.abs(scene.pull), 0.97)))
    lateral = np.abs(scene.pull) * (0.75 + 0.45 * np.sign(scene.pull * side))
    braking = np.maximum(-records.acceleration, 0.0) * (0.9 if front else 0.5)
    driving = np.maximum(records.acceleration, 0.0) * (0.1 if front else 0.8)
    return (np.hypot(lateral, braking + driving) / limit) + 0.0035 * records.speed


def _surface(scene: Scene, work: Floats, sets: list[_Fitted]) -> Floats:
    weather, tyre = scene.event.weather, scene.drive.car.tyre
    target = weather.track_c + (tyre.working_c - weather.track_c) * work
    surface = np.empty(len(work))
    for fitted in sets:
        part = target[fitted.first : fitted.last].copy()
        part[:1] = weather.track_c + 12.0
        surface[fitted.first : fitted.last] = smooth(part, _SURFACE_S * TICK_RATE)
    return surface


def _carcass(scene: Scene, surface: Floats, sets: list[_Fitted]) -> Floats:
    carcass = np.empty(len(surface))
    for fitted in sets:
        part = surface[fitted.first : fitted.last].copy()
        part[:1] = scene.event.weather.air_c + 22.0
        carcass[fitted.first : fitted.last] = smooth(part, _CARCASS_S * TICK_RATE)
    return carcass


def _measurements(scene: Scene) -> Ints:
    """For each record, the record at which the carcass and tread that it shows were measured.

    The crew measures when the car is put down, when it stops in its stall, and when it leaves on
    another set; nothing changes in between.
    """
    records = scene.records
    measured = np.zeros(len(records), dtype=bool)
    measured[0] = True
    measured |= records.glitch
    measured[1:] |= np.diff(records.tyre_set) != 0
    measured[1:] |= records.in_stall[1:] & ~records.in_stall[:-1] & ~records.glitch[:-1]
    index: Any = np.where(measured, np.arange(len(records)), 0)
    return np.maximum.accumulate(index)

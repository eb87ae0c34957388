"""Lap counting, the place on the circuit and the pits, as iRacing reports them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.car import FUEL_DENSITY
from iracing_pipeline.demo.records import TICK_RATE

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Bools, Floats
    from iracing_pipeline.demo.signals.scene import Columns, Scene

_OFF_TRACK, _IN_STALL, _NEAR_PITS, _ON_TRACK = 0, 1, 2, 3
_ASPHALT, _RUMBLE, _GRASS = 1, 11, 15
_SERVICE_IN_PROGRESS, _SERVICE_COMPLETE = 1, 2
_FOUR_TYRES, _FILL = 0x0F, 0x10
_TOW_RECORDS = 120


def lap(scene: Scene) -> Columns:
    """Fill the lap group."""
    return {
        "Lap": scene.clock.lap,
        "LapCompleted": scene.clock.lap - 1,
        "LapDist": scene.metres,
        "LapDistPct": scene.metres / scene.drive.circuit.length_m,
        "LapBestLap": scene.clock.best_lap,
        "LapBestLapTime": scene.clock.best,
        "LapLastLapTime": scene.clock.last,
        "LapCurrentLapTime": scene.clock.current,
    }


def place(scene: Scene) -> Columns:
    """Fill the place group."""
    records, plan = scene.records, scene.drive.plan
    off = records.off_track
    half = scene.drive.circuit.width_m / 2
    kerb = (np.abs(scene.side) > half - 1.4) & ~records.on_pit_road
    surface = np.full(len(records), _ON_TRACK)
    surface[records.near_pits] = _NEAR_PITS
    surface[records.in_stall] = _IN_STALL
    surface[off] = _OFF_TRACK
    served = records.in_stall & ~_waiting(scene)
    planned = bool(plan.stops)
    fuel_l = plan.stops[0].fuel_l if planned else 0.0
    return {
        "OnPitRoad": records.on_pit_road,
        "PlayerTrackSurface": surface,
        "PlayerTrackSurfaceMaterial": np.where(off, _GRASS, np.where(kerb, _RUMBLE, _ASPHALT)),
        "PlayerCarInPitStall": records.in_stall,
        "PlayerCarTowTime": _tow_time(scene),
        "PlayerCarPitSvStatus": np.where(served, _SERVICE_IN_PROGRESS, 0),
        "PitstopActive": served,
        "PitsOpen": True,
        "PitRepairLeft": 0.0,
        "PitOptRepairLeft": 0.0,
        "PitSvFlags": (_FOUR_TYRES | _FILL) if planned else 0,
        "PitSvFuel": fuel_l,
        "TireSetsUsed": records.tyre_set + 1,
        "dpFuelFill": float(planned),
        "dpFuelAddKg": fuel_l * FUEL_DENSITY,
        "dpTireChange": float(planned),
    }


def _tow_time(scene: Scene) -> Floats:
    """Seconds of a tow that are left, shown from some records after the arrival on."""
    left = np.zeros(len(scene.records))
    for index, reset in enumerate(scene.drive.plan.resets):
        if reset.tow:
            arrived = int(np.searchsorted(scene.records.leg, index + 1)) + 1 + reset.tow_late
            shown = np.arange(max(arrived, 0), min(arrived + _TOW_RECORDS, len(left)))
            left[shown] = (arrived + _TOW_RECORDS - shown) / TICK_RATE
    return left


def _waiting(scene: Scene) -> Bools:
    """Standing in the stall without service: after being put down, and at the end."""
    waiting = np.zeros(len(scene.records), dtype=bool)
    for index, leg in enumerate(scene.drive.legs):
        for halt in leg.halts:
            if halt.in_stall and not halt.stop:
                here = (scene.records.leg == index) & (scene.records.node == leg.first + halt.node)
                waiting |= here
    return waiting

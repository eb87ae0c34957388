"""Engine, gearbox and fuel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.car import FUEL_DENSITY
from iracing_pipeline.demo.records import TICK_RATE
from iracing_pipeline.demo.signals.controls import pedals
from iracing_pipeline.demo.signals.scene import smooth

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Floats, Ints
    from iracing_pipeline.demo.signals.scene import Columns, Scene

_LATE_DOWNSHIFT = 0.80  # of the speed at which the gear is changed up
_START_S = 0.9
_WARNINGS = {"fuel": 0x02, "oil": 0x04, "stalled": 0x08, "limiter": 0x10, "revs": 0x20}


def engine(scene: Scene) -> Columns:
    """Fill the engine group."""
    car, records = scene.drive.car, scene.records
    throttle = smooth(pedals(scene)[0], 2.5)
    gear = gears(scene)
    rpm = _rpm(scene, gear, throttle)
    off = rpm < car.engine.idle_rpm * 0.6
    warnings = (
        np.where(off, _WARNINGS["oil"] | _WARNINGS["stalled"], 0)
        | np.where(records.on_pit_road & ~records.standing, _WARNINGS["limiter"], 0)
        | np.where(rpm > car.engine.red_line_rpm - 60.0, _WARNINGS["revs"], 0)
    )
    load = smooth(throttle * rpm / car.engine.red_line_rpm, 60.0 * 40)
    return {
        "Gear": gear,
        "RPM": rpm,
        "Engine0_RPM": rpm,
        "ShiftIndicatorPct": np.clip((rpm - 0.86 * car.engine.shift_rpm) / 900.0, 0.0, 1.0),
        "ShiftPowerPct": 0.0,
        "ShiftGrindRPM": 0.0,
        "EngineWarnings": warnings,
        "FuelLevel": records.fuel_l,
        "FuelLevelPct": records.fuel_l / car.tank_l,
        "FuelUsePerHour": _fuel_flow(scene),
        "FuelPress": 4.1 if car.has_abs else 0.24,
        "OilTemp": 82.0 + 30.0 * load,
        "OilPress": np.where(off, 0.0, 1.4 + 3.6 * rpm / car.engine.red_line_rpm),
        "OilLevel": 8.5 if car.mass_kg > 1000 else 3.79,
        "WaterTemp": 77.0 + 14.0 * load + 0.05 * smooth(scene.noise("water"), 90.0),
        "WaterLevel": 13.0 if car.mass_kg > 1000 else 6.72,
        "ManifoldPress": 0.27 + 0.72 * throttle,
        "Voltage": 13.7,
    }


def gears(scene: Scene) -> Ints:
    """Gear in each record: up at the shift point, down well below it, so that it does not hunt."""
    car, records = scene.drive.car, scene.records
    gear = np.ones(len(records), dtype=np.int64)
    order = np.arange(len(records))
    for ratio in car.engine.rpm_per_mps[:-1]:
        up = car.engine.shift_rpm / ratio
        above, below = records.speed > up, records.speed < _LATE_DOWNSHIFT * up
        decided = np.maximum.accumulate(np.where(above | below, order, 0))
        gear += above[decided]
    return np.where(records.standing, 0, gear)


def _rpm(scene: Scene, gear: Ints, throttle: Floats) -> Floats:
    car, records = scene.drive.car, scene.records
    ratios = np.array([0.0, *car.engine.rpm_per_mps])
    slip = np.where(gear == 1, 0.55 * car.engine.red_line_rpm * throttle, 0.0)
    rpm = np.maximum(records.speed * ratios[gear], np.maximum(slip, car.engine.idle_rpm))
    rpm = np.minimum(rpm, car.engine.red_line_rpm)
    rpm = smooth(rpm, 1.2) + 3.0 * scene.noise("rpm")
    for put_down in np.flatnonzero(records.glitch):
        rpm[put_down : put_down + round(_START_S * TICK_RATE)] = 300.0
    return rpm


def _fuel_flow(scene: Scene) -> Floats:
    """Kilograms an hour, from what the level loses."""
    records = scene.records
    seconds = np.maximum(np.gradient(records.shown), 1e-3)
    flow = -np.gradient(records.fuel_l) / seconds * FUEL_DENSITY * 3600.0
    idle = scene.drive.car.engine.idle_kg_per_s * 3600.0
    flow = np.where(records.standing | records.glitch, idle, np.maximum(flow, 0.0))
    return smooth(flow, 3.0)

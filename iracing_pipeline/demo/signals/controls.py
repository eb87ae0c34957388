"""Inputs of the driver: pedals, steering, and the steering torque."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.car import FUEL_DENSITY, GRAVITY
from iracing_pipeline.demo.channels import WHEELS
from iracing_pipeline.demo.signals.scene import smooth

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Floats
    from iracing_pipeline.demo.signals.scene import Columns, Scene

_MAX_TORQUE_NM = 28.333334
_FULL_LOCK_RAD = 7.8539815


def pedals(scene: Scene) -> tuple[Floats, Floats]:
    """Throttle and brake, 0 to 1, that the motion takes."""
    car, records = scene.drive.car, scene.records
    mass = car.mass_kg + records.fuel_l * FUEL_DENSITY
    force = (
        mass * (records.acceleration + GRAVITY * (scene.grade + car.rolling))
        + car.drag * records.speed**2
    )
    drive = car.engine.power_w / np.maximum(records.speed, 6.0)
    throttle = np.clip(force / drive, 0.0, 1.0)
    grip = car.braking * car.grip * (mass * GRAVITY + car.downforce * records.speed**2)
    brake = np.clip(-force / grip, 0.0, 1.0)
    throttle[records.standing] = 0.0
    brake[records.standing] = np.where(records.spin[records.standing] > 0, 0.8, 1.0)
    brake[scene.spinning > 0] = 1.0
    return throttle, brake


def controls(scene: Scene) -> Columns:
    """Fill the controls group."""
    car, records = scene.drive.car, scene.records
    throttle_raw, brake_raw = pedals(scene)
    throttle, brake = smooth(throttle_raw, 2.5), smooth(brake_raw, 2.0)
    clutch = np.where(records.standing, 0.0, np.clip(records.speed / 4.0, 0.0, 1.0))
    abs_works = car.has_abs & (brake > 0.82) & (records.speed > 8.0)
    torque = _torque(scene)
    now = torque[:, -1]
    columns: Columns = {
        "SteeringWheelAngle": _steering(scene),
        "SteeringWheelAngleMax": 2 * _FULL_LOCK_RAD,
        "Throttle": throttle,
        "Brake": brake,
        "Clutch": clutch,
        "ThrottleRaw": np.round(throttle_raw, 3),
        "BrakeRaw": np.round(brake_raw, 3),
        "ClutchRaw": 1.0,
        "BrakeABSactive": abs_works,
        "BrakeABScutPct": np.where(abs_works, 0.88, 1.0),
        "SteeringWheelTorque": now,
        "SteeringWheelTorque_ST": torque,
        "SteeringWheelPctTorque": np.minimum(np.abs(now) / _MAX_TORQUE_NM, 1.0),
        "SteeringWheelPctTorqueSign": np.clip(now / _MAX_TORQUE_NM, -1.0, 1.0),
        "SteeringWheelPctTorqueSignStops": np.clip(now / _MAX_TORQUE_NM, -1.0, 1.0),
        "SteeringWheelPctDamper": 0.0,
        "dcBrakeBias": car.brake_bias_pct,
        "dcStarter": False,
        "dcPitSpeedLimiterToggle": records.on_pit_road,
        "dcTractionControl": 4.0,
        "dcABS": 6.0,
    }
    for wheel in WHEELS:
        share = 1.0 if wheel.endswith("F") else 100.0 / car.brake_bias_pct - 1.0
        columns[f"{wheel}brakeLinePress"] = car.brake_line_bar * share * brake
    return columns


def _steering(scene: Scene) -> Floats:
    """Steering wheel angle: the road's, what the car understeers, and a steady hand's unrest."""
    car, records = scene.drive.car, scene.records
    wheels = car.wheelbase_m * scene.curvature + 0.0011 * scene.pull
    unrest = smooth(scene.noise("hands"), 6.0) * 0.035
    counter = -0.9 * np.sin(records.spin) * scene.spinning
    return car.steering_ratio * (wheels + counter * 0.35) + unrest * (records.speed > 1.0)


def _torque(scene: Scene) -> Floats:
    """Steering torque at 360 Hz: six samples a record, the last of them at its time."""
    pull = smooth(scene.lat_accel, 2.0)
    scale = 1.3 if scene.drive.car.mass_kg > 1000 else 2.2
    steady = -scale * pull * (1.0 - 0.18 * np.minimum(np.abs(pull) / 18.0, 1.0))
    before = np.concatenate([steady[:1], steady[:-1]])
    part = np.arange(1, 7) / 6.0
    ripple = 0.025 * np.minimum(scene.records.speed, 60.0)[:, None]
    kick = 9.0 * scene.jolt[:, None]
    noise = scene.noise("torque", len(steady), 6)
    torque: Floats = before[:, None] + (steady - before)[:, None] * part + (ripple + kick) * noise
    return torque

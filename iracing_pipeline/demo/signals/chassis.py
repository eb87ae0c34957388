"""Ride heights and shocks: load transfer, downforce, and the road's roughness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.channels import WHEELS
from iracing_pipeline.demo.records import TICK_RATE
from iracing_pipeline.demo.signals.scene import smooth

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Floats
    from iracing_pipeline.demo.signals.scene import Columns, Scene

_DIVE_M = 0.00075  # for each m/s^2 along the car
_ROLL_M = 0.00062  # for each m/s^2 across it
_SQUAT_M = 4.2e-8  # for each newton of downforce
_SETTLE_S = 0.35


def chassis(scene: Scene) -> Columns:
    """Fill the chassis group."""
    car, records = scene.drive.car, scene.records
    dive = smooth(scene.long_accel, 5.0) * _DIVE_M
    lean = smooth(scene.lat_accel, 5.0) * _ROLL_M
    squat = car.downforce * records.speed**2 * _SQUAT_M * 60.0
    drop = _put_down(scene)
    columns: Columns = {}
    for wheel in WHEELS:
        left, front = wheel[0] == "L", wheel[1] == "F"
        static = car.ride_height_m[0 if front else 1]
        bumps = 0.0011 * smooth(scene.noise(f"{wheel} road"), 1.6) * np.sqrt(records.speed / 30.0)
        height = (
            static
            + (dive if front else -dive)
            + (lean if left else -lean)
            - squat
            + bumps * (1.0 + 8.0 * scene.jolt)
            + drop
        )
        deflection = 0.060 + 0.9 * (static - height)
        columns[f"{wheel}rideHeight"] = height
        columns[f"{wheel}shockDefl"] = deflection
        columns[f"{wheel}shockVel"] = np.gradient(deflection) * TICK_RATE
        if wheel == "LF":
            columns["CFSRrideHeight"] = height - 0.012
    return columns


def _put_down(scene: Scene) -> Floats:
    """Height of the car over its rest as iRacing drops it on its wheels."""
    records = scene.records
    drop = np.zeros(len(records))
    for first in np.flatnonzero(records.glitch).tolist():
        span = slice(first, min(first + round(4 * _SETTLE_S * TICK_RATE), len(records)))
        since = np.arange(span.stop - span.start) / TICK_RATE
        drop[span] = 0.045 * np.exp(-since / _SETTLE_S) * np.cos(14.0 * since)
    return drop

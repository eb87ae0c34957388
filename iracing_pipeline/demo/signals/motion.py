"""Motion of the car: position, attitude, velocities, accelerations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.car import GRAVITY
from iracing_pipeline.demo.records import TICK_RATE
from iracing_pipeline.demo.signals.scene import smooth

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Floats
    from iracing_pipeline.demo.signals.scene import Columns, Scene


def motion(scene: Scene) -> Columns:
    """Fill the motion group.

    Axes as iRacing's: x forwards, y to the left, z up; yaw counter-clockwise, roll to the right,
    pitch nose down; accelerations are those that an instrument in the car feels.
    """
    records, circuit = scene.records, scene.drive.circuit
    speed = records.speed
    shake = 0.02 + 0.011 * speed
    rough = 1.0 + 6.0 * records.off_track + 25.0 * scene.jolt
    slip = -0.0035 * scene.lat_accel
    direction = scene.heading + slip + records.spin
    yaw_north = (np.pi / 2 - direction) % (2 * np.pi)
    pitch = -np.arctan(scene.grade) - 0.0021 * records.acceleration
    roll = 0.0011 * scene.lat_accel - scene.bank
    yaw_rate = speed * scene.curvature + np.gradient(records.spin) * TICK_RATE
    tumble = records.spin + slip
    latitude, longitude = circuit.lat_lon(*_position(scene))
    height = circuit.place.altitude_m + scene.along(circuit.elevation)
    return {
        "Speed": np.abs(speed + 0.002 * scene.noise("speed") * (speed > 0.5)),
        "Yaw": _wrap(circuit.place.north_offset_rad - yaw_north),
        "YawNorth": yaw_north,
        "Pitch": pitch + 0.0006 * scene.noise("pitch"),
        "Roll": roll + 0.0005 * scene.noise("roll"),
        "Lat": latitude,
        "Lon": longitude,
        "Alt": np.round(height, 1),
        "VelocityX": speed * np.cos(tumble),
        "VelocityY": -speed * np.sin(tumble),
        "VelocityZ": speed * scene.grade + 0.012 * shake * scene.noise("heave"),
        "YawRate": yaw_rate + 0.004 * rough * scene.noise("yaw rate"),
        "PitchRate": np.gradient(smooth(pitch, 4.0)) * TICK_RATE
        + 0.03 * shake * rough * scene.noise("pitch rate"),
        "RollRate": np.gradient(smooth(roll, 4.0)) * TICK_RATE
        + 0.04 * shake * rough * scene.noise("roll rate"),
        "VertAccel": GRAVITY * np.cos(scene.bank)
        + np.abs(scene.pull * np.sin(scene.bank))
        + shake * rough * scene.noise("vertical"),
        "LatAccel": scene.lat_accel + 0.35 * shake * rough * scene.noise("lateral"),
        "LongAccel": scene.long_accel + 0.3 * shake * rough * scene.noise("longitudinal"),
    }


def _position(scene: Scene) -> tuple[Floats, Floats]:
    """East and north of the line in metres."""
    east, north = (scene.along(values) for values in scene.drive.circuit.position)
    return (
        east - np.sin(scene.heading) * scene.side,
        north + np.cos(scene.heading) * scene.side,
    )


def _wrap(angle: Floats) -> Floats:
    return (angle + np.pi) % (2 * np.pi) - np.pi

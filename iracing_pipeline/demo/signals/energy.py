"""The battery of a hybrid: charged under braking, and what it gives to the motor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Floats
    from iracing_pipeline.demo.car import Hybrid
    from iracing_pipeline.demo.circuit import Circuit
    from iracing_pipeline.demo.drive import Leg
    from iracing_pipeline.demo.signals.scene import Columns, Scene


def energy(scene: Scene) -> Columns:
    """Fill the energy group."""
    drive, records = scene.drive, scene.records
    hybrid, circuit = drive.car.hybrid, drive.circuit
    if hybrid is None:
        return {}
    battery, this_lap = np.zeros(len(records)), np.zeros(len(records))
    for index, leg in enumerate(drive.legs):
        here = records.leg == index
        shown, lap = records.shown[here], records.node[here] // circuit.nodes
        moments = np.stack([leg.arrive, leg.leave], axis=1).ravel()
        given, charged = (np.repeat(total, 2) for total in flows_j(hybrid, circuit, leg))
        at_line = given[::2][np.clip(lap * circuit.nodes - leg.first, 0, len(leg.speed) - 1)]
        deployed = np.interp(shown, moments, given)
        battery[here] = hybrid.start_j - deployed + np.interp(shown, moments, charged)
        this_lap[here] = deployed - at_line
    return {
        "EnergyERSBattery": battery,
        "EnergyERSBatteryPct": battery / hybrid.battery_j,
        "EnergyBatteryToMGU_KLap": np.maximum(this_lap, 0.0),
    }


def flows_j(hybrid: Hybrid, circuit: Circuit, leg: Leg) -> tuple[Floats, Floats]:
    """Joules given to the motor and charged since the start of a leg, at each node; shapes (n,)."""
    part = (leg.first + np.arange(len(leg.speed))) % circuit.nodes / circuit.nodes
    seconds = leg.arrive[1:] - leg.leave[:-1]

    def total(watts: float, zone: tuple[float, float]) -> Floats:
        at_work = (part >= zone[0]) & (part < zone[1]) & ~leg.on_pit_road
        return np.concatenate(([0.0], np.cumsum(watts * seconds * at_work[:-1])))

    return total(hybrid.motor_w, hybrid.deploys), total(hybrid.motor_w, hybrid.charges)

"""Speed by distance: what grip, drag, power and brakes allow (quasi-steady-state).

The car is a point. In a corner its speed is bounded by grip; a pass forwards lets it gain only
what engine and driven wheels give, a pass backwards lets it lose only what the brakes can take.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.car import FUEL_DENSITY, GRAVITY, Car

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Floats
    from iracing_pipeline.demo.circuit import Circuit


_CREEP_MPS = 4.0  # below it the clutch slips, and power is limited as at this speed


@dataclass(frozen=True, slots=True)
class Road:
    """The road ahead and what the driver makes of it, at each of n nodes; shapes (n,).

    Attributes:
        curvature: 1/m.
        bank: Radians towards the inside.
        grade: Climb per metre.
        grip: Friction coefficient that the driver uses in corners: tyres, surface and skill.
        braking: Share of the brakes that he uses.
        mass: Kilograms, with fuel.
        cap: Highest speed in m/s: a speed limit, a stop; infinite elsewhere.
    """

    curvature: Floats
    bank: Floats
    grade: Floats
    grip: Floats
    braking: Floats
    mass: Floats
    cap: Floats


def corner_speed(car: Car, road: Road) -> Floats:
    """Speed at which a corner takes all the grip, in m/s; infinite on a straight; shape (n,)."""
    bend = np.abs(road.curvature)
    aero = road.grip * car.downforce / road.mass
    held = bend * (np.cos(road.bank) - road.grip * np.sin(road.bank)) - aero
    pull = GRAVITY * (road.grip * np.cos(road.bank) + np.sin(road.bank))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(held > 1e-9, np.sqrt(pull / held), np.inf)


def speed_profile(car: Car, road: Road, spacing_m: float, entry_mps: float) -> Floats:
    """Speed at each node in m/s, entering at ``entry_mps``; shape (n,)."""
    grip_limit = corner_speed(car, road)
    limits = (np.minimum(grip_limit, road.cap) ** 2).tolist()
    # Cornering uses up grip: at v^2 this share of it is taken, and the circle of grip has the rest.
    shares = (grip_limit**-2.0).tolist()
    drags = (car.drag / road.mass).tolist()
    downs = (car.downforce / (road.mass * GRAVITY)).tolist()
    climbs = (GRAVITY * (road.grade + car.rolling)).tolist()

    thrusts = (car.traction * road.grip * GRAVITY).tolist()
    powers = (car.engine.power_w / road.mass).tolist()
    square = min(entry_mps**2, limits[0])
    squares = [square]
    ahead = zip(shares, thrusts, powers, drags, downs, climbs, limits[1:], strict=False)
    for share, thrust, power, drag, down, climb, limit in ahead:
        spare = 1.0 - (square * share) ** 2
        push = thrust * (1.0 + down * square) * sqrt(spare) if spare > 0.0 else 0.0
        push = min(push, power / max(sqrt(square), _CREEP_MPS)) - drag * square - climb
        square = min(limit, max(0.0, square + 2.0 * spacing_m * push))
        squares.append(square)

    brakes = (car.braking * road.braking * road.grip * GRAVITY).tolist()
    for i in range(len(squares) - 2, -1, -1):
        square = squares[i + 1]
        if squares[i] > square:
            spare = 1.0 - (square * shares[i + 1]) ** 2
            pull = brakes[i] * (1.0 + downs[i] * square) * sqrt(spare) if spare > 0.0 else 0.0
            pull += drags[i] * square + climbs[i]
            squares[i] = min(squares[i], square + 2.0 * spacing_m * pull)
    return np.sqrt(squares)


def elapsed(speed: Floats, spacing_m: float) -> Floats:
    """Seconds from the first to each node, at constant acceleration in between; shape (n,)."""
    return np.concatenate([[0.0], np.cumsum(2.0 * spacing_m / (speed[1:] + speed[:-1]))])


def fuel_burnt(car: Car, road: Road, speed: Floats, spacing_m: float) -> Floats:
    """Litres burnt from the first to each node; shape (n,)."""
    squares = speed**2
    middle = (squares[1:] + squares[:-1]) / 2
    force = (
        road.mass[:-1] * np.diff(squares) / (2 * spacing_m)
        + car.drag * middle
        + road.mass[:-1] * GRAVITY * (road.grade[:-1] + car.rolling)
    )
    kilograms = np.maximum(force, 0.0) * spacing_m * car.engine.kg_per_joule
    kilograms += car.engine.idle_kg_per_s * np.diff(elapsed(speed, spacing_m))
    return np.concatenate([[0.0], np.cumsum(kilograms)]) / FUEL_DENSITY


@dataclass(frozen=True, slots=True)
class FlyingLap:
    """A lap at speed from line to line.

    Attributes:
        speed: m/s at each node of the lap and at its end; shape (nodes + 1,).
        elapsed: Seconds since the line there; shape (nodes + 1,).
        fuel_l: Litres burnt in the lap.
    """

    speed: Floats
    elapsed: Floats
    fuel_l: float

    @property
    def time_s(self) -> float:
        """Lap time."""
        return float(self.elapsed[-1])


def flying_lap(
    car: Car, circuit: Circuit, *, fuel_l: float, grip: Floats, braking: Floats
) -> FlyingLap:
    """A lap like the one before and the one after it.

    Args:
        car: The car.
        circuit: Where.
        fuel_l: Fuel on board.
        grip: Fraction of the grip used at each node; shape (nodes,).
        braking: Fraction of the brakes used; shape (nodes,).
    """
    laps = 3  # one from rest, the flying one, and one for whose first corner it brakes
    n = circuit.nodes
    mass = np.full(laps * n, car.mass_kg + fuel_l * FUEL_DENSITY)
    road = Road(
        curvature=np.tile(circuit.curvature, laps),
        bank=np.tile(circuit.bank, laps),
        grade=np.tile(circuit.grade, laps),
        grip=car.loaded_grip(mass) * np.tile(grip, laps),
        braking=np.tile(braking, laps),
        mass=mass,
        cap=np.full(laps * n, np.inf),
    )
    speed = speed_profile(car, road, circuit.spacing_m, 0.0)
    lap = slice(n, 2 * n + 1)
    time = elapsed(speed, circuit.spacing_m)[lap]
    burnt = fuel_burnt(car, road, speed, circuit.spacing_m)[lap]
    return FlyingLap(speed[lap], time - time[0], float(burnt[-1] - burnt[0]))


@lru_cache(maxsize=64)
def reference_lap(car: Car, circuit: Circuit, fuel_l: float = 20.0, grip: float = 1.0) -> FlyingLap:
    """The best that the car can do with this much fuel, at this fraction of its grip."""
    used = np.full(circuit.nodes, grip)
    return flying_lap(car, circuit, fuel_l=fuel_l, grip=used, braking=np.ones(circuit.nodes))

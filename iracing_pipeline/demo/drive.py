"""A stay in the car on the distance grid: laps, pit stops, mishaps and resets, with their times.

A *leg* is the part from the point where iRacing places the car to the point where it removes it:
the whole stay, or the part before or after a reset. A leg is one long road: the laps of the circuit
in a row, so that speed is continuous over the line, into the pits and out again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.car import FUEL_DENSITY, Car
from iracing_pipeline.demo.driver import Driver, Form, draw_form
from iracing_pipeline.demo.itinerary import (
    Halt,
    Incident,
    Stretch,
    Supply,
    find_halts,
    find_incidents,
    find_pit_road,
    find_stretches,
    find_supply,
    starts_on_grid,
)
from iracing_pipeline.demo.lap import Road, elapsed, fuel_burnt, reference_lap, speed_profile
from iracing_pipeline.demo.plan import Contact, OffTrack, Plan, Session, StartKind

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Bools, Floats, Ints
    from iracing_pipeline.demo.circuit import Circuit


_EXIT_ROAD_M = 60.0
_PACE_MPS = 27.0
_GREEN_AT = 0.985  # of the pace lap: the leader may go from here
_LIGHTS_S = {StartKind.STANDING: 0.31, StartKind.PIT_LANE: 1.47}
"""From the green to driving off."""
_CAUTION_MPS = 24.0
_COOLDOWN = 0.7  # of the usual speed
_OFF_TRACK_NODES = 25
_OFF_TRACK_WIDE_M = 5.0


@dataclass(frozen=True)
class Leg:
    """A leg on the grid; arrays have one value a node, shape (n,).

    Attributes:
        first: Absolute node of the first: lap number times nodes a lap, plus the node in the lap.
        speed: m/s.
        arrive: Seconds from the start of the recording to arriving at the node.
        leave: Seconds to leaving it; later than ``arrive`` only at a halt.
        fuel_arrive: Litres on arriving.
        fuel_leave: Litres on leaving; more than on arriving where fuel was taken on.
        tyre_m: Metres on the tyres on leaving.
        wide_m: How far beyond the edge of the track the car is.
        on_pit_road: Whether the node lies between the cones, on the car's way through the pits.
        near_pits: Whether it does, or on the road out of the pits behind the second cone.
        tyre_set: Number of the set of tyres on leaving, from 0.
    """

    first: int
    speed: Floats
    arrive: Floats
    leave: Floats
    fuel_arrive: Floats
    fuel_leave: Floats
    tyre_m: Floats
    wide_m: Floats
    on_pit_road: Bools
    near_pits: Bools
    tyre_set: Ints
    halts: tuple[Halt, ...]
    incidents: tuple[Incident, ...]

    @property
    def last(self) -> int:
        """Absolute node of the last."""
        return self.first + len(self.speed) - 1


@dataclass(frozen=True)
class Drive:
    """A stay in the car."""

    car: Car
    circuit: Circuit
    driver: Driver
    plan: Plan
    legs: tuple[Leg, ...]

    @property
    def green(self) -> tuple[int, float] | None:
        """Node of the first leg and second at which a race begins; None if the plan is no race."""
        if self.plan.session is not Session.RACE:
            return None
        leg = self.legs[0]
        if self.plan.start.kind is not StartKind.ROLLING:
            return 0, float(leg.leave[0]) - _LIGHTS_S[self.plan.start.kind]
        node = round((self.plan.first_lap + _GREEN_AT) * self.circuit.nodes) - leg.first
        return node, float(leg.arrive[node])

    @property
    def finish(self) -> tuple[int, int]:
        """Leg and node of the line at which the car finishes; the last node if it does not."""
        line = (self.plan.last_lap + 1) * self.circuit.nodes
        index = len(self.legs) - 1
        return index, min(line - self.legs[index].first, len(self.legs[index].speed) - 1)

    @property
    def handovers(self) -> list[float]:
        """Seconds at which a team mate takes over: half-way through the stop."""
        return [
            float(leg.arrive[halt.node] + leg.leave[halt.node]) / 2
            for leg in self.legs
            for halt in leg.halts
            if halt.stop is not None and halt.stop.driver is not None
        ]

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return float(self.legs[-1].leave[-1])


def drive(
    car: Car, circuit: Circuit, driver: Driver, plan: Plan, rng: np.random.Generator
) -> Drive:
    """Drive a plan.

    Args:
        car: The car.
        circuit: Where.
        driver: Who.
        plan: What.
        rng: Random seed; the same state gives the same drive.

    Raises:
        ValueError: If the plan runs out of fuel.
    """
    form = draw_form(driver, circuit, plan.laps + 2 + plan.cooldown_laps, plan.experience_laps, rng)
    legs: list[Leg] = []
    for stretch in find_stretches(circuit, plan):
        legs.append(_drive_leg(car, circuit, plan, form, stretch=stretch, earlier=legs))
    return Drive(car, circuit, driver, plan, tuple(legs))


def tyre_grip(car: Car, driven_m: Floats) -> Floats:
    """Grip of tyres after some distance, relative to new and warm ones."""
    tyre = car.tyre
    cold = (1.0 - tyre.cold_grip) * np.exp(-driven_m / tyre.warm_up_m)
    return 1.0 - cold - tyre.grip_loss_per_km * driven_m / 1000.0


def _drive_leg(
    car: Car, circuit: Circuit, plan: Plan, form: Form, *, stretch: Stretch, earlier: list[Leg]
) -> Leg:
    before = earlier[-1] if earlier else None
    on_grid = starts_on_grid(plan) and before is None
    over = {incident.mishap for leg in earlier for incident in leg.incidents}
    incidents = find_incidents(circuit, plan, stretch, over)
    halts = find_halts(car, circuit, plan, stretch, incidents, on_grid=on_grid)
    supply = find_supply(circuit, plan.fuel_l, halts, len(stretch.nodes))
    pit_road = find_pit_road(circuit, plan, stretch, on_grid=on_grid)
    near_pits = find_pit_road(circuit, plan, stretch, on_grid=on_grid, beyond_m=_EXIT_ROAD_M)

    cap, wide = _limits(car, circuit, stretch, incidents=incidents, halts=halts, pit_road=pit_road)
    if on_grid and plan.start.kind is StartKind.ROLLING:
        pace_lap = stretch.nodes < circuit.nodes * (plan.first_lap + _GREEN_AT)
        cap[pace_lap] = np.minimum(cap[pace_lap], _PACE_MPS)
    _slow_down(cap, car, circuit, plan, stretch)
    road = _road(car, circuit, form, stretch, supply=supply, cap=cap, first_lap=plan.first_lap)
    speed = speed_profile(car, road, circuit.spacing_m, 0.0)
    burnt = fuel_burnt(car, road, speed, circuit.spacing_m)
    if (supply.fuel_l - burnt).min() <= 0.0:
        raise ValueError(f"{plan.fuel_l:g} l and the planned stops are not enough for the laps")

    pause = np.zeros(len(speed))
    for halt in halts:
        pause[halt.node] += halt.seconds
    leave = elapsed(speed, circuit.spacing_m) + np.cumsum(pause)
    leave += before.leave[-1] if before else 0.0
    return Leg(
        first=stretch.first,
        speed=speed,
        arrive=leave - pause,
        leave=leave,
        fuel_arrive=supply.fuel_l - supply.taken_l - burnt,
        fuel_leave=supply.fuel_l - burnt,
        tyre_m=supply.tyre_m,
        tyre_set=supply.tyre_set + (before.tyre_set[-1] + 1 if before else 0),
        wide_m=wide,
        on_pit_road=pit_road,
        near_pits=near_pits,
        halts=tuple(halts),
        incidents=tuple(incidents),
    )


def _limits(
    car: Car,
    circuit: Circuit,
    stretch: Stretch,
    *,
    incidents: list[Incident],
    halts: list[Halt],
    pit_road: Bools,
) -> tuple[Floats, Floats]:
    """Highest speed, and metres off the road, at each node."""
    limited = pit_road.copy()
    limited[1:] |= pit_road[:-1]  # up to the cone, which lies between two nodes
    cap = np.where(limited, circuit.pit.speed_limit_mps - 0.25, np.inf)
    wide = np.zeros(len(cap))
    usual = reference_lap(car, circuit).speed[stretch.nodes % circuit.nodes]
    for incident in incidents:
        _hinder(incident, circuit.corners[incident.corner].direction, usual, cap, wide)
    cap[[halt.node for halt in halts]] = 0.0
    return cap, wide


def _road(
    car: Car,
    circuit: Circuit,
    form: Form,
    stretch: Stretch,
    *,
    supply: Supply,
    cap: Floats,
    first_lap: int,
) -> Road:
    """The leg's road, as this driver in this car finds it."""
    lap, node = np.divmod(stretch.nodes, circuit.nodes)
    # The weight must be known before what is burnt: take what a flawless lap burns.
    guess = reference_lap(car, circuit).fuel_l / circuit.nodes * np.arange(len(node))
    mass = car.mass_kg + np.maximum(supply.fuel_l - guess, 0.2) * FUEL_DENSITY
    pace, braking = form.at_nodes(circuit)
    row = np.clip(lap - first_lap, 0, len(pace) - 1)
    return Road(
        curvature=circuit.curvature[node],
        bank=circuit.bank[node],
        grade=circuit.grade[node],
        grip=car.loaded_grip(mass) * tyre_grip(car, supply.tyre_m) * pace[row, node] ** 2,
        braking=braking[row, node],
        mass=mass,
        cap=cap,
    )


def _slow_down(cap: Floats, car: Car, circuit: Circuit, plan: Plan, stretch: Stretch) -> None:
    """Write cautions and the laps after the flag into the speed limit, in place."""
    n = circuit.nodes
    for caution in plan.cautions:
        first = round((caution.first_lap + caution.at) * n)
        under = (stretch.nodes >= first) & (stretch.nodes < (caution.last_lap + 1) * n)
        cap[under] = np.minimum(cap[under], _CAUTION_MPS)
    if plan.cooldown_laps:
        after = stretch.nodes >= (plan.last_lap + 1) * n
        usual = reference_lap(car, circuit).speed[stretch.nodes % n]
        cap[after] = np.minimum(cap[after], _COOLDOWN * usual[after])


def _hinder(incident: Incident, direction: int, usual: Floats, cap: Floats, wide: Floats) -> None:
    """Write what an incident does to the car into its speed limit and its place on the road.

    Args:
        incident: The incident.
        direction: Of its corner, 1 to the left.
        usual: Speed that the car would have at each node.
        cap: Speed limit at each node, changed in place.
        wide: Metres off the road at each node, changed in place.
    """
    if isinstance(incident.mishap, OffTrack):
        span = slice(incident.node, min(incident.node + _OFF_TRACK_NODES, len(cap)))
        wave = np.sin(np.linspace(0.0, np.pi, span.stop - span.start))
        wide[span] = -direction * _OFF_TRACK_WIDE_M * wave
        cap[span] = np.minimum(cap[span], 0.78 * usual[span])
    elif isinstance(incident.mishap, Contact):
        cap[incident.node] = min(cap[incident.node], 0.6 * usual[incident.node])

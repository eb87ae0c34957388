"""A stay in the car on the distance grid: laps, pit stops, mishaps and resets, with their times.

A *leg* is what is driven from where iRacing puts the car down to where it takes it away: the whole
stay, or the part before or after a reset. A leg is one long road: the circuit unrolled lap after
lap, so that speed runs on over the line, into the pits and out again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.car import FUEL_DENSITY, Car
from iracing_pipeline.demo.driver import Driver, Form, draw_form
from iracing_pipeline.demo.lap import Road, fuel_burnt, reference_lap, speed_profile
from iracing_pipeline.demo.plan import (
    Contact,
    Ending,
    Mishap,
    OffTrack,
    Plan,
    Session,
    Spin,
    Stop,
)

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Bools, Floats, Ints
    from iracing_pipeline.demo.circuit import Circuit


_WAIT_IN_STALL_S = 2.4  # from being put down to driving off
_WAIT_ON_GRID_S = 4.0
_WAIT_AT_THE_END_S = 1.5
_GRID_AT = 0.62  # of the lap before the start: a short parade lap
_PACE_MPS = 27.0
_GREEN_AT = 0.985  # of the pace lap: the leader may go from here
_OFF_TRACK_NODES = 25
_OFF_TRACK_WIDE_M = 5.0


@dataclass(frozen=True, slots=True)
class Halt:
    """The car stands still at a node of the leg (an index into its arrays) for some seconds."""

    node: int
    seconds: float
    stop: Stop | None = None
    in_stall: bool = False


@dataclass(frozen=True, slots=True)
class Incident:
    """Incident points taken when the car reaches a node of the leg."""

    node: int
    lap: int
    corner: int
    points: int
    mishap: Mishap


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
        rng: Source of chance; the same state gives the same drive.

    Raises:
        ValueError: If the plan runs out of fuel.
    """
    form = draw_form(driver, circuit, plan.laps + 2, plan.experience_laps, rng)
    legs: list[Leg] = []
    for stretch in _stretches(circuit, plan):
        before = legs[-1] if legs else None
        legs.append(_drive_leg(car, circuit, plan, form, stretch=stretch, before=before))
    return Drive(car, circuit, driver, plan, tuple(legs))


def tyre_grip(car: Car, driven_m: Floats) -> Floats:
    """Grip of tyres after some distance, relative to new and warm ones."""
    tyre = car.tyre
    cold = (1.0 - tyre.cold_grip) * np.exp(-driven_m / tyre.warm_up_m)
    return 1.0 - cold - tyre.grip_loss_per_km * driven_m / 1000.0


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Absolute first and last node of a leg, and how long the car stands at its end."""

    first: int
    last: int
    stands_s: float
    in_stall: bool

    @property
    def nodes(self) -> Ints:
        return np.arange(self.first, self.last + 1)

    def index(self, absolute: int) -> int | None:
        """Index of an absolute node in the leg; None where it is not inside."""
        return absolute - self.first if self.first < absolute < self.last else None


def _stretches(circuit: Circuit, plan: Plan) -> list[_Stretch]:
    n = circuit.nodes
    stall = circuit.node(circuit.pit.stall_m)
    start = plan.first_lap * n + stall
    if plan.session is Session.RACE:
        start = plan.first_lap * n + round(_GRID_AT * n)
    stretches = []
    for reset in plan.resets:
        end = reset.lap * n + round(reset.at * n)
        stretches.append(_Stretch(start, end, reset.standstill_s, in_stall=False))
        start = reset.lap * n + stall
    beyond = {Ending.PITS: stall, Ending.TRACK: round(0.42 * n), Ending.LINE: 1}[plan.ending]
    in_pits = plan.ending is Ending.PITS
    end = (plan.last_lap + 1) * n + beyond
    stands_s = _WAIT_AT_THE_END_S if in_pits else 0.0
    return [*stretches, _Stretch(start, end, stands_s, in_stall=in_pits)]


def _drive_leg(
    car: Car, circuit: Circuit, plan: Plan, form: Form, *, stretch: _Stretch, before: Leg | None
) -> Leg:
    nodes = stretch.nodes
    lap, node = np.divmod(nodes, circuit.nodes)
    reference = reference_lap(car, circuit)
    on_grid = plan.session is Session.RACE and before is None
    incidents = _incidents(circuit, plan, stretch)
    halts = _halts(car, circuit, plan, stretch, incidents, on_grid=on_grid)
    pit_road = _pit_road(circuit, plan, stretch, on_grid=on_grid)
    supply = _supply(circuit, plan.fuel_l, halts, len(nodes))

    cap = np.where(pit_road, circuit.pit.speed_limit_mps - 0.25, np.inf)
    wide = np.zeros(len(nodes))
    for incident in incidents:
        direction = circuit.corners[incident.corner].direction
        _hinder(incident, direction, reference.speed[node], cap, wide)
    if on_grid:
        pace_lap = nodes < circuit.nodes * (plan.first_lap + _GREEN_AT)
        cap[pace_lap] = np.minimum(cap[pace_lap], _PACE_MPS)
    cap[[halt.node for halt in halts]] = 0.0

    guess = reference.fuel_l / circuit.nodes * np.arange(len(nodes))
    mass = car.mass_kg + np.maximum(supply.fuel_l - guess, 0.2) * FUEL_DENSITY
    pace, braking = form.at_nodes(circuit)
    row = lap - plan.first_lap
    road = Road(
        curvature=circuit.curvature[node],
        bank=circuit.bank[node],
        grade=circuit.grade[node],
        grip=car.loaded_grip(mass) * tyre_grip(car, supply.tyre_m) * pace[row, node] ** 2,
        braking=braking[row, node],
        mass=mass,
        cap=cap,
    )
    speed = speed_profile(car, road, circuit.spacing_m, 0.0)
    burnt = fuel_burnt(car, road, speed, circuit.spacing_m)
    if (supply.fuel_l - burnt).min() <= 0.0:
        raise ValueError(f"{plan.fuel_l:g} l and the planned stops are not enough for the laps")

    pause = np.zeros(len(nodes))
    for halt in halts:
        pause[halt.node] += halt.seconds
    step = np.concatenate([[0.0], 2.0 * circuit.spacing_m / (speed[1:] + speed[:-1])])
    leave = np.cumsum(step + pause) + (before.leave[-1] if before else 0.0)
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
        halts=tuple(halts),
        incidents=tuple(incidents),
    )


@dataclass(frozen=True, slots=True)
class _Supply:
    """Fuel and tyres at each node of a leg, on leaving it; shapes (n,).

    ``fuel_l`` is all that has been put in so far, ``taken_l`` what is put in at the node.
    """

    fuel_l: Floats
    taken_l: Floats
    tyre_m: Floats
    tyre_set: Ints


def _supply(circuit: Circuit, fuel_l: float, halts: list[Halt], size: int) -> _Supply:
    taken = np.zeros(size)
    fitted = [0]
    for halt in halts:
        if halt.stop:
            taken[halt.node] = halt.stop.fuel_l
            if halt.stop.tyres:
                fitted.append(halt.node)
    at = np.arange(size)
    tyre_set = np.searchsorted(fitted, at, side="right") - 1
    tyre_m = (at - np.array(fitted)[tyre_set]) * circuit.spacing_m
    return _Supply(fuel_l + np.cumsum(taken), taken, tyre_m, tyre_set)


def _halts(
    car: Car,
    circuit: Circuit,
    plan: Plan,
    stretch: _Stretch,
    incidents: list[Incident],
    *,
    on_grid: bool,
) -> list[Halt]:
    """Where the car stands still, in order."""
    halts = [Halt(0, _WAIT_ON_GRID_S if on_grid else _WAIT_IN_STALL_S, in_stall=not on_grid)]
    for stop in plan.stops:
        if (node := stretch.index(_stall_after(circuit, stop.lap))) is not None:
            service_s = max(stop.fuel_l / car.refuel_lps, car.tyre_change_s if stop.tyres else 0.0)
            halts.append(Halt(node, service_s + 1.2, stop, in_stall=True))
    halts.extend(
        Halt(incident.node, incident.mishap.standstill_s)
        for incident in incidents
        if isinstance(incident.mishap, Spin)
    )
    if stretch.stands_s:
        end = stretch.last - stretch.first
        halts.append(Halt(end, stretch.stands_s, in_stall=stretch.in_stall))
    return sorted(halts, key=lambda halt: halt.node)


def _stall_after(circuit: Circuit, lap: int) -> int:
    """Absolute node of the stall that a car reaches when it turns in at the end of a lap."""
    n = circuit.nodes
    entry, stall = circuit.node(circuit.pit.entry_m), circuit.node(circuit.pit.stall_m)
    return lap * n + entry + (stall - entry) % n


def _pit_road(circuit: Circuit, plan: Plan, stretch: _Stretch, *, on_grid: bool) -> Bools:
    """Where the car is between the cones."""
    n = circuit.nodes
    entry, stall, leave = (
        circuit.node(at) for at in (circuit.pit.entry_m, circuit.pit.stall_m, circuit.pit.exit_m)
    )
    stalls = [_stall_after(circuit, stop.lap) for stop in plan.stops]
    if not on_grid:
        stalls.append(stretch.first)
    if stretch.in_stall:
        stalls.append(stretch.last)
    nodes = stretch.nodes
    inside = np.zeros(len(nodes), dtype=np.bool_)
    for at in stalls:
        inside |= (nodes >= at - (stall - entry) % n) & (nodes < at + (leave - stall) % n)
    return inside


def _incidents(circuit: Circuit, plan: Plan, stretch: _Stretch) -> list[Incident]:
    """Incidents within the leg: at a corner's apex for a contact, at its end for the others."""
    found = []
    for mishap in plan.mishaps:
        corner = circuit.corners[mishap.corner]
        at = corner.apex_m if isinstance(mishap, Contact) else corner.end_m
        node = stretch.index(mishap.lap * circuit.nodes + circuit.node(at))
        if node is not None:
            found.append(Incident(node, mishap.lap, mishap.corner, mishap.points, mishap))
    return sorted(found, key=lambda incident: incident.node)


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

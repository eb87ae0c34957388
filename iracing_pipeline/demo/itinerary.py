"""A plan on the distance grid.

Where legs begin and end, where the car stands or errs, where it is in the pits, and what fuel and
tyres it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.plan import Contact, Ending, Mishap, Plan, Session, Spin, StartKind, Stop

if TYPE_CHECKING:
    from collections.abc import Collection

    from iracing_pipeline.demo.arrays import Bools, Floats, Ints
    from iracing_pipeline.demo.car import Car
    from iracing_pipeline.demo.circuit import Circuit

_WAIT_IN_STALL_S = 2.4  # from being put down to driving off
_WAIT_ON_GRID_S = 4.0
_WAIT_AT_THE_END_S = 1.5


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


@dataclass(frozen=True, slots=True)
class Stretch:
    """Absolute first and last node of a leg, and how long the car stands at its end."""

    first: int
    last: int
    stands_s: float
    in_stall: bool

    @property
    def nodes(self) -> Ints:
        """Absolute nodes of the leg; shape (n,)."""
        return np.arange(self.first, self.last + 1)

    def index(self, absolute: int) -> int | None:
        """Index of an absolute node in the leg; None where it is not inside."""
        return absolute - self.first if self.first < absolute < self.last else None


def starts_on_grid(plan: Plan) -> bool:
    """Whether the first leg begins on the grid of a race."""
    return plan.session is Session.RACE and plan.start.kind is not StartKind.PIT_LANE


def find_stretches(circuit: Circuit, plan: Plan) -> list[Stretch]:
    """The legs of a plan: the whole stay, or what lies between resets."""
    n = circuit.nodes
    stall = circuit.node(circuit.pit.stall_m)
    start = plan.first_lap * n + stall
    if starts_on_grid(plan):
        grid = plan.start.grid_at - plan.start.parade_laps
        start = plan.first_lap * n + round(grid * n)
    stretches = []
    for reset in plan.resets:
        end = reset.lap * n + round(reset.at * n)
        stretches.append(Stretch(start, end, reset.standstill_s, in_stall=False))
        start = reset.lap * n + stall
    beyond = {Ending.PITS: stall, Ending.TRACK: round(0.42 * n), Ending.LINE: 1}[plan.ending]
    in_pits = plan.ending is Ending.PITS
    end = (plan.last_lap + 1 + plan.cooldown_laps) * n + beyond
    stands_s = _WAIT_AT_THE_END_S if in_pits else 0.0
    return [*stretches, Stretch(start, end, stands_s, in_stall=in_pits)]


@dataclass(frozen=True, slots=True)
class Supply:
    """Fuel and tyres at each node of a leg, on leaving it; shapes (n,).

    ``fuel_l`` is all that has been put in so far, ``taken_l`` what is put in at the node.
    """

    fuel_l: Floats
    taken_l: Floats
    tyre_m: Floats
    tyre_set: Ints


def find_supply(circuit: Circuit, fuel_l: float, halts: list[Halt], size: int) -> Supply:
    """Fuel and tyres along a leg of ``size`` nodes that starts with ``fuel_l`` on a new set."""
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
    return Supply(fuel_l + np.cumsum(taken), taken, tyre_m, tyre_set)


def find_halts(
    car: Car,
    circuit: Circuit,
    plan: Plan,
    stretch: Stretch,
    incidents: list[Incident],
    *,
    on_grid: bool,
) -> list[Halt]:
    """Find the halts of the car, in order."""
    halts = [Halt(0, _WAIT_ON_GRID_S if on_grid else _WAIT_IN_STALL_S, in_stall=not on_grid)]
    for stop in plan.stops:
        node = stretch.index(_stall_after(circuit, stop.lap))
        if node is not None and not stop.drive_through:
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


def find_pit_road(
    circuit: Circuit, plan: Plan, stretch: Stretch, *, on_grid: bool, beyond_m: float = 0.0
) -> Bools:
    """Find where the car is between the cones, or not yet some metres beyond the second."""
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
        out = at + (leave - stall) % n + circuit.node(beyond_m)
        inside |= (nodes >= at - (stall - entry) % n) & (nodes < out)
    return inside


def find_incidents(
    circuit: Circuit, plan: Plan, stretch: Stretch, over: Collection[Mishap]
) -> list[Incident]:
    """Incidents within the leg: at a corner's apex for a contact, at its end for the others.

    A corner that is driven again after a reset, in the same lap, goes well the second time.
    """
    incidents = []
    for mishap in plan.mishaps:
        if mishap in over:
            continue
        corner = circuit.corners[mishap.corner]
        at = corner.apex_m if isinstance(mishap, Contact) else corner.end_m
        node = stretch.index(mishap.lap * circuit.nodes + circuit.node(at))
        if node is not None:
            incidents.append(Incident(node, mishap.lap, mishap.corner, mishap.points, mishap))
    return sorted(incidents, key=lambda incident: incident.node)

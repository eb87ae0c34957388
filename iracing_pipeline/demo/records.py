"""The drive sampled 60 times a second, on the clock that iRacing writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.demo.plan import Spin

if TYPE_CHECKING:
    import numpy.typing as npt

    from iracing_pipeline.demo.arrays import Bools, Floats, Ints
    from iracing_pipeline.demo.drive import Drive, Leg


TICK_RATE = 60
_LAG_S = 0.0145
"""A record shows where the car was this long before its SessionTime, by which laps are timed."""
_RIG_S = 0.6  # from standing to the first fuel
_QUIET_TICKS = 3 * TICK_RATE
_OFF_TRACK_M = 1.0  # beyond the edge


@dataclass(frozen=True, slots=True)
class Clock:
    """Physics ticks and SessionTime.

    SessionTime is the number of ticks over 60, and gains a tick on the physics at each slip.

    Attributes:
        start_s: SessionTime at tick 0.
        slips: Ticks at which SessionTime jumps by two, in order.
    """

    start_s: float
    slips: Ints

    def session_time(self, seconds: Floats) -> Floats:
        """SessionTime at seconds of physics since the start."""
        gained = np.searchsorted(self.slips / TICK_RATE, seconds, side="right")
        return self.start_s + seconds + gained / TICK_RATE


@dataclass(frozen=True)
class Records:
    """One value a record; arrays of shape (n,).

    Attributes:
        clock: How SessionTime runs.
        tick: Physics tick; one is missing before each of ``dropped_before``.
        session_time: SessionTime in seconds.
        leg: Index of the leg.
        shown: Seconds of physics that the record shows.
        node: Absolute grid node reached: lap number times nodes a lap, plus the node in the lap.
        metres: Metres from the line of lap 0, the circuit unrolled.
        speed: m/s.
        acceleration: Along the road, m/s^2.
        fuel_l: Litres.
        tyre_m: Metres on the tyres.
        tyre_set: Number of the set, from 0.
        wide_m: How far off the road to the left; negative to the right; 0 on it.
        on_pit_road: Between the cones.
        near_pits: There, or on the road out of the pits.
        in_stall: Standing in the pit stall.
        standing: Standing still.
        spin: How far the car has spun, radians.
        glitch: Whether iRacing is loading the car, and writes zeros.
        dropped_before: Indices of the records before which one is missing; shape (few,).
        slipped_at: Indices of the records at which SessionTime slipped; shape (few,).
    """

    clock: Clock
    tick: Ints
    session_time: Floats
    leg: Ints
    shown: Floats
    node: Ints
    metres: Floats
    speed: Floats
    acceleration: Floats
    fuel_l: Floats
    tyre_m: Floats
    tyre_set: Ints
    wide_m: Floats
    on_pit_road: Bools
    near_pits: Bools
    in_stall: Bools
    standing: Bools
    spin: Floats
    glitch: Bools
    dropped_before: Ints
    slipped_at: Ints

    @property
    def off_track(self) -> Bools:
        """Whether the car is off the track."""
        return np.abs(self.wide_m) > _OFF_TRACK_M

    def __len__(self) -> int:
        return len(self.tick)


def sample(drive: Drive, rng: np.random.Generator) -> Records:
    """Sample a drive.

    Args:
        drive: The driven laps.
        rng: Random seed, for when ticks are dropped and the clock slips.
    """
    plan = drive.plan
    ticks = np.arange(int(drive.seconds * TICK_RATE))
    odd = _quiet_ticks(drive, len(ticks), plan.dropped_ticks + plan.clock_slips, rng)
    dropped, slips = odd[: plan.dropped_ticks], np.sort(odd[plan.dropped_ticks :])
    clock = Clock(plan.session_time_s, slips)
    ticks = np.delete(ticks, dropped)
    seconds = ticks / TICK_RATE
    shown = np.maximum(seconds - _LAG_S, 0.0)
    leg_ends = [leg.leave[-1] for leg in drive.legs[:-1]]
    leg = np.searchsorted(leg_ends, shown, side="right")
    spacing = drive.circuit.spacing_m
    parts = [
        _sample_leg(part, spacing, drive.car.refuel_lps, shown[leg == k])
        for k, part in enumerate(drive.legs)
    ]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    glitch = np.concatenate([[not plan.loaded], np.diff(leg) > 0])
    return Records(
        clock=clock,
        tick=ticks,
        session_time=clock.session_time(seconds),
        leg=leg,
        shown=shown,
        glitch=glitch,
        dropped_before=np.flatnonzero(np.diff(ticks) == 2) + 1,
        slipped_at=np.flatnonzero(np.isin(ticks, slips)),
        **columns,
    )


def _quiet_ticks(drive: Drive, ticks: int, count: int, rng: np.random.Generator) -> Ints:
    """Ticks at which nothing happens: far from lines, halts, legs' ends and from each other."""
    busy = [0.0, ticks / TICK_RATE]
    for leg in drive.legs:
        lines = np.arange(-leg.first % drive.circuit.nodes, len(leg.speed), drive.circuit.nodes)
        busy += [*leg.arrive[lines], leg.leave[0], leg.leave[-1]]
        busy += [leg.arrive[halt.node] for halt in leg.halts]
    edges = np.sort(busy) * TICK_RATE
    candidates = np.arange(0, ticks, TICK_RATE // 2)
    after = np.clip(np.searchsorted(edges, candidates), 1, len(edges) - 1)
    distance = np.minimum(candidates - edges[after - 1], edges[after] - candidates)
    return rng.choice(candidates[distance > _QUIET_TICKS], size=count, replace=False)


def _sample_leg(
    leg: Leg, spacing: float, refuel_lps: float, shown: Floats
) -> dict[str, npt.NDArray[Any]]:
    """Columns of one leg at given seconds of physics."""
    last = len(leg.speed) - 1
    node = np.clip(np.searchsorted(leg.arrive, shown, side="right") - 1, 0, last)
    ahead = np.minimum(node + 1, last)
    standing = shown < leg.leave[node]
    since = np.maximum(shown - leg.leave[node], 0.0)
    gain = (leg.speed[ahead] ** 2 - leg.speed[node] ** 2) / (2 * spacing)
    into = leg.speed[node] * since + gain * since**2 / 2
    stalls = [halt.node for halt in leg.halts if halt.in_stall]
    # While it stands in its stall the car is still on the tyres that it came on.
    behind = np.where(standing, np.maximum(node - 1, 0), node)
    # Fuel rises as fast as the rig gives it; the car then stands on for its tyres.
    begun = np.minimum(leg.arrive + _RIG_S, leg.leave)
    full = np.minimum(begun + (leg.fuel_leave - leg.fuel_arrive) / refuel_lps, leg.leave)
    fuelled = np.stack([leg.arrive, begun, full, leg.leave], axis=1).ravel()
    levels = [leg.fuel_arrive, leg.fuel_arrive, leg.fuel_leave, leg.fuel_leave]
    fuel = np.stack(levels, axis=1).ravel()
    return {
        "node": leg.first + node,
        "metres": (leg.first + node) * spacing + into,
        "speed": np.where(standing, 0.0, leg.speed[node] + gain * since),
        "acceleration": np.where(standing, 0.0, _acceleration(leg, spacing, shown)),
        "fuel_l": np.interp(shown, fuelled, fuel),
        "tyre_m": leg.tyre_m[behind] + into,
        "tyre_set": leg.tyre_set[behind],
        "wide_m": np.interp(shown, leg.arrive, leg.wide_m),
        "on_pit_road": leg.on_pit_road[node],
        "near_pits": leg.near_pits[node],
        "in_stall": standing & np.isin(node, stalls),
        "standing": standing,
        "spin": _spin(leg, shown),
    }


def _acceleration(leg: Leg, spacing: float, shown: Floats) -> Floats:
    """Acceleration along the road, without the steps that it has from node to node."""
    gain = np.diff(leg.speed**2) / (2 * spacing)
    middle = (leg.leave[:-1] + leg.arrive[1:]) / 2
    return np.interp(shown, middle, gain)


def _spin(leg: Leg, shown: Floats) -> Floats:
    """How far the car has turned round: once, from losing it to pointing forwards again."""
    turned = np.zeros(len(shown))
    for incident in leg.incidents:
        if isinstance(incident.mishap, Spin):
            begins, ends = leg.arrive[incident.node] - 1.1, leg.leave[incident.node] + 0.4
            part = np.clip((shown - begins) / (ends - begins), 0.0, 1.0)
            turned += 2 * np.pi * part**2 * (3 - 2 * part)
    return turned

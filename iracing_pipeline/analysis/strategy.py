"""Number and laps of stops: plans for a race from measured fuel, tyres and pit loss.

A lap of a stint takes ``base + fuel_effect * fuel on board + degradation * laps on the tyres``.
A stop costs the pit loss, and the longer of refuelling and changing tyres. Among the ways to
divide the laps into stints, equal stints are best for tyres that fade evenly; a plan is as even
as the tank allows. Everything that goes in is an assumption, and is given back with the plans.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from iracing_pipeline.analysis.samples import Floats


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Assumptions of a plan.

    Attributes:
        laps: Laps of the race.
        base_lap_s: Lap time on fresh tyres with an empty tank.
        fuel_per_lap_l: Fuel per lap; use a percentile, not the mean.
        tank_l: Capacity of the tank.
        pit_loss_s: Time lost by going through the pits, without standing.
        refuel_lps: Litres a second.
        tyre_change_s: Time to change tyres; refuelling goes on meanwhile.
        fuel_effect_s_per_l: Seconds of a litre on board, per lap.
        degradation_s_per_lap: Seconds of each lap on the tyres, per lap.
        start_fuel_l: Fuel at the start; None for as much as the first stint needs.
        reserve_l: Fuel left at the end of each stint.
        spread_s: Standard deviation of a lap time.
        caution_chance: Chance of a caution to begin in a lap.
        caution_laps: Laps that a caution lasts.
        caution_lap_s: What a lap under caution takes longer.
        caution_pit_gain: Share of the pit loss that a stop under caution saves.
        fuel_effect_error_s_per_l: Standard error of the fuel effect.
        degradation_error_s_per_lap: Standard error of the degradation.
        pit_loss_spread_s: Standard deviation of a pit loss.
    """

    laps: int
    base_lap_s: float
    fuel_per_lap_l: float
    tank_l: float
    pit_loss_s: float
    refuel_lps: float
    tyre_change_s: float
    fuel_effect_s_per_l: float = 0.0
    degradation_s_per_lap: float = 0.0
    start_fuel_l: float | None = None
    reserve_l: float = 0.0
    spread_s: float = 0.0
    caution_chance: float = 0.0
    caution_laps: int = 4
    caution_lap_s: float = 0.0
    caution_pit_gain: float = 0.6
    fuel_effect_error_s_per_l: float = 0.0
    degradation_error_s_per_lap: float = 0.0
    pit_loss_spread_s: float = 0.0

    @property
    def stint_laps(self) -> int:
        """Laps that a full tank lasts."""
        return floor((self.tank_l - self.reserve_l) / self.fuel_per_lap_l + 1e-9)


@dataclass(frozen=True, slots=True)
class Window:
    """The laps after which a stop can be made, so that the tank lasts before and after it."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A number of stops.

    Attributes:
        stints: Laps of each stint.
        windows: For each stop, when it can be made with the stops around it moved as needed.
        fuel_l: Litres at the start, and at each stop.
        total_s: Race time by the assumptions, without chance.
        litre_laps: Litres on board at the start of each lap, added up: what a fuel effect of a
            second would cost.
    """

    stints: tuple[int, ...]
    windows: tuple[Window, ...]
    fuel_l: tuple[float, ...]
    total_s: float
    litre_laps: float = 0.0

    @property
    def tyre_laps(self) -> float:
        """Laps that the tyres have done at the start of each lap, added up."""
        return sum(laps * (laps - 1) / 2 for laps in self.stints)

    @property
    def stops(self) -> int:
        """How often it stops."""
        return len(self.stints) - 1


@dataclass(frozen=True, slots=True)
class Odds:
    """Result of a plan in simulated races.

    Attributes:
        plan: The plan.
        best_share: Share of the races in which it was the fastest.
        median_s: Median race time.
        low_s: 5 % of its races were faster.
        high_s: 5 % of its races were slower.
    """

    plan: Plan
    best_share: float
    median_s: float
    low_s: float
    high_s: float


def plans(assumptions: Assumptions) -> list[Plan]:
    """Make a plan for each number of stops that the fuel allows, the fastest first.

    Raises:
        ValueError: If the tank does not last for a lap, or there is no lap to race.
    """
    a = assumptions
    if a.laps < 1 or a.stint_laps < 1:
        raise ValueError("there must be a lap to race, and a tank that lasts for it")
    fewest = ceil(a.laps / a.stint_laps) - 1
    if a.start_fuel_l is not None and fewest == 0 and _start_laps(a) < a.laps:
        fewest = 1
    candidates = []
    for stops in range(fewest, min(max(fewest + 2, 4), a.laps - 1) + 1):
        stints = _even(a, stops)
        if stints is not None:
            candidates.append(_plan(a, stints))
    return sorted(candidates, key=lambda plan: plan.total_s)


def simulate(
    assumptions: Assumptions, candidates: list[Plan], *, races: int = 2000, seed: int = 0
) -> list[Odds]:
    """Race the plans against each other in simulated races, the most often fastest first.

    All plans meet the same luck: the same lap-time noise, the same cautions, and the same tyres,
    fuel effect and pit loss, each drawn from what is known of it. Under caution laps are slow and
    a stop that falls into it is cheap; plans are not changed on the way.

    Args:
        assumptions: What the plans rest on.
        candidates: The plans.
        races: Races to simulate.
        seed: Random seed: the same seed gives the same odds.
    """
    if not candidates:
        return []
    a = assumptions
    rng = np.random.default_rng(seed)
    noise = a.spread_s * a.laps**0.5 * rng.standard_normal(races)  # the sum of all laps'
    effect, ageing, loss = (
        # None of them can be below 0, however badly it is known.
        np.maximum(value + error * rng.standard_normal(races), min(value, 0.0)) - value
        for value, error in (
            (a.fuel_effect_s_per_l, a.fuel_effect_error_s_per_l),
            (a.degradation_s_per_lap, a.degradation_error_s_per_lap),
            (a.pit_loss_s, a.pit_loss_spread_s),
        )
    )
    caution = _cautions(a, races, rng)
    slow = caution.sum(axis=1) * a.caution_lap_s
    totals = np.array(
        [
            plan.total_s
            + noise
            + slow
            + effect * plan.litre_laps
            + ageing * plan.tyre_laps
            + loss * plan.stops
            - _saved(a, plan, caution)
            for plan in candidates
        ]
    )
    best = np.bincount(totals.argmin(axis=0), minlength=len(candidates)) / races
    low, median, high = np.percentile(totals, [5, 50, 95], axis=1)
    odds = [
        Odds(plan, float(best[i]), float(median[i]), float(low[i]), float(high[i]))
        for i, plan in enumerate(candidates)
    ]
    return sorted(odds, key=lambda each: (-each.best_share, each.median_s))


def _start_laps(a: Assumptions) -> int:
    fuel = a.tank_l if a.start_fuel_l is None else min(a.start_fuel_l, a.tank_l)
    return floor((fuel - a.reserve_l) / a.fuel_per_lap_l + 1e-9)


def _even(a: Assumptions, stops: int) -> tuple[int, ...] | None:
    """Stints as even as the tank and the fuel at the start allow; None where they do not."""
    first_most = _start_laps(a)
    if first_most < 1:
        return None
    count = stops + 1
    even = [a.laps // count + (i < a.laps % count) for i in range(count)]
    if even[0] > first_most:
        rest = a.laps - first_most
        if stops == 0:
            return None
        even = [first_most, *(rest // stops + (i < rest % stops) for i in range(stops))]
    fits = all(1 <= laps <= a.stint_laps for laps in even)
    return tuple(even) if fits else None


def _plan(a: Assumptions, stints: tuple[int, ...]) -> Plan:
    needed = [laps * a.fuel_per_lap_l + a.reserve_l for laps in stints]
    fuel = [needed[0] if a.start_fuel_l is None else a.start_fuel_l]
    litres = _litre_laps(a, stints[0], fuel[0])
    left = fuel[0] - stints[0] * a.fuel_per_lap_l
    stopped = 0.0
    for laps, wanted in zip(stints[1:], needed[1:], strict=True):
        taken = max(wanted - left, 0.0)
        stopped += a.pit_loss_s + standing_s(a, taken)
        litres += _litre_laps(a, laps, left + taken)
        fuel.append(taken)
        left += taken - laps * a.fuel_per_lap_l
    plan = Plan(stints, _windows(a, len(stints) - 1), tuple(fuel), 0.0, litres)
    driven = (
        sum(stints) * a.base_lap_s
        + a.fuel_effect_s_per_l * litres
        + a.degradation_s_per_lap * plan.tyre_laps
    )
    return replace(plan, total_s=driven + stopped)


def standing_s(assumptions: Assumptions, litres: float) -> float:
    """Time that a stop stands: the longer of refuelling and changing tyres."""
    return max(litres / assumptions.refuel_lps, assumptions.tyre_change_s)


def _litre_laps(a: Assumptions, laps: int, fuel_l: float) -> float:
    """Litres on board at the start of each lap of a stint, added up."""
    return laps * fuel_l - a.fuel_per_lap_l * laps * (laps - 1) / 2


def _windows(a: Assumptions, stops: int) -> tuple[Window, ...]:
    """Earliest: the stops after it still cover the rest. Latest: those before it reach so far."""
    first_most = _start_laps(a)
    return tuple(
        Window(
            first=max(a.laps - (stops - i) * a.stint_laps, i + 1),
            last=min(first_most + i * a.stint_laps, a.laps - (stops - i)),
        )
        for i in range(stops)
    )


def _cautions(a: Assumptions, races: int, rng: np.random.Generator) -> Floats:
    """Whether each lap is under caution; shape (races, laps)."""
    if a.caution_chance <= 0:
        return np.zeros((races, a.laps))
    begins = rng.random((races, a.laps)) < a.caution_chance
    running = np.cumsum(begins, axis=1)
    ended = np.concatenate(
        [np.zeros((races, min(a.caution_laps, a.laps))), running[:, : -a.caution_laps]], axis=1
    )
    return np.asarray(running - ended[:, : a.laps] > 0, dtype=np.float64)


def _saved(a: Assumptions, plan: Plan, caution: Floats) -> Floats:
    after = np.cumsum(plan.stints[:-1], dtype=np.int64) - 1
    return np.asarray(caution[:, after].sum(axis=1) * a.caution_pit_gain * a.pit_loss_s)

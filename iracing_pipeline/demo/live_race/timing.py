"""Who crosses the line when: a whole race, drawn at random before it is shown.

Independent of the model that :mod:`iracing_pipeline.analysis.race_replay` estimates: paces drift
within a race, fuel makes cars slow, and every stop takes what its litres take.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.car import CORVANE_GT3, Car
from iracing_pipeline.demo.circuits import HALDEN_RIDGE
from iracing_pipeline.demo.lap import reference_lap

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Bools, Floats, Ints
    from iracing_pipeline.demo.circuit import Circuit

PARADE_S = 45.0
"""Session time of the green flag."""
_GRID_GAP_S = 0.45
_FOLLOW_S = 0.35
_CLASS_PACE = (1.0, 1.065)
_SKILL = 0.006  # standard deviation of the cars' paces, as a share
_RACE_FUEL = 0.015  # of what a lap burns, from race to race
_LAP_FUEL = 0.012  # from lap to lap
_FADE_S_PER_LAP = 0.018
_FUEL_EFFECT_S_PER_L = 0.02
_MISTAKE_CHANCE = 0.025
_RETIREMENT_CHANCE = 0.0012
_RAIN_SLOWS = 0.06
_RAIN_SAVES = 0.03  # of what a lap burns
_RESERVE = 1.04  # of the fuel that the rest of the race takes


@dataclass(frozen=True, slots=True)
class RaceSetup:
    """Parameters of a race.

    Attributes:
        cars: Cars, up to 63; one index is the pace car's.
        minutes: Length on the clock; None for a race by laps.
        laps: Length in laps; None for a race by the clock.
        seed: Source of all chance.
        classes: One or two classes.
        drivers: Drivers of a car, who change at each stop.
        rain_at: Share of the race after which rain begins; None for a dry race.
        tank: Share of the tank that the race allows.
        car: The cars of the first class.
        circuit: Where.
    """

    cars: int = 24
    minutes: float | None = 40.0
    laps: int | None = None
    seed: int = 0
    classes: int = 1
    drivers: int = 1
    rain_at: float | None = None
    tank: float = 0.45
    car: Car = CORVANE_GT3
    circuit: Circuit = HALDEN_RIDGE

    @property
    def tank_l(self) -> float:
        """Litres that the race allows in the tank."""
        return self.car.tank_l * self.tank


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop, in seconds since the line that the car crosses on pit road.

    Attributes:
        lap: The lap that it ends.
        before_s: How long before that line the car came onto pit road.
        stall_s: When it stands.
        leaves_s: When it goes again.
        exit_s: When it leaves pit road.
        litres: Fuel added.
    """

    lap: int
    before_s: float
    stall_s: float
    leaves_s: float
    exit_s: float
    litres: float


@dataclass(slots=True)
class Timing:
    """A race, car by car.

    Attributes:
        setup: Parameters of a race.
        crossed_s: Session time at the end of each lap, lap 0 being the start; NaN where the car did
            not drive the lap; shape (cars, laps + 1).
        stops: Stops of each car, in order.
        burnt_l: Fuel of each lap; shape (cars, laps + 1).
        fuel_l: Fuel at the end of each lap, before the stop that ends it; shape (cars, laps + 1).
        mistakes: Laps with an incident of each car, and its points.
        laps: Laps that each car completed; shape (cars,).
        flag_s: Session time of the chequered flag.
        class_of: Class of each car, from 0; shape (cars,).
        class_lap_s: Reference lap of each class.
        skill: Pace of each car as a share of its class's; shape (cars,).
        own: Index of the player's car.
        rain_s: Session time at which rain begins; None for a dry race.
    """

    setup: RaceSetup
    crossed_s: Floats
    stops: list[list[Stop]]
    burnt_l: Floats
    fuel_l: Floats
    mistakes: list[dict[int, int]]
    laps: Ints
    flag_s: float
    class_of: Ints
    class_lap_s: tuple[float, ...]
    skill: Floats
    own: int
    rain_s: float | None
    _last: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def finished_s(self) -> Floats:
        """When each car last crossed the line; shape (cars,)."""
        if not len(self._last):
            self._last = self.crossed_s[np.arange(len(self.laps)), self.laps]
        return self._last

    def place(self, session_time_s: float) -> Ints:
        """Place of each car by its last crossing of the line, from 1; shape (cars,)."""
        done = self.done(session_time_s)
        at = self.crossed_s[np.arange(len(done)), done]
        places = np.empty(len(done), np.int64)
        places[np.lexsort((at, -done))] = np.arange(1, len(done) + 1)
        return places

    def done(self, session_time_s: float) -> Ints:
        """Laps that each car has completed; shape (cars,)."""
        with np.errstate(invalid="ignore"):
            driven = (self.crossed_s <= session_time_s).sum(axis=1) - 1
        return np.asarray(np.clip(driven, 0, self.laps), np.int64)


def draw(setup: RaceSetup) -> Timing:
    """The race of a setup: the same setup is the same race."""
    return _Drawing(setup).timing()


class _Drawing:
    """A race while it is drawn, lap by lap."""

    def __init__(self, setup: RaceSetup) -> None:
        self.setup = setup
        cars = setup.cars
        self.rng = np.random.default_rng([20261128, setup.seed])
        base = reference_lap(setup.car, setup.circuit)
        self.class_lap_s = tuple(base.time_s * share for share in _CLASS_PACE[: setup.classes])
        self.class_of = np.sort(np.arange(cars) % setup.classes)
        self.skill = 1.0 + np.abs(self.rng.normal(0.004, _SKILL, cars))
        self.pace_s = np.array(self.class_lap_s)[self.class_of] * self.skill
        # By qualifying: the grid is the order of the paces, not quite.
        rank = np.argsort(
            self.class_of * 1e3 + self.pace_s + self.rng.normal(0.0, 0.3, cars), kind="stable"
        )
        self.grid = np.empty(cars, np.int64)
        self.grid[rank] = np.arange(cars)
        self.own = int(rank[cars // 3])
        self.spread_s = self.rng.uniform(0.12, 0.35, cars)
        self.fade = np.maximum(self.rng.normal(_FADE_S_PER_LAP, 0.008, cars), 0.0)
        burn = base.fuel_l * (1.0 + self.rng.normal(0.0, _RACE_FUEL, cars))
        self.burn_l = burn * np.where(self.class_of == 0, 1.0, 0.85)
        if setup.minutes is not None:
            self.over_s = PARADE_S + 60.0 * setup.minutes
            self.rest = setup.minutes * 60.0 / self.pace_s
        else:
            self.over_s = np.inf
            self.rest = np.full(cars, float(setup.laps or 20))
        self.rain_s = (
            None
            if setup.rain_at is None
            else PARADE_S + setup.rain_at * float(self.rest[self.own] * self.pace_s[self.own])
        )

    def timing(self) -> Timing:
        setup, cars = self.setup, self.setup.cars
        elapsed: Floats = np.asarray(PARADE_S + 6.0 + self.grid * _GRID_GAP_S, np.float64)
        fuel = np.minimum(self.rest * self.burn_l * _RESERVE + 1.0, setup.tank_l)
        self.planned = self._planned(fuel)
        crossed, burnt, level = [elapsed.copy()], [np.zeros(cars)], [fuel.copy()]
        stops: list[list[Stop]] = [[] for _ in range(cars)]
        mistakes: list[dict[int, int]] = [{} for _ in range(cars)]
        running, ended = np.ones(cars, np.bool_), np.zeros(cars, np.bool_)
        tyres, drift, laps = np.zeros(cars), np.zeros(cars), np.zeros(cars, np.int64)
        out = np.zeros(cars)  # what is left of a stop, which the next lap takes
        flag_s, number = np.inf, 0
        while (running & ~ended).any():
            number += 1
            active = running & ~ended
            drift = 0.7 * drift + self.rng.normal(0.0, self.spread_s * 0.6)
            wet = self.rain_s is not None and float(elapsed[self.own]) > self.rain_s
            usual = (self.pace_s + self.fade * tyres + _FUEL_EFFECT_S_PER_L * fuel) * (
                1.0 + _RAIN_SLOWS * wet
            )
            lap_s = usual + drift + self.rng.normal(0.0, self.spread_s * 0.8) + out
            lap_s += 2.2 * (number == 1)
            lost, points = self._mistakes(active)
            lap_s += lost
            take = self.burn_l * (1.0 - _RAIN_SAVES * wet)
            take = (
                take * (1.0 + self.rng.normal(0.0, _LAP_FUEL, cars)) * np.where(lost > 0, 0.985, 1)
            )
            fuel = np.where(active, fuel - take, fuel)
            self.rest = np.where(active, self.rest - 1.0, self.rest)
            # Nobody stops at the end of the last lap.
            last = (elapsed + lap_s >= self.over_s) | (number == setup.laps)
            stopping, out = self._stops(number, active & ~last, fuel, stops)
            lap_s += np.where(stopping, self._in_loss_s(), 0.0)
            begun = elapsed
            slow = np.asarray(lost + out + stopping * 9.0, np.float64)
            elapsed = self._arrive(elapsed, np.asarray(lap_s, np.float64), usual, active, slow)
            gone = active & (self.rng.random(cars) < _RETIREMENT_CHANCE)
            gone[self.own] = False
            running &= ~gone
            if not np.isfinite(flag_s):
                leader = float(elapsed[running].min())
                if leader >= self.over_s or number == setup.laps:
                    flag_s = leader
            drove = active & running
            with np.errstate(invalid="ignore"):
                ended |= drove & (elapsed >= flag_s)
            laps = np.where(drove, number, laps)
            crossed.append(np.where(drove, elapsed, np.nan))
            burnt.append(np.where(drove, take, np.nan))
            level.append(np.where(drove, fuel, np.nan))
            for car in np.flatnonzero(drove & (points > 0)):
                mistakes[car][number] = int(points[car])
            for car in np.flatnonzero(stopping & drove):
                fuel[car] += stops[car][-1].litres
            tyres = np.where(stopping, 0.0, tyres + 1.0)
            elapsed = np.where(drove, elapsed, begun)
        return Timing(
            setup,
            np.column_stack(crossed),
            stops,
            np.column_stack(burnt),
            np.column_stack(level),
            mistakes,
            laps,
            flag_s,
            self.class_of,
            self.class_lap_s,
            self.skill,
            self.own,
            self.rain_s,
        )

    def _planned(self, fuel: Floats) -> list[set[int]]:
        """Laps at whose end each car means to stop."""
        planned = []
        for car in range(self.setup.cars):
            stint = int((self.setup.tank_l - 1.0) / (self.burn_l[car] * 1.03))
            first = int((fuel[car] - 1.0) / (self.burn_l[car] * 1.03))
            laps = ceil(self.rest[car] + 0.5)
            count = max(ceil((laps - first) / stint), 0)
            slack = first + count * stint - laps
            early = self.rng.integers(0, max(min(slack, 6), 1)) if count else 0
            at, own = max(first - int(early), 2), set[int]()
            for _ in range(count):
                own.add(at)
                at += stint
            planned.append(own)
        return planned

    def _mistakes(self, active: Bools) -> tuple[Floats, Ints]:
        cars = self.setup.cars
        wrong = active & (self.rng.random(cars) < _MISTAKE_CHANCE)
        lost = np.where(wrong, self.rng.exponential(3.5, cars) + 0.5, 0.0)
        return lost, np.where(wrong, self.rng.choice([1, 1, 2, 4], cars), 0)

    def _in_loss_s(self) -> float:
        pit, length = self.setup.circuit.pit, self.setup.circuit.length_m
        lap = reference_lap(self.setup.car, self.setup.circuit)
        usual = lap.time_s - float(
            np.interp(pit.entry_m, np.linspace(0, length, len(lap.elapsed)), lap.elapsed)
        )
        return (length - pit.entry_m) / pit.speed_limit_mps - usual

    def _stops(
        self,
        number: int,
        active: Bools,
        fuel: Floats,
        stops: list[list[Stop]],
    ) -> tuple[Bools, Floats]:
        """Which cars stop at the end of this lap, and what their next lap takes longer."""
        pit, length = self.setup.circuit.pit, self.setup.circuit.length_m
        lap = reference_lap(self.setup.car, self.setup.circuit)
        nodes = np.linspace(0, length, len(lap.elapsed))
        stopping, out = np.zeros(len(fuel), np.bool_), np.zeros(len(fuel))
        for car in np.flatnonzero(active):
            dry = fuel[car] < 1.25 * self.burn_l[car]
            if not (dry or number in self.planned[car]) or (self.rest[car] < 1 and not dry):
                continue
            needed = (self.rest[car] + 1.2) * self.burn_l[car] * _RESERVE - fuel[car]
            litres = float(np.clip(needed, 0.0, self.setup.tank_l - fuel[car]))
            stood = max(litres / self.setup.car.refuel_lps, self.setup.car.tyre_change_s)
            stood += float(self.rng.gamma(2.0, 0.6))
            before = (length - pit.entry_m) / pit.speed_limit_mps
            stall = pit.stall_m / pit.speed_limit_mps
            leaves = stall + stood
            exits = leaves + (pit.exit_m - pit.stall_m) / pit.speed_limit_mps
            stops[car].append(Stop(number, before, stall, leaves, exits, litres))
            stopping[car] = True
            out[car] = exits - float(np.interp(pit.exit_m, nodes, lap.elapsed))
        return stopping, out

    def _arrive(
        self, elapsed: Floats, lap_s: Floats, usual: Floats, active: Bools, slow: Floats
    ) -> Floats:
        """When the cars cross the line, each after having passed or followed those ahead."""
        order = np.argsort(np.where(active, elapsed, np.inf), kind="stable")
        arrival = np.where(active, elapsed + lap_s, np.inf)
        for place, car in enumerate(order):
            if not active[car]:
                break
            ahead = order[:place]
            close = ahead[
                (arrival[car] < arrival[ahead] + _FOLLOW_S)
                & (slow[ahead] < 2.0)
                & (self.class_of[ahead] == self.class_of[car])
            ]
            for other in close:
                advantage = usual[other] - usual[car]
                chance = 1.0 / (1.0 + np.exp(1.3 - 2.4 * advantage))
                if self.rng.random() > chance:
                    arrival[car] = max(arrival[car], arrival[other] + _FOLLOW_S)
        return arrival

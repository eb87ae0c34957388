"""How often the true finish lies within the band that a replay gives, and what a replay costs.

    python -m benchmarks.race_replay [RACES]

Races are driven by a world of its own, which is not the one that the replay assumes: pace wanders
from lap to lap (each lap remembers part of the last), passes are decided on the gap and the
difference of the laps just driven, mistakes have a heavy tail. Two thirds of the race are shown,
the rest is replayed.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.analysis import race_ledger
from iracing_pipeline.analysis.race_field import estimate
from iracing_pipeline.analysis.race_replay import Distance, finish, replay

if TYPE_CHECKING:
    from iracing_pipeline.analysis.samples import Floats, Integers

SEED = 2026
_PITTED, _OFF_TRACK = 2, 4
_CHART = {
    "group_id": pl.Int64,
    "lap_number": pl.Int64,
    "session_time_s": pl.Float64,
    "lap_s": pl.Float64,
    "flags": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class Truth:
    """How the cars of a race drive, which the replay must estimate; times in seconds.

    Attributes:
        pace: Lap time of each car on fresh tyres.
        spread: Standard deviation of a lap of each car.
        fade: What each lap on the tyres costs a lap.
        memory: Share of a lap's deviation that the next lap keeps.
        stop_s: Mean time of a stop.
        mistake_chance: Chance of a mistake in a lap.
        quit_chance: Chance to retire in a lap.
        ease: How easy it is to pass.
        stops: Laps at whose end each car stops.
    """

    pace: Floats
    spread: Floats
    fade: float
    memory: float
    stop_s: float
    mistake_chance: float
    quit_chance: float
    ease: float
    stops: dict[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class State:
    """The cars at the end of a lap.

    Attributes:
        at: When each crossed the line.
        tyres: Laps on its tyres.
        wander: Deviation of its last lap, in standard deviations.
        racing: Whether it is still in the race.
    """

    at: Floats
    tyres: Floats
    wander: Floats
    racing: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class World:
    """A race as it was driven.

    Attributes:
        chart: Rows of ``racing.lap``, with ``lap_s`` beside them.
        place: True finishing place of each car, from 1.
        stops: Laps at whose end each car stopped.
        laps: Laps of the race.
        truth: How the cars drive.
        states: The cars at the end of each lap, from lap 0.
    """

    chart: pl.DataFrame
    place: Integers
    stops: dict[int, tuple[int, ...]]
    laps: int
    truth: Truth
    states: list[State]


def drive(random: np.random.Generator, *, stop_late: bool = False) -> World:
    """A race of 12 to 40 cars over 18 to 45 laps, with one stop for each car."""
    cars, laps = int(random.integers(12, 41)), int(random.integers(18, 46))
    lap_s = random.uniform(60, 130)
    pace = lap_s * (1 + np.sort(random.gamma(3.0, 0.004, cars)))
    pace = pace[np.argsort(pace + lap_s * 0.004 * random.standard_normal(cars))]  # the grid
    spread = lap_s * random.uniform(0.001, 0.005, cars)
    fade, memory = lap_s * random.uniform(0.0, 0.0006), random.uniform(0.0, 0.5)
    stop_s, chance = random.uniform(18, 45), random.uniform(0.01, 0.05)
    quit_chance, ease = random.uniform(0.0, 0.004), random.uniform(0.2, 1.2)
    early, late = (0.7, 0.9) if stop_late else (0.3, 0.6)
    stops: dict[int, tuple[int, ...]] = {
        car: (int(random.integers(int(early * laps), int(late * laps) + 1)),) for car in range(cars)
    }
    truth = Truth(pace, spread, fade, memory, stop_s, chance, quit_chance, ease, stops)
    at: Floats = 0.25 * np.arange(cars, dtype=np.float64) + 8.0
    states = [State(at, np.zeros(cars), np.zeros(cars), np.ones(cars, np.bool_))]
    rows = [(car, 0, at[car], 0.0, 0) for car in range(cars)]
    for lap in range(1, laps + 1):
        before = states[-1]
        after, flags = _drive_lap(truth, before, lap, random)
        taken = after.at - before.at
        rows += [
            (car, lap, after.at[car], taken[car], flags[car])
            for car in np.flatnonzero(after.racing).tolist()
        ]
        states.append(after)
    chart = _flagged(pl.DataFrame(rows, schema=_CHART, orient="row"), laps)
    return World(chart, _order(chart, cars), stops, laps, truth, states)


def _drive_lap(
    truth: Truth, before: State, lap: int, random: np.random.Generator
) -> tuple[State, Integers]:
    """The cars a lap later, and the flags of that lap."""
    cars = truth.pace.size
    wander = truth.memory * before.wander
    wander = wander + np.sqrt(1 - truth.memory**2) * random.standard_normal(cars)
    own = truth.pace + truth.fade * before.tyres + truth.spread * wander
    mistake = random.random(cars) < truth.mistake_chance
    loss = np.where(mistake, 1.0 + random.lognormal(0.8, 0.8, cars), 0.0)
    stopped = np.array([lap in truth.stops[car] for car in range(cars)])
    drawn = truth.stop_s + random.normal(0, 1.0, cars)
    taken = own + loss + np.where(stopped, drawn, 0.0)
    if lap == 1:
        taken += np.abs(random.normal(0, 1.5, cars))
    racing = before.racing & (random.random(cars) >= truth.quit_chance)
    new = _pass(at=before.at, taken=taken, own=own, racing=racing, ease=truth.ease, random=random)
    tyres = np.where(stopped, 0, before.tyres + 1)
    after = State(np.where(racing, new, before.at), tyres, wander, racing)
    return after, np.asarray(_OFF_TRACK * mistake + _PITTED * stopped)


def fitted(chart: pl.DataFrame, until_lap: int) -> race_ledger.Race:
    """The cars of a chart, as the ledger fits them from the laps up to ``until_lap``."""
    cars = chart["group_id"].unique()
    entries = pl.DataFrame({"group_id": cars}).with_columns(
        car_class_id=pl.lit(1), kind=pl.lit("driver"), finish_position_in_class=None
    )
    return race_ledger.read_race(chart.filter(pl.col("lap_number") <= until_lap), entries)


def _pass(
    *,
    at: Floats,
    taken: Floats,
    own: Floats,
    racing: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    ease: float,
    random: np.random.Generator,
) -> Floats:
    """Cars in the order of the line: who comes upon a car passes it, or waits behind it."""
    new = at + taken
    order = [car for car in np.argsort(at) if racing[car]]
    for index, car in enumerate(order):
        for ahead in reversed(order[:index]):
            slow = taken[ahead] - own[ahead] > 2.0
            if new[car] < new[ahead] + 0.25 and not slow:
                gain = (own[ahead] - own[car]) + 0.5 * max(new[ahead] - new[car], 0.0)
                if random.random() > 1 - np.exp(-ease * max(gain + 0.15, 0.0)):
                    new[car] = new[ahead] + random.uniform(0.2, 0.6)
    return new


def _flagged(chart: pl.DataFrame, laps: int) -> pl.DataFrame:
    """The chart up to the flag: no lap that began after the leader had finished."""
    flag = (
        chart.filter(pl.col("lap_number") == laps)["session_time_s"].to_numpy().min(initial=np.inf)
    )
    return chart.filter(pl.col("session_time_s") - pl.col("lap_s") < flag)


def _order(chart: pl.DataFrame, cars: int) -> Integers:
    last = {
        row[0]: row[1:]
        for row in chart.sort("lap_number")
        .group_by("group_id")
        .last()
        .select("group_id", "lap_number", "session_time_s")
        .rows()
    }
    ranked = sorted(
        range(cars), key=lambda car: (-last.get(car, (0, 0.0))[0], last.get(car, (0, 0.0))[1])
    )
    place = np.empty(cars, np.int64)
    place[ranked] = np.arange(1, cars + 1)
    return place


def coverage(races: int, random: np.random.Generator) -> tuple[int, int, list[float]]:
    """Cars within the 90 % band, cars, and the widths of the bands in places."""
    within, cars, widths = 0, 0, []
    for number in range(races):
        world = drive(random)
        shown = world.laps * 2 // 3
        guess = estimate(fitted(world.chart, shown), world.stops)
        distance = Distance(laps=world.laps)
        end = finish(
            replay(guess.field, distance, guess.passing, races=500, seed=number),
            guess.field,
            distance,
        )
        low, high = np.quantile(end.place, [0.05, 0.95], axis=0, method="nearest")
        true = world.place[guess.cars]
        counted = guess.field.running
        within += int(((low <= true) & (true <= high))[counted].sum())
        cars += int(counted.sum())
        widths += list((high - low)[counted])
    return within, cars, widths


@dataclass(slots=True)
class Misses:
    """How many places the forecasts of places missed by."""

    places: list[int] = field(default_factory=list)

    def share(self, within: int) -> float:
        """Share of the forecasts that missed by at most so many places."""
        return float((np.abs(self.places) <= within).mean())


def rejoin(races: int, random: np.random.Generator) -> tuple[Misses, Misses]:
    """Misses of the place one lap after a stop, forecast from the lap before it.

    Returns:
        Misses of the replay; and of a forecaster that knows how every car truly drives, which no
        forecast from the chart can beat.
    """
    replayed, limit = Misses(), Misses()
    for number in range(races):
        world = drive(random, stop_late=True)
        places = world.chart.with_columns(
            pl.col("session_time_s").rank("ordinal").over("lap_number").alias("place")
        )
        for car, (lap,) in list(world.stops.items())[::4]:
            after = places.filter(pl.col("group_id") == car, pl.col("lap_number") == lap + 1)
            if after.is_empty() or lap < 6 or lap + 1 >= world.laps:
                continue
            guess = estimate(fitted(world.chart, lap - 1), world.stops)
            if not guess.stops_seen:
                continue
            lines = replay(
                guess.field, Distance(laps=lap + 1), guess.passing, races=200, seed=number
            )
            index = int(np.flatnonzero(guess.cars == car)[0])
            ahead = (lines[:, :, lap + 1] < lines[:, index, lap + 1][:, None]).sum(axis=1) + 1
            place = int(after["place"][0])
            replayed.places.append(_forecast(ahead) - place)
            limit.places.append(_forecast(_places_by_truth(world, car, lap)) - place)
    return replayed, limit


def _places_by_truth(world: World, car: int, lap: int, draws: int = 100) -> Integers:
    """Places a lap after a stop, in races that go on from the lap before it as the world does."""
    random = np.random.default_rng((SEED, car, lap))
    places = []
    for _ in range(draws):
        state = world.states[lap - 1]
        for number in (lap, lap + 1):
            state, _flags = _drive_lap(world.truth, state, number, random)
        if state.racing[car]:
            places.append(1 + int((state.at[state.racing] < state.at[car]).sum()))
    return np.array(places)


def _forecast(places: Integers) -> int:
    """The likeliest place."""
    return int(np.bincount(places).argmax())


def speed() -> list[float]:
    """CPU seconds of 2,000 races of 30 cars over 40 laps, three times."""
    random = np.random.default_rng(SEED)
    while (world := drive(random)).place.size != 30:
        pass
    guess = estimate(fitted(world.chart, 6), world.stops)
    times = []
    for seed in range(3):
        began = time.process_time()
        distance = Distance(laps=40)
        finish(replay(guess.field, distance, guess.passing, seed=seed), guess.field, distance)
        times.append(time.process_time() - began)
    return times


def main(races: int) -> None:
    """Print the figures."""
    random = np.random.default_rng(SEED)
    within, cars, widths = coverage(races, random)
    share = 100 * within / cars
    print(f"true finish within the 90 % band: {share:.1f} % of {cars} cars in {races} races")
    print(f"width of the band: median {np.median(widths):.0f} places, mean {np.mean(widths):.1f}")
    forecasts = dict(zip(("replay", "the truth"), rejoin(max(races // 4, 1), random), strict=True))
    for name, misses in forecasts.items():
        if misses.places:
            print(
                f"place a lap after a stop, by {name}: exact {100 * misses.share(0):.1f} %,"
                f" within one {100 * misses.share(1):.1f} % of {len(misses.places)} stops"
            )
    print(f"2,000 races of 30 cars over 40 laps: {min(speed()):.2f} s CPU")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)

"""Simulated races whose causes are known, against what the ledger says of them.

    python -m benchmarks.race_truth [--races 300] [--data FOLDER]

Each race has 12 to 30 cars over 15 to 40 laps, which follow each other on one clock. A lap has the
car's pace, its scatter (0.1 to 0.3 % of the lap, the more the further back the car starts) and what
was put into it. The table counts, for each cause, how often the 95 % interval contains what was put
in, and how often a car is given a cause in a race without any. With ``--data``, official results
and lap charts in that folder are compared too.
"""

from __future__ import annotations

import argparse
import heapq
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import race_ledger
from iracing_pipeline.analysis.irating_outcomes import outcomes
from iracing_pipeline.results.issues import Issues
from iracing_pipeline.results.laps import read_events, read_laps
from iracing_pipeline.results.source import Source
from iracing_pipeline.results.subsession import read_subsessions
from iracing_pipeline.tables.results import LAP, RESULT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

OFF_S, SLOW_STOP_S, WAKE_S, FADE_S = 12.0, 8.0, 0.3, 0.05
STOP_S = 32.0
_WAKE_WITHIN_S = 1.0
_PITTED, _OFF_TRACK, _FIRST_LAP = 2, 4, 8192
GIVEN = ("traffic", "stops", "mistakes", "fade", "cautions")
NONE = "nothing"
KINDS = (NONE, "mistakes", "stops", "traffic", "fade")


@dataclass(frozen=True)
class World:
    """A race, and what was put into each car's race.

    Attributes:
        laps: Rows of ``racing.lap``.
        results: Rows of ``racing.result``.
        truth: Seconds by cause of each car, by ``group_id``.
    """

    laps: pl.DataFrame
    results: pl.DataFrame
    truth: dict[int, dict[str, float]]


def world(kind: str, seed: int) -> World:
    """Run one race with one kind of cause, or with none."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    cars, laps = int(rng.integers(12, 31)), int(rng.integers(15, 41))
    base = float(rng.uniform(60, 130))
    pace: Floats = base * np.sort(rng.normal(1.0, 0.006, cars))
    spread: Floats = base * np.linspace(0.001, 0.003, cars) * rng.uniform(0.7, 1.0, cars)
    noise = rng.normal(0, 1, (cars, laps)) * spread[:, None]
    added, flags = np.zeros((cars, laps)), np.zeros((cars, laps), np.int64)
    flags[:, 0] = _FIRST_LAP
    truth: dict[str, Floats] = defaultdict(lambda: np.zeros(cars))
    _stops(rng, kind, added, flags, truth)
    chosen = rng.random(cars) < 0.4
    if kind == "mistakes":
        at = rng.integers(1, laps, cars)
        free = flags[np.arange(cars), at] & _PITTED == 0
        hit = chosen & free
        added[hit, at[hit]] += OFF_S
        flags[hit, at[hit]] |= _OFF_TRACK
        truth["mistakes"][hit] += OFF_S
    else:  # a flag that cost nothing is no mistake
        harmless = (rng.random((cars, laps)) < 0.03) & (flags == 0)
        flags[harmless] |= _OFF_TRACK
    wake: Floats = np.zeros(cars)
    if kind == "traffic":
        wake[:] = WAKE_S * rng.choice([-1, 1])
    grid: Floats = np.arange(cars, dtype=np.float64) * 0.35
    if kind in {"traffic", NONE}:
        _trains(rng, pace, grid, wake)
    if kind == "fade":
        age = _ages(flags)
        added[chosen] += FADE_S * age[chosen]
        truth["fade"][chosen] += (FADE_S * age)[chosen, 1:].sum(axis=1)
    clock = np.zeros((cars, laps + 1))
    clock[:, 0] = 100.0 + np.arange(cars) * 1e-3
    clock[:, 1] = np.round(clock[:, 0] + pace + noise[:, 0] + grid + 4.0, 4)
    _drive(clock, pace[:, None] + noise + added, flags, wake, truth["traffic"])
    return _frames(clock, flags, truth)


def _drive(clock: Floats, lap_s: Floats, flags: Any, wake: Floats, traffic: Floats) -> None:
    """Let the cars cross the line one after the other, and put wake on laps begun in it."""
    waiting = [(float(at), car, 1) for car, at in enumerate(clock[:, 1])]
    heapq.heapify(waiting)
    before = -np.inf
    while waiting:
        at, car, lap = heapq.heappop(waiting)
        close = at - before < _WAKE_WITHIN_S
        if lap == 0 or not flags[car, lap - 1] & _PITTED:
            before = at
        if lap == lap_s.shape[1]:
            continue
        extra = wake[car] if close and not flags[car, lap] & _PITTED else 0.0
        traffic[car] += extra
        clock[car, lap + 1] = np.round(at + lap_s[car, lap] + extra, 4)
        heapq.heappush(waiting, (float(clock[car, lap + 1]), car, lap + 1))


def _stops(
    rng: np.random.Generator, kind: str, added: Floats, flags: Any, truth: dict[str, Floats]
) -> None:
    """One stop each in half of the races, or where stops are what is put in."""
    cars, laps = added.shape
    if kind != "stops" and rng.random() < 0.5:
        return
    each = np.arange(cars)
    at = rng.integers(laps // 3, 2 * laps // 3, cars)
    slow = (rng.random(cars) < 0.4) & (kind == "stops")
    share = 0.4
    added[each, at] += share * STOP_S
    added[each, at + 1] += (1 - share) * STOP_S + SLOW_STOP_S * slow
    flags[each, at] |= _PITTED
    flags[each, at + 1] |= _PITTED
    truth["stops"] += SLOW_STOP_S * slow + STOP_S


def _trains(rng: np.random.Generator, pace: Floats, grid: Floats, wake: Floats) -> None:
    """Cars of about one pace start close behind each other, in trains of two to six."""
    first = 0
    while first < len(pace):
        size = int(rng.integers(2, 7))
        train = slice(first, first + size)
        pace[train] = pace[first] + rng.normal(0, 0.0005, len(pace[train])) * pace[first]
        pace[train][1:] -= wake[train][1:]
        grid[train] = grid[first] + np.arange(len(pace[train])) * rng.uniform(0.4, 0.9)
        first += size
        if first < len(pace):
            grid[first:] += rng.uniform(2.0, 6.0)


def _ages(flags: Any) -> Floats:
    """Laps since the stint began, as the ledger counts them."""
    age = np.zeros(flags.shape)
    for car in range(len(flags)):
        since = 0
        for lap in range(flags.shape[1]):
            age[car, lap] = since
            since = 0 if lap and flags[car, lap] & _PITTED else since + 1
            if lap and flags[car, lap] & _PITTED and not flags[car, lap - 1] & _PITTED:
                since = 1  # the out lap belongs to the same stop
                age[car, min(lap + 1, flags.shape[1] - 1)] = 0
    return age


def _frames(clock: Floats, flags: Any, truth: dict[str, Floats]) -> World:
    cars, crossings = clock.shape
    winner = clock[:, -1].min()
    complete = np.minimum((clock[:, 1:] < winner).sum(axis=1) + 1, crossings - 1)
    complete[clock[:, -1].argmin()] = crossings - 1
    last = clock[np.arange(cars), complete]
    order = np.lexsort((last, -complete))
    place = np.empty(cars, np.int64)
    place[order] = np.arange(1, cars + 1)
    group, lap = np.repeat(np.arange(cars), crossings), np.tile(np.arange(crossings), cars)
    there = lap <= complete[group]
    group, lap = group[there], lap[there]
    marks = np.where(lap > 0, flags[group, np.maximum(lap - 1, 0)], 0)
    nothing = dict.fromkeys(LAP.names, None)
    laps = pl.DataFrame(
        nothing
        | {
            "subsession_id": np.full(len(group), 1),
            "simsession_number": np.zeros(len(group), np.int32),
            "group_id": group + 1,
            "lap_number": lap,
            "session_time_s": clock[group, lap],
            "flags": marks,
        },
        schema=LAP.schema,
        strict=False,
    )
    results = RESULT.frame(
        {
            "subsession_id": 1,
            "simsession_number": 0,
            "group_id": car + 1,
            "participant_id": car + 1,
            "cust_id": car + 1,
            "kind": "driver",
            "source": "api",
            "source_rank": 1,
            "car_class_id": 1,
            "finish_position_in_class": int(place[car]),
            "laps_complete": int(complete[car]),
        }
        for car in range(cars)
    )
    of_cars = {
        car + 1: {cause: float(seconds[car]) for cause, seconds in truth.items()}
        for car in range(cars)
    }
    return World(laps, results, of_cars)


def measure(races: int, first_seed: int = 0) -> dict[str, Any]:
    """Run races of every kind, and count."""
    effects: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    shares: list[float] = []
    worst = 0.0
    for kind in KINDS:
        for seed in range(first_seed, first_seed + races):
            made = world(kind, seed)
            race = race_ledger.read_race(made.laps, made.results)
            rows = race_ledger.ledger(race, 1, 0)
            closure = rows.group_by("group_id").agg(pl.sum("seconds"), pl.first("gap_s"))
            worst = max(worst, _worst(closure["seconds"] - closure["gap_s"]))
            left = rows.filter((pl.col("cause") == "unexplained") & (pl.col("gap_s") > 0))
            shares += left["share"].abs().to_list()
            _count(kind, rows, made.truth, effects[kind])
    return {"effects": effects, "shares": shares, "worst": worst}


def _worst(values: pl.Series) -> float:
    return float(np.abs(values.to_numpy()).max(initial=0.0))


def _count(
    kind: str, rows: pl.DataFrame, truth: dict[int, dict[str, float]], count: Counter[str]
) -> None:
    for (group_id,), own in rows.group_by("group_id", maintain_order=True):
        against = own["against_group_id"][0]
        if group_id == against or own["laps_down"][0]:
            continue
        by_cause = {row["cause"]: row for row in own.rows(named=True)}
        if kind == NONE:
            count["cars"] += 1
            stops = _expected("stops", group_id, against, truth)
            given = [
                cause
                for cause in GIVEN
                if cause in by_cause
                and by_cause[cause]["supported"]
                and not (cause == "stops" and stops)
            ]
            count["given"] += bool(given)
            for cause in given:
                count[f"given {cause}"] += 1
            continue
        if not truth[group_id].get(kind):
            continue
        wanted = _expected(kind, group_id, against, truth)
        row = by_cause.get(kind)
        if row is None or row["low_s"] is None:
            count["not said"] += 1
            continue
        if kind == "stops" and not wanted:
            continue  # both alike: nothing was put in
        count["effects"] += 1
        count["inside"] += row["low_s"] <= wanted <= row["high_s"]
        count["supported"] += row["supported"]
        count["error"] += abs(row["seconds"] - wanted)


def _expected(cause: str, group_id: Any, against: int, truth: dict[int, dict[str, float]]) -> float:
    return truth[group_id].get(cause, 0.0) - truth[against].get(cause, 0.0)


def speed(cars: int, laps: int) -> tuple[float, int]:
    """CPU seconds for the ledger of one race, and its lap rows."""
    rng = np.random.default_rng(1)
    clock = np.zeros((cars, laps + 1))
    clock[:, 1:] = (
        100 + np.arange(cars)[:, None] * 0.05 + rng.normal(0, 0.3, (cars, laps))
    ).cumsum(axis=1)
    flags = np.where(rng.random((cars, laps)) < 0.03, _OFF_TRACK, 0)
    flags[:, 29::30] |= _PITTED
    made = _frames(np.round(clock, 4), flags, {})
    began = time.process_time()
    race = race_ledger.read_race(made.laps, made.results)
    race_ledger.ledger(race, 1, 0)
    race_ledger.race_paces(race, 1, 0)
    race_ledger.traffic_effects(race, 1, 0)
    return time.process_time() - began, made.laps.height


def official(folder: Path) -> None:
    """Compare iRating and closing with every official payload of a folder."""
    print("\n| subsession | kind | drivers | within 1 | within 2 | worst | note |")
    print("| --- | --- | ---: | ---: | ---: | ---: | --- |")
    totals: Counter[str] = Counter()
    for path in sorted(folder.glob("results_get__*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        frames = read_subsessions([document], Source.API, Issues())
        subsession = frames.subsession.row(0, named=True)
        rows = outcomes(subsession, frames.result, frames.subsession_class)
        team = (subsession["max_team_drivers"] or 1) > 1
        kind = ("multiclass" if subsession["multiclass"] else "one class") + (
            " team" if team else ""
        )
        here = rows.filter("finished_here").drop_nulls(["irating_change", "official_change"])
        off = (here["irating_change"] - here["official_change"]).abs()
        note = "; ".join(rows["note"].drop_nulls().unique()) if rows.height else "changes no rating"
        one, two = int((off <= 1).sum()), int((off <= 2).sum())
        totals += Counter({"drivers": here.height, "one": one, "two": two})
        worst = f"{_worst(off):.2f}" if here.height else ""
        print(
            f"| {subsession['subsession_id']} | {kind} | {here.height} | {one} | {two} | {worst}"
            f" | {note} |"
        )
    print(f"| all | | {totals['drivers']} | {totals['one']} | {totals['two']} | | |")
    for path in sorted(folder.glob("results_lap_chart_data__*_0__rows.json")):
        _closing(folder, path)


def _closing(folder: Path, path: Path) -> None:
    subsession_id = int(path.stem.split("__")[1].split("_")[0])
    chart = json.loads(path.read_text(encoding="utf-8"))
    laps = read_laps([(subsession_id, 0, chart)], Source.API, Issues())
    result = next(folder.glob(f"results_get__{subsession_id}*.json"), None)
    results = RESULT.frame()
    if result is not None:
        document = json.loads(result.read_text(encoding="utf-8"))
        frames = read_subsessions([document], Source.API, Issues())
        results = frames.result.filter(simsession_number=0)
    log = folder / f"results_event_log__{subsession_id}_0__rows.json"
    events = None
    if log.exists():
        events = read_events([(subsession_id, 0, json.loads(log.read_text("utf-8")))], Issues())
    race = race_ledger.read_race(laps, results, events)
    rows = race_ledger.ledger(race, subsession_id, 0)
    cars = rows.group_by("group_id", maintain_order=True).agg(
        pl.sum("seconds"), pl.first("gap_s"), pl.first("official_gap_s"), pl.first("lap_number")
    )
    closure = _worst(cars["seconds"] - cars["gap_s"])
    against = (cars["gap_s"] - cars["official_gap_s"]).abs()
    print(f"\n{subsession_id}: {cars.height} cars, worst closing {closure * 1e3:.6f} ms,", end=" ")
    output = against.drop_nulls()
    print(
        f"against the result {_worst(output) * 1e3:.3f} ms ({len(output)} cars)"
        if len(output)
        else "no result at hand"
    )
    ranked = cars.sort("lap_number", "gap_s", descending=[True, False])["group_id"].to_list()
    for name, group_id in (
        ("winner", ranked[0]),
        ("median", ranked[len(ranked) // 2]),
        ("last", ranked[-1]),
    ):
        own = rows.filter(group_id=group_id)
        print(f"  {name} ({group_id}), {own['gap_s'][0]:.3f} s at lap {own['lap_number'][0]}:")
        for row in own.rows(named=True):
            interval = (
                "" if row["low_s"] is None else f" ({row['low_s']:+.3f} to {row['high_s']:+.3f})"
            )
            value = row["own_s"] if name == "winner" else row["seconds"]
            print(f"    {row['cause']:<12} {value:+10.3f} s{interval}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--races", type=int, default=300, help="races of each kind")
    parser.add_argument("--data", type=Path, help="folder with official payloads")
    given = parser.parse_args()
    result = measure(given.races)
    print(
        f"{given.races} races of each kind; worst closing {result['worst'] * 1e3:.6f} ms;", end=" "
    )
    print(f"unexplained: median {np.median(result['shares']):.2%} of the gap\n")
    print("| put in | effects | interval holds | supported | mean error (s) | not said |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for kind, count in result["effects"].items():
        if kind == NONE or not count["effects"]:
            continue
        number = count["effects"]
        print(
            f"| {kind} | {number:,} | {count['inside'] / number:.1%} |"
            f" {count['supported'] / number:.1%} | {count['error'] / number:.2f} |"
            f" {count['not said']:,} |"
        )
    none = result["effects"][NONE]
    print(
        f"\nnothing put in: {none['cars']:,} cars, {none['given'] / none['cars']:.1%} given a cause"
    )
    print({name: number for name, number in none.items() if name.startswith("given ")})
    for cars, laps in ((60, 40), (59, 606)):
        seconds, rows = speed(cars, laps)
        print(f"{cars} cars x {laps} laps ({rows:,} rows): {seconds:.3f} s of CPU")
    if given.data:
        official(given.data)


if __name__ == "__main__":
    main()

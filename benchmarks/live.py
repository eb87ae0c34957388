"""``python -m benchmarks.live``: accuracy and cost of the pit wall in simulated races.

Each race is read once a second of its clock, as ``iracing-pipeline live`` reads it, and each
figure is compared with the rest of the race. The simulator that draws the races has another model
than the analysis (`iracing_pipeline/demo/live_race/timing.py`).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
import tracemalloc
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import polars as pl

from iracing_pipeline.analysis.fuel_to_flag import FuelPrior, fuel_prior, per_lap
from iracing_pipeline.analysis.irating import changes
from iracing_pipeline.analysis.pit_wall import Moment, pit
from iracing_pipeline.demo.lap import reference_lap
from iracing_pipeline.demo.live_race import RaceSetup
from iracing_pipeline.demo.live_race.entries import Entries
from iracing_pipeline.demo.live_race.memory import MemoryWriter
from iracing_pipeline.demo.live_race.moments import Moments, channels
from iracing_pipeline.demo.live_race.timing import PARADE_S, Timing, draw
from iracing_pipeline.metrics.families import exposition
from iracing_pipeline.metrics.live.decisions import Decisions, Strategist
from iracing_pipeline.metrics.live.gauges import families
from iracing_pipeline.metrics.live.known import Known
from iracing_pipeline.metrics.live.outlooks import Answered, Asked, answer
from iracing_pipeline.metrics.live.page import event
from iracing_pipeline.metrics.live.serve import Wall
from iracing_pipeline.metrics.live.simulator import Reading, Simulator
from iracing_pipeline.metrics.live.site import Site

_PRIOR_SESSIONS, _PRIOR_LAPS = 6, 15
_RACE_FUEL, _LAP_FUEL = 0.015, 0.012


@dataclass(slots=True)
class Score:
    """Figures and their true values."""

    fuel: list[bool] = field(default_factory=list)
    fuel_early: list[bool] = field(default_factory=list)
    windows: list[bool] = field(default_factory=list)
    ratings: list[float] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    stops_unknown: int = 0
    readings: int = 0


class Driven:
    """A simulated race that is read second by second.

    Args:
        path: File of the memory.
        setup: The race.
    """

    def __init__(self, path: Path, setup: RaceSetup) -> None:
        self.timing = draw(setup)
        self.moments = Moments(self.timing, setup.seed + 1)
        self.entries = Entries(self.moments)
        self.memory = MemoryWriter(path, channels())
        self.memory.connect()
        self.now = 0.0
        self.simulator = Simulator(path, monotonic=lambda: self.now)
        self.tick = 0
        self._shown: object = None

    def read(self, t: float) -> Reading:
        """The reading of a session time."""
        self.now = t
        state = self.entries.state(t)
        if state != self._shown:
            self.memory.set_session_info(self.entries.text(t))
            self._shown = state
        self.tick += 1
        self.memory.write(self.moments.values(t, self.tick))
        reading = self.simulator.read()
        assert reading is not None  # noqa: S101 - the memory is there
        return reading


def prior(setup: RaceSetup, rng: np.random.Generator) -> FuelPrior:
    """Figures that earlier sessions of the same car would have stored."""
    base = reference_lap(setup.car, setup.circuit).fuel_l
    rows = [
        {"session_key": str(key), "condition": "clean", "fuel_used_l": used}
        for key in range(_PRIOR_SESSIONS)
        for used in base
        * (1 + rng.normal(0, _RACE_FUEL))
        * (1 + rng.normal(0, _LAP_FUEL, _PRIOR_LAPS))
    ]
    found = fuel_prior(pl.DataFrame(rows))
    assert found is not None  # noqa: S101 - six sessions
    return found


def place(setup: RaceSetup) -> dict[str, Any]:
    """The row of ``racing.car_track`` that a driver who stopped here before has."""
    pit_lane, length = setup.circuit.pit, setup.circuit.length_m
    lap = reference_lap(setup.car, setup.circuit)
    nodes = np.linspace(0, length, len(lap.elapsed))
    entry, out = (
        float(np.interp(at, nodes, lap.elapsed)) for at in (pit_lane.entry_m, pit_lane.exit_m)
    )
    driven = (length - pit_lane.entry_m + pit_lane.exit_m) / pit_lane.speed_limit_mps
    unknown = dict.fromkeys(
        f"{name}_{end}"
        for name in ("fuel_effect", "degradation")
        for end in ("s_per_l", "low_s_per_l", "high_s_per_l", "s_per_lap", "low_s_per_lap",
                    "high_s_per_lap")
    ) | dict.fromkeys(("lap_spread_s", "caution_chance", "pit_loss_spread_s"))  # fmt: skip
    return unknown | {
        "base_lap_s": lap.time_s,
        "fuel_p65_l": lap.fuel_l,
        "tank_l": setup.car.tank_l,
        "pit_loss_s": driven - (lap.time_s - entry + out) + 1.2,
        "refuel_lps": setup.car.refuel_lps,
        "tyre_change_s": setup.car.tyre_change_s,
    }


def race(path: Path, seed: int, score: Score) -> None:  # noqa: C901 - one comparison after another
    """Drive a race and compare."""
    rng = np.random.default_rng([17, seed])
    setup = RaceSetup(
        cars=int(rng.integers(20, 61)),
        minutes=float(rng.integers(25, 46)),
        seed=10_000 + seed,
        classes=int(rng.integers(1, 3)),
        tank=float(rng.uniform(0.3, 0.5)),
    )
    driven, known = Driven(path, setup), Known(place(setup), prior(setup, rng))
    timing, own = driven.timing, driven.timing.own
    last: list[Answered] = []

    def ask(asked: Asked) -> None:
        last[:] = [answer(asked)]

    strategist = Strategist(ask, lambda: last[0] if last else None)
    ratings = np.array([driven.entries.drivers[car][0].irating for car in range(setup.cars)])
    stops = {stop.lap: stop for stop in timing.stops[own]}
    after: dict[int, float | None] = {}
    seen_lap = -1
    for t in np.arange(PARADE_S - 10, float(timing.finished_s[own]), 1.0):
        reading = driven.read(float(t))
        fuel, charts = driven.simulator.fuel, driven.simulator.field_watch.charts
        decided = strategist.decide(reading, fuel, charts, known)
        score.readings += 1
        _fuel(timing, float(t), decided, score)
        car = reading.own
        if car is None or car.laps is None:
            continue
        if reading.irating_change is not None:
            score.ratings.append(abs(reading.irating_change - _rating(timing, float(t), ratings)))
        if car.laps != seen_lap and car.laps >= 2:
            seen_lap = car.laps
            # The laps at the flag are those of the outlook; fuel and its use are the truth's.
            outlook = last[0].outlook if last else None
            if outlook is not None and decided.use is not None:
                score.windows.append(_same_window(driven, reading, decided, known, outlook.laps))
        if car.laps + 1 in stops and not car.on_pit_road:
            after[car.laps + 1] = decided.of("place_after_stop")
    for lap, found in after.items():
        if lap + 1 > timing.laps[own]:
            continue
        if found is None:
            score.stops_unknown += 1
        else:
            score.stops.append(abs(found - _place_if_others_stay_out(timing, lap)))
    driven.simulator.close()
    driven.memory.close()


def _fuel(timing: Timing, t: float, decided: Decisions, score: Score) -> None:
    needed = decided.fuel.needed
    if needed is None:
        return
    own, done = timing.own, int(timing.done(t)[timing.own])
    rest = timing.burnt_l[own, done + 1 : int(timing.laps[own]) + 1]
    if t < timing.crossed_s[own, done] or not len(rest):
        return
    truth = float(rest.sum() - rest[0] * _driven_share(timing, t))
    held = needed.low - 0.02 <= truth <= needed.high + 0.02
    score.fuel.append(held)
    if done < 5:
        score.fuel_early.append(held)


_SHARES: dict[int, Moments] = {}


def _driven_share(timing: Timing, t: float) -> float:
    """Share of the lap that the own car has driven, by the simulator."""
    if id(timing) not in _SHARES:
        _SHARES.clear()
        _SHARES[id(timing)] = Moments(timing, 1)
    return float(_SHARES[id(timing)].values(t, 1)["LapDistPct"])


def _rating(timing: Timing, t: float, ratings: np.ndarray) -> float:
    members = np.flatnonzero(timing.class_of == timing.class_of[timing.own])
    order = members[np.argsort(timing.place(t)[members])]
    done = timing.done(t)[order] > 0
    change = changes(ratings[order].astype(np.float64), done)
    return float(change[list(order).index(timing.own)])


def _place_if_others_stay_out(timing: Timing, lap: int) -> int:
    """Place in class at the end of the out lap of a stop at the end of ``lap``.

    A rival that stops in the same laps is taken as if it had gone on at its usual pace.
    """
    own = timing.own
    at, ahead = timing.crossed_s[own, lap + 1], 0
    for car in np.flatnonzero(timing.class_of == timing.class_of[own]):
        row = timing.crossed_s[car]
        if car == own or not np.isfinite(row[: lap + 2]).all():
            continue
        there = row[lap + 1]
        stops = {stop.lap for stop in timing.stops[car]}
        if stops & {lap - 1, lap, lap + 1}:
            usual = float(np.median(np.diff(row[1 : lap + 1])))
            first = lap - 2 if lap - 1 in stops else lap - 1
            there = row[first] + (lap + 1 - first) * usual
        ahead += there < at
    return 1 + ahead


def _same_window(
    driven: Driven, reading: Reading, decided: Decisions, known: Known, laps: np.ndarray
) -> bool:
    timing, own = driven.timing, driven.timing.own
    done = int(reading.own.laps) if reading.own is not None and reading.own.laps else 0
    pitted = {lap for stop in timing.stops[own] for lap in (stop.lap, stop.lap + 1)}
    burnt = [timing.burnt_l[own, lap] for lap in range(2, done + 1) if lap not in pitted]
    share = reading.values["LapDistPct"]
    moment = Moment(
        fuel_l=reading.values["FuelLevel"],
        tank_l=reading.about.tank_l,
        share=share,
        lap_s=reading.own.median_lap_s if reading.own is not None else None,
    )
    truth = pit(moment, per_lap(known.prior, burnt), laps - done - share, known.place)
    mine = decided.pit
    return (truth.window, truth.stops, truth.opens_in, truth.closes_in) == (
        mine.window,
        mine.stops,
        mine.opens_in,
        mine.closes_in,
    )


def cost(path: Path, cars: int, seconds: int) -> dict[str, float]:
    """Processor time of a reading and all that is made of it, and its memory."""
    driven = Driven(path, RaceSetup(cars=cars, classes=2, seed=3))
    strategist = Strategist()
    spent, sizes = [], []
    tracemalloc.start()
    begun = 0
    for number, t in enumerate(np.arange(100.0, 100.0 + seconds, 1.0)):
        driven.now = float(t)
        driven.memory.write(driven.moments.values(float(t), number + 1))
        if number == 0:
            driven.memory.set_session_info(driven.entries.text(float(t)))
        if number == seconds // 3:
            begun = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
        start = time.process_time()
        reading = driven.simulator.read()
        assert reading is not None  # noqa: S101 - the memory is there
        watch = driven.simulator
        decided = strategist.decide(reading, watch.fuel, watch.field_watch.charts)
        text = exposition(families(reading, decided))
        sent = event(reading, decided, fuel=watch.fuel, watch=watch.field_watch)
        spent.append(time.process_time() - start)
        sizes.append(len(text) + len(sent))
    driven.simulator.close()
    driven.memory.close()
    used = np.array(spent[seconds // 3 :]) * 1e3
    return {
        "mean_ms": float(used.mean()),
        "p99_ms": float(np.quantile(used, 0.99)),
        "bytes": float(np.mean(sizes)),
        "traced_mib": begun / 2**20,
    }


def latency(path: Path, seconds: float) -> dict[str, float]:
    """A scrape, an event of the page, and the age of what they show, while a race runs at 1x."""
    driven = Driven(path, RaceSetup(cars=60, classes=2, seed=3))
    stop, wall = threading.Event(), Wall(driven.simulator)
    written: dict[int, float] = {}

    def run() -> None:
        begun = time.monotonic()
        while not stop.is_set():
            driven.now = time.monotonic()
            t = 100.0 + time.monotonic() - begun
            number = driven.tick = driven.tick + 1
            written[round(t * 1000)] = time.monotonic()
            values = driven.moments.values(t, number)
            driven.memory.write(values)
            stop.wait(1 / 60)

    driven.memory.set_session_info(driven.entries.text(100.0))
    driven.memory.write(driven.moments.values(100.0, 1))
    driven.tick = 1
    wall.look()
    site = Site(lambda: wall.text, wall.feed)
    site.start()
    wall.start()

    def look() -> None:
        while not stop.wait(1.0):
            looked.append(time.monotonic())
            wall.look()

    looked: list[float] = []
    threads = [threading.Thread(target=each, daemon=True) for each in (run, look)]
    scrapes, events = [], []

    def listen() -> None:
        with urlopen(f"{site.address}events", timeout=10) as answered:  # noqa: S310 - our own
            while not stop.is_set():
                if answered.readline().startswith(b"data:"):
                    events.append(time.monotonic())

    threads.append(threading.Thread(target=listen, daemon=True))
    for thread in threads:
        thread.start()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        begun = time.monotonic()
        with urlopen(f"{site.address}metrics", timeout=10) as answered:  # noqa: S310 - our own
            answered.read()
        scrapes.append(time.monotonic() - begun)
        time.sleep(0.1)
    stop.set()
    site.stop()
    wall.stop()
    delays = [min((e - at for e in events if e >= at - 0.001), default=9.0) for at in looked[:-1]]
    return {
        "scrape_p50_ms": float(np.quantile(scrapes, 0.5) * 1e3),
        "scrape_p99_ms": float(np.quantile(scrapes, 0.99) * 1e3),
        "scrapes": float(len(scrapes)),
        "event_max_ms": float(max(delays, default=float("nan")) * 1e3),
    }


def _share(values: list[bool]) -> str:
    return f"{np.mean(values):.1%} of {len(values)}" if values else "none"


def main() -> None:
    """Run the measures that are asked for and print them as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--races", type=int, default=8, help="races to drive (default 8)")
    parser.add_argument("--first", type=int, default=0, help="number of the first race")
    parser.add_argument("--seconds", type=float, default=20.0, help="seconds of latency measures")
    asked = parser.parse_args()
    score = Score()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    print("\n| measure | value |\n| --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory"
        for cars in (24, 60):
            found = cost(path, cars, 150)
            print(
                f"| a reading of {cars} cars with decisions, text and event |"
                f" {found['mean_ms']:.1f} ms of the processor, p99 {found['p99_ms']:.1f} ms,"
                f" {found['bytes'] / 1024:.0f} KiB of answers |"
            )
        if asked.seconds > 0:
            late = latency(path, asked.seconds)
            print(
                f"| a scrape while 60 cars race at 1x | p50 {late['scrape_p50_ms']:.1f} ms, p99"
                f" {late['scrape_p99_ms']:.1f} ms of {late['scrapes']:.0f} |"
            )
            print(f"| a reading on the page after at most | {late['event_max_ms']:.0f} ms |")
        for number in range(asked.first, asked.first + asked.races):
            race(path, number, score)
    if not asked.races:
        return
    print(f"| races, readings | {asked.races}, {score.readings} |")
    print(f"| fuel to the flag within its 95 % interval | {_share(score.fuel)} |")
    print(f"| the same in the first five laps | {_share(score.fuel_early)} |")
    print(f"| window as by the true fuel of each lap | {_share(score.windows)} |")
    worst = max(score.ratings, default=0.0)
    print(f"| iRating now, largest difference to the true order | {worst:.2f} |")
    within = [error <= 1 for error in score.stops]
    print(f"| place after a stop within one | {_share(within)}, {score.stops_unknown} unknown |")


if __name__ == "__main__":
    main()

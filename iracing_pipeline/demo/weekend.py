"""Race weekends drawn at random, with everything that a race does to laps, and the truth beside.

A weekend is one recording: a practice, a qualifying or a race, or all three in one file; it may
begin and end anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.demo.car import CORVANE_GT3, FORMULA_VALE, TRIPLE_CROWN_STOCK
from iracing_pipeline.demo.channels import channels_of
from iracing_pipeline.demo.circuits import COPPER_BASIN, HALDEN_RIDGE, MILLBROOK
from iracing_pipeline.demo.plan import (
    Caution,
    Ending,
    LapClockFrom,
    OffTrack,
    Plan,
    Reset,
    Session,
    Spin,
    Start,
    StartKind,
    Stop,
)
from iracing_pipeline.demo.simulate import simulate_session

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from iracing_pipeline.demo.car import Car
    from iracing_pipeline.demo.circuit import Circuit
    from iracing_pipeline.demo.truth import LapTruth, PitStopTruth, SessionTruth

_PAIRS: tuple[tuple[Car, Circuit], ...] = (
    (TRIPLE_CROWN_STOCK, COPPER_BASIN),
    (FORMULA_VALE, MILLBROOK),
    (TRIPLE_CROWN_STOCK, COPPER_BASIN),
    (FORMULA_VALE, MILLBROOK),
    (CORVANE_GT3, HALDEN_RIDGE),
)
_TEAM = ("Ada Example", "Ben Example")


@dataclass(frozen=True, slots=True)
class Weekend:
    """One recording of a race weekend.

    Attributes:
        plans: What was driven, session by session.
        records: The recording.
        laps: What really happened, lap by lap; stints and sets counted over the whole file.
        stops: Pit stops in which the car left again.
    """

    plans: tuple[Plan, ...]
    records: pl.DataFrame
    laps: tuple[LapTruth, ...]
    stops: tuple[PitStopTruth, ...]


def draw_weekend(number: int, columns: Collection[str] | None = None) -> Weekend:
    """The weekend of a number: the same number is the same weekend.

    Args:
        number: From 0. One in four holds all three sessions, one in four is cut at both ends.
        columns: Channels wanted; all of the car's if None.
    """
    rng = np.random.default_rng([20260719, number])
    car, circuit = _PAIRS[number % len(_PAIRS)]
    kinds = (
        (Session.PRACTICE, Session.QUALIFY, Session.RACE) if number % 4 == 1 else (Session.RACE,)
    )
    if number % 8 == 2:
        kinds = (Session.PRACTICE,)
    plans = tuple(_plan(kind, car, circuit, rng) for kind in kinds)
    parts = []
    for index, plan in enumerate(plans):
        frame, truth = simulate_session(
            car, circuit, plan, 10 * number + index, columns=_of(car, columns)
        )
        parts.append((frame, truth))
    weekend = _joined(plans, parts)
    return _cropped(weekend, rng) if number % 4 == 3 else weekend


def _of(car: Car, columns: Collection[str] | None) -> list[str] | None:
    """Those of the columns that a car has."""
    if columns is None:
        return None
    return [channel.name for channel in channels_of(car) if channel.name in columns]


def _plan(kind: Session, car: Car, circuit: Circuit, rng: np.random.Generator) -> Plan:
    laps = int(rng.integers(3, 6)) if car is CORVANE_GT3 else int(rng.integers(4, 8))
    late = int(rng.integers(0, 10)) if rng.random() < 0.5 else 0
    fuel_l = 0.35 * car.tank_l
    common: dict[str, Any] = {"fuel_l": fuel_l, "experience_laps": 100, "counted_late": late}
    if kind is Session.PRACTICE:
        return Plan(
            kind,
            laps=laps,
            resets=_resets(laps, circuit, rng),
            mishaps=_mishaps(laps, circuit, rng),
            ending=_ending(rng),
            **common,
        )
    if kind is Session.QUALIFY:
        # The time runs out in the last lap, which counts.
        over = float(rng.uniform(1.0, 12.0)) if rng.random() < 0.7 else 0.0
        return Plan(
            kind, laps=3, ending=Ending.TRACK, leader_ahead_s=over, cooldown_laps=1, **common
        )
    stop = int(rng.integers(2, laps))
    return Plan(
        kind,
        laps=laps,
        stops=_stops(stop, laps, rng),
        cautions=(Caution(stop, stop + 1),) if rng.random() < 0.3 else (),
        mishaps=_mishaps(stop - 1, circuit, rng),
        resets=(Reset(laps, 0.4, tow=True, tow_late=int(rng.integers(0, 3))),)
        if rng.random() < 0.2
        else (),
        leader_ahead_s=float(rng.uniform(0.0, 15.0)) if rng.random() < 0.7 else 0.0,
        cooldown_laps=int(rng.integers(0, 2)),
        ending=_ending(rng),
        start=_start(rng),
        **common,
    )


def _ending(rng: np.random.Generator) -> Ending:
    return Ending.TRACK if rng.random() < 0.6 else Ending.PITS


def _start(rng: np.random.Generator) -> Start:
    clock = LapClockFrom.GREEN if rng.random() < 0.5 else LapClockFrom.LINE
    kind = rng.choice(4)
    if kind == 0:
        grid = float(rng.choice([0.96, 0.985, 1.02]))
        return Start(StartKind.STANDING, grid_at=grid, clock=clock)
    if kind == 1:
        return Start(StartKind.PIT_LANE, clock=clock)
    return Start(StartKind.ROLLING, parade_laps=int(rng.integers(0, 3)), clock=clock)


def _stops(lap: int, laps: int, rng: np.random.Generator) -> tuple[Stop, ...]:
    drawn = rng.random()
    if drawn < 0.2:
        return ()
    if drawn < 0.4:
        return (Stop(lap, drive_through=True, black_flag=True, tyres=False),)
    first = Stop(lap, fuel_l=float(rng.uniform(0.5, 4.0)), tyres=bool(rng.random() < 0.7))
    if drawn < 0.6 and lap + 2 < laps:
        return (first, Stop(lap + 2, fuel_l=1.0, driver=_TEAM[1]))
    return (first,)


def _resets(laps: int, circuit: Circuit, rng: np.random.Generator) -> tuple[Reset, ...]:
    if rng.random() < 0.4:
        return ()
    lap = int(rng.integers(2, laps + 1))
    # Sometimes a stone's throw from the stall: less than 2 % of the lap.
    near = circuit.pit.stall_m / circuit.length_m + 0.012
    at = near if rng.random() < 0.3 else float(rng.uniform(0.2, 0.8))
    late = int(rng.integers(0, 3))
    return (Reset(lap, at % 1.0, tow=bool(rng.random() < 0.4), tow_late=late),)


def _mishaps(laps: int, circuit: Circuit, rng: np.random.Generator) -> tuple[OffTrack | Spin, ...]:
    if laps < 2 or rng.random() < 0.6:
        return ()
    corner = int(rng.integers(len(circuit.corners)))
    mishap = OffTrack if rng.random() < 0.5 else Spin
    return (mishap(int(rng.integers(2, laps + 1)), corner),)


def _joined(plans: Sequence[Plan], parts: list[tuple[pl.DataFrame, SessionTruth]]) -> Weekend:
    """Sessions one after the other in one file; stints and sets go on counting."""
    frames, laps, stops = [], [], []
    stint = tyre_set = 0
    for number, (frame, truth) in enumerate(parts):
        frames.append(frame.with_columns(SessionNum=pl.lit(number, frame.schema["SessionNum"])))
        laps += [
            replace(lap, stint=lap.stint + stint, tyre_set=lap.tyre_set + tyre_set)
            for lap in truth.laps
        ]
        stops += [replace(stop, stint=stop.stint + stint) for stop in truth.stops]
        stint = max(lap.stint for lap in laps)
        tyre_set = max(lap.tyre_set for lap in laps)
    return Weekend(tuple(plans), pl.concat(frames), tuple(laps), tuple(stops))


def _cropped(weekend: Weekend, rng: np.random.Generator) -> Weekend:
    """The recording from the middle of one timed lap to that of a later one, where it has two."""
    timed = [
        index
        for index, lap in enumerate(weekend.laps)
        if lap.kind == "timed" and not lap.incidents and not lap.caution
    ]
    if len(timed) < 2:
        return weekend
    first, last = timed[0], timed[-1]
    begin_s, end_s = (
        _within(weekend.laps[index], float(rng.uniform(0.2, 0.8))) for index in (first, last)
    )
    records = weekend.records.filter(pl.col("SessionTime").is_between(begin_s, end_s))
    base = weekend.laps[first]
    laps = [
        replace(
            lap,
            kind="partial" if index in {first, last} else lap.kind,
            start_s=None if index == first else lap.start_s,
            end_s=None if index == last else lap.end_s,
            lap_time_s=None if index in {first, last} else lap.lap_time_s,
            official_s=None if index == last else lap.official_s,
            stint=lap.stint - base.stint + 1,
            tyre_set=lap.tyre_set - base.tyre_set + 1,
        )
        for index, lap in enumerate(weekend.laps)
        if first <= index <= last
    ]
    stops = [
        replace(stop, stint=stop.stint - base.stint + 1)
        for stop in weekend.stops
        if begin_s < stop.entry_s and stop.exit_s < end_s
    ]
    return replace(weekend, records=records, laps=tuple(laps), stops=tuple(stops))


def _within(lap: LapTruth, part: float) -> float:
    assert lap.start_s is not None  # noqa: S101 - of a timed lap
    assert lap.lap_time_s is not None  # noqa: S101
    return lap.start_s + part * lap.lap_time_s

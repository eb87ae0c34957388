"""Figures of the analysis of simulated sessions, compared with the truth.

Run: python -m benchmarks.truth [sessions]

Half of the sessions are races with a stop, the others practice; cars and circuits take turns.
Six sessions of a car on a circuit, one after the other, are a season: pooled figures come from
one.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import corner_map, fuel, stints, track_grid, tyres
from iracing_pipeline.analysis.car_track import pooled_effects
from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.analysis.sectors import LAP_KEY
from iracing_pipeline.analysis.track_evidence import lengths
from iracing_pipeline.analysis.unrolled import Unrolled, unroll
from iracing_pipeline.demo.car import CORVANE_GT3, FORMULA_VALE, TRIPLE_CROWN_STOCK, Car
from iracing_pipeline.demo.circuits import COPPER_BASIN, HALDEN_RIDGE, MILLBROOK
from iracing_pipeline.demo.plan import Plan, Session, Spin, Stop
from iracing_pipeline.demo.simulate import simulate_session

if TYPE_CHECKING:
    from iracing_pipeline.demo.circuit import Circuit
    from iracing_pipeline.demo.truth import SessionTruth

SESSION: dict[str, Any] = {
    "session_key": "s",
    "start_time": datetime(2026, 3, 7, 19, 15, 33, tzinfo=UTC),
    "cust_id": 1,
    "driver_name": "",
    "setup_name": "",
}
# Car, circuit, laps of a race, fuel at its start, fuel at its stop.
RACES: tuple[tuple[Car, Circuit, int, float, float], ...] = (
    (CORVANE_GT3, HALDEN_RIDGE, 24, 62.0, 20.0),
    (FORMULA_VALE, MILLBROOK, 28, 15.0, 2.0),
    (TRIPLE_CROWN_STOCK, COPPER_BASIN, 50, 40.0, 5.0),
)
TOLERANCES = {
    "lap time (s)": 1e-3,
    "corner time, true corner (s)": 2e-3,
    "corner start (m)": 15.0,
    "corner end (m)": 15.0,
    "corner apex (m)": 6.0,
    "fuel of a lap (l)": 0.02,
    "fuel added (l)": 0.02,
    "pit stop (s)": 0.05,
    "pit loss (s)": 0.5,
    "time standing in the stall (s)": 0.1,
    "refuelling rate (l/s)": 0.1,
    "tread of a set that came off": 1e-3,
    "fuel effect (s/l)": None,
    "degradation (s/lap)": None,
    "pooled fuel effect (s/l)": None,
    "pooled degradation (s/lap)": None,
}
SEASON = 6
"""Sessions that are pooled."""
Errors = dict[str, list[float]]
Covered = dict[str, list[bool]]
Seasons = dict[int, list[tuple[pl.DataFrame, "SessionTruth"]]]


def one(number: int, errors: Errors, covered: Covered, seasons: Seasons) -> None:
    """Simulate, analyse and compare a session."""
    car, circuit, laps, start_l, stop_l = RACES[number % len(RACES)]
    race = number % 2 == 0
    plan = Plan(
        Session.RACE if race else Session.PRACTICE,
        laps=laps if race else 6,
        fuel_l=start_l,
        stops=(Stop(laps // 2, stop_l),) if race else (),
        mishaps=() if number % 5 else (Spin(2, 1),),
        experience_laps=200,
        dropped_ticks=number % 3,
        clock_slips=number % 4,
    )
    records, truth = simulate_session(car, circuit, plan, 1000 + number)
    found_laps = find_laps(records, session_key="s", start=SESSION["start_time"])
    samples = Samples.of(records)
    grid = track_grid.measure(records, lengths(records, samples, None), track_id=1)
    assert grid is not None  # noqa: S101 - the simulator records its length
    unrolled = unroll(samples, found_laps, before=0.3)
    _laps(found_laps, truth, errors)
    _corner_times(unrolled, circuit, truth, errors)
    corners = corner_map.find(records, unrolled, grid)
    if corners is not None and len(corners.corners) == len(circuit.corners):
        for corner, true in zip(corners.corners, circuit.corners, strict=True):
            errors["corner start (m)"].append(corner.start_pct * grid.length_m - true.start_m)
            errors["corner apex (m)"].append(corner.apex_pct * grid.length_m - true.apex_m)
            errors["corner end (m)"].append(corner.end_pct * grid.length_m - true.end_m)
    covered["corners found"].append(
        corners is not None and len(corners.corners) == len(circuit.corners)
    )
    sets = tyres.tyre_sets(records, samples, found_laps)
    table = stints.stints(samples, found_laps, unrolled, sets, SESSION)
    _stints(table, truth, car, errors, covered)
    aged = tyres.tyre_laps(records, found_laps, sets).select(*LAP_KEY, "set_lap")
    laps_on_sets = found_laps.filter("clean").join(aged, on=LAP_KEY)
    season = seasons[number % len(RACES)]
    season.append((laps_on_sets.with_columns(session_key=pl.lit(str(number))), truth))
    if len(season) == SEASON:
        _pooled(season, errors, covered)
        season.clear()
    _tread(tyres.tyre_set_table(records, samples, found_laps, sets), records, truth, errors)


def _laps(found_laps: pl.DataFrame, truth: SessionTruth, errors: Errors) -> None:
    fuelled = fuel.fuel_laps(found_laps)
    for lap in truth.laps:
        row = found_laps.filter(pl.col("lap_number") == lap.number)
        if row.height != 1 or lap.lap_time_s is None or lap.kind != "timed":
            continue
        if row["lap_time_method"][0] == "clock":
            errors["lap time (s)"].append(row["lap_time_s"][0] - lap.lap_time_s)
        used = fuelled.filter(pl.col("lap_number") == lap.number)["fuel_used_l"][0]
        errors["fuel of a lap (l)"].append(used - lap.fuel_used_l)


def _corner_times(
    unrolled: Unrolled, circuit: Circuit, truth: SessionTruth, errors: Errors
) -> None:
    edges = np.array([m for c in circuit.corners for m in (c.start_m, c.end_m)])
    elapsed, _ = unrolled.elapsed(edges / circuit.length_m)
    times = elapsed[:, 1::2] - elapsed[:, ::2]
    by_number = {lap.number: lap for lap in truth.laps}
    for index, number in enumerate(unrolled.laps["lap_number"]):
        if by_number[number].incidents:  # a car that spins stands just where its corner ends
            continue
        for time, true in zip(times[index], by_number[number].corner_times_s, strict=True):
            if true is not None:
                errors["corner time, true corner (s)"].append(time - true)


def _stints(
    table: pl.DataFrame, truth: SessionTruth, car: Car, errors: Errors, covered: Covered
) -> None:
    for stop in truth.stops:
        row = table.row(0, named=True)
        errors["fuel added (l)"].append(row["fuel_added_l"] - stop.fuel_added_l)
        errors["pit stop (s)"].append(row["pit_stop_s"] - (stop.exit_s - stop.entry_s))
        errors["time standing in the stall (s)"].append(row["stationary_s"] - stop.stationary_s)
        rate = row["fuel_added_l"] / row["refuel_s"]
        errors["refuelling rate (l/s)"].append(rate - car.refuel_lps)
        if row["pit_loss_s"] is not None:
            errors["pit loss (s)"].append(row["pit_loss_s"] - stop.loss_s)
    for row in table.rows(named=True):
        for name, column, true in (
            ("fuel effect (s/l)", "fuel_effect{}_s_per_l", truth.law.seconds_per_litre),
            ("degradation (s/lap)", "degradation{}_s_per_lap", truth.law.seconds_per_tyre_lap),
        ):
            value = row[column.format("")]
            if value is None or (name.startswith("fuel") and row["stint"] > 1):
                continue
            errors[name].append(value - true)
            inside = row[column.format("_low")] <= true <= row[column.format("_high")]
            covered[name].append(inside)


def _pooled(
    season: list[tuple[pl.DataFrame, SessionTruth]], errors: Errors, covered: Covered
) -> None:
    """Pooled figures of the sessions of a season."""
    effects = pooled_effects(pl.concat([laps for laps, _ in season]))
    covered["seasons that tell"].append(effects is not None)
    if effects is None:
        return
    law = season[0][1].law
    for name, estimate, true in (
        ("pooled fuel effect (s/l)", effects[0], law.seconds_per_litre),
        ("pooled degradation (s/lap)", effects[1], law.seconds_per_tyre_lap),
    ):
        errors[name].append(estimate.value - true)
        covered[name].append(estimate.low <= true <= estimate.high)


def _tread(table: pl.DataFrame, records: pl.DataFrame, truth: SessionTruth, errors: Errors) -> None:
    """The tread of the set that came off, beside what the car itself wore it to."""
    for stop in truth.stops:
        if not stop.new_tyres:
            continue
        row = table.row(0, named=True)
        measured, distance = row["lf_tread"], row["measured_distance_m"]
        if measured is None:
            continue
        # The simulator wears in proportion to distance, so the whole file tells the rate.
        at = records.filter(pl.col("LFwearM") < 1.0).head(1)
        rate = (1 - at["LFwearM"][0]) / at["LFodometer"][0]
        errors["tread of a set that came off"].append(measured[1] - (1 - rate * distance))


def main(sessions: int) -> None:
    """Print the table."""
    errors: Errors = defaultdict(list)
    covered: Covered = defaultdict(list)
    seasons: Seasons = defaultdict(list)
    for number in range(sessions):
        one(number, errors, covered, seasons)
    print(f"{sessions} simulated sessions")
    print("| figure | compared | median error | 95 % within | worst | tolerance | interval holds |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, tolerance in TOLERANCES.items():
        values = np.array(errors[name])
        if not len(values):
            continue
        share = f"{np.mean(covered[name]):.1%}" if covered[name] else ""
        p95, worst = np.percentile(np.abs(values), 95), np.abs(values).max()
        print(
            f"| {name} | {len(values)} | {np.median(values):+.2g} | {p95:.2g} | {worst:.2g}"
            f" | {tolerance or 'its interval'} | {share} |"
        )
    print(f"corners found in {np.mean(covered['corners found']):.1%} of the sessions")
    print(f"{np.mean(covered['seasons that tell']):.1%} of the seasons tell fuel and tyres apart")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)

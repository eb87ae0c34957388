"""Every lap of simulated race weekends, beside how the simulator drove it.

Run: python -m benchmarks.race_weekends [weekends] [lies]

Prints the laps, stints, sets and stops that are wrong (0), and the largest errors of their times;
then what one wrong record, or a burst of up to five, changes in the recordings (nothing).
"""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import stints, tyres
from iracing_pipeline.analysis.channels import CHANNELS
from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.analysis.unrolled import unroll
from iracing_pipeline.demo.lies import draw_wrong_records, with_wrong_records
from iracing_pipeline.demo.plan import LapClockFrom
from iracing_pipeline.demo.weekend import Weekend, draw_weekend

if TYPE_CHECKING:
    from iracing_pipeline.demo.lies import Lie
    from iracing_pipeline.demo.truth import LapTruth

START = datetime(2026, 3, 7, 19, 15, 33, tzinfo=UTC)
SESSION: dict[str, Any] = {
    "session_key": "s",
    "start_time": START,
    "cust_id": 1,
    "driver_name": "",
    "setup_name": "",
}
TIME_S, HALF_A_RECORD_S = 1e-6, 1 / 60
"""Tolerances of lap times: by the lap clock, and from a green known to one record."""
FUEL_L, STOP_S = 0.02, 0.1
_TOLERANCES = {
    "distance_m": 1.0,
    "measured_distance_m": 1.0,
    "max_speed_mps": 0.5,
    "air_temp_c": 0.01,
    "track_temp_c": 0.01,
    **dict.fromkeys(("fuel_used_l", "fuel_start_l", "fuel_end_l", "fuel_added_l"), 1e-3),
    **dict.fromkeys(("pit_stop_s", "stationary_s", "pit_loss_s"), 1e-3),
}
_OF_A_RECORD = ("start_time", "missed_records", "refuel_s")
Tables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


def analysed(records: pl.DataFrame) -> Tables:
    """Laps, stints and sets of a recording; each lap with its set."""
    samples = Samples.of(records)
    laps = find_laps(records, session_key="s", start=START)
    sets = tyres.tyre_sets(records, samples, laps)
    unrolled = unroll(samples, laps, before=0.5)
    lasts = (laps.get_column("first_record") + laps.get_column("record_count") - 1).to_numpy()
    table = stints.stints(samples, laps, unrolled, sets, SESSION)
    result = tyres.tyre_set_table(records, samples, laps, sets)
    return laps.with_columns(pl.Series("tyre_set", sets.at[lasts])), table, result


def wrong_laps(weekend: Weekend, tables: Tables, errors: dict[str, list[float]]) -> list[str]:
    """List differences from the truth, in words; times go to ``errors`` by their method."""
    laps, table, _ = tables
    if laps.height != len(weekend.laps):
        result = laps.select("stint", "lap_number", "kind").rows()
        return [f"laps {result}, not {[(t.stint, t.number, t.kind) for t in weekend.laps]}"]
    wrong = []
    for row, lap in zip(laps.rows(named=True), weekend.laps, strict=True):
        wrong += [f"lap {lap.number}: {each}" for each in _wrong_lap(row, lap, errors)]
        driver = table.filter(pl.col("stint") == lap.stint)["cust_id"][0]
        if (driver is None) != (lap.driver is not None):
            wrong.append(f"stint {lap.stint}: driver {driver}, not {lap.driver}")
    for stop in weekend.stops:
        stint = table.filter(pl.col("stint") == stop.stint).row(0, named=True)
        expected = (stint["pit_stop_s"], stint["fuel_added_l"], stint["stationary_s"])
        true = (stop.exit_s - stop.entry_s, stop.fuel_added_l, stop.stationary_s)
        bounds = (STOP_S, FUEL_L, STOP_S)
        if stint["ended"] != "pit_stop" or any(
            a is None or abs(a - b) > bound
            for a, b, bound in zip(expected, true, bounds, strict=True)
        ):
            wrong.append(f"stop of stint {stop.stint}: {stint['ended']} {expected}, not {true}")
    return wrong


def _wrong_lap(row: dict[str, Any], lap: LapTruth, errors: dict[str, list[float]]) -> list[str]:
    names = ("stint", "lap_number", "kind", "incidents", "tyre_set")
    true = (lap.stint, lap.number, lap.kind, lap.incidents, lap.tyre_set)
    wrong = [f"{n} {row[n]}, not {t}" for n, t in zip(names, true, strict=True) if row[n] != t]
    if lap.clean != row["clean"] or lap.caution != ("caution" in row["reasons"]):
        wrong.append(f"reasons {row['reasons']}")
    if lap.team_mate != ("team_mate" in row["reasons"]):
        wrong.append(f"reasons {row['reasons']}, team mate {lap.team_mate}")
    if lap.kind != "partial" and abs(row["fuel_used_l"] - lap.fuel_used_l) > FUEL_L:
        wrong.append(f"fuel {row['fuel_used_l']}, not {lap.fuel_used_l}")
    if (lap.lap_time_s is None) != (row["lap_time_s"] is None):
        wrong.append(f"time {row['lap_time_s']}, not {lap.lap_time_s}")
    elif lap.lap_time_s is not None:
        method = row["lap_time_method"]
        errors[f"{lap.kind}, {method}"].append(row["lap_time_s"] - lap.lap_time_s)
        bound = {"clock": TIME_S, "green": HALF_A_RECORD_S}.get(method, 0.02)
        # Right after the line the file does not show the clock.
        by_clock = (method == "clock") == lap.shown or lap.kind == "start"
        if abs(row["lap_time_s"] - lap.lap_time_s) > bound or not by_clock:
            wrong.append(f"time {row['lap_time_s']} by {method}, not {lap.lap_time_s}")
    return wrong


def changes(before: Tables, after: Tables) -> tuple[list[str], int]:
    """List the changes by a wrong record, in words, and count the laps with ``glitch`` instead."""
    rows: list[str] = []
    glitches = 0
    for name, was, now in zip(("lap", "stint", "set"), before, after, strict=True):
        if was.height != now.height:
            rows.append(f"{now.height} {name}s, not {was.height}")
            continue
        for one, other in zip(was.rows(named=True), now.rows(named=True), strict=True):
            differing = [
                key
                for key, value in one.items()
                if key not in _OF_A_RECORD and not _same(value, other[key], key)
            ]
            if name == "lap" and "glitch" in other["reasons"] and "glitch" not in one["reasons"]:
                glitches += 1
            elif differing:
                rows.append(f"{name} {one.get('lap_number')}: {differing}")
    return rows, glitches


def _same(one: object, other: object, column: str) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= _TOLERANCES.get(column, TIME_S)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return all(_same(a, b, column) for a, b in zip(one, other, strict=True))
    return one == other


def drawn_lie(records: pl.DataFrame, laps: pl.DataFrame, rng: np.random.Generator) -> Lie:
    """A lie anywhere, or in one of three cases within some records of a line."""
    if rng.random() > 1 / 3:
        return draw_wrong_records(records, rng)
    line = int(rng.choice(laps.get_column("first_record").to_numpy()))
    return draw_wrong_records(records, rng, near=line)


def main(weekends: int, lies: int) -> None:
    """Print both tables."""
    began = time.perf_counter()
    errors: dict[str, list[float]] = defaultdict(list)
    features: Counter[str] = Counter()
    laps = stops = 0
    failures: list[str] = []
    kept: list[tuple[Weekend, Tables]] = []
    for number in range(weekends):
        weekend = draw_weekend(number, CHANNELS)
        tables = analysed(weekend.records)
        failures += [f"weekend {number}: {e}" for e in wrong_laps(weekend, tables, errors)]
        laps += len(weekend.laps)
        stops += len(weekend.stops)
        for plan in weekend.plans:
            features[f"{plan.session.value} sessions"] += 1
            if plan.session.value == "race":
                world = "green" if plan.start.clock is LapClockFrom.GREEN else "line"
                features[f"{plan.start.kind.name.lower()} starts, clock from the {world}"] += 1
        if len(kept) < _LYING:
            kept.append((weekend, tables))
    print(f"{weekends} weekends, {laps} laps, {stops} stops: {len(failures)} wrong")
    print("; ".join(f"{count} {name}" for name, count in sorted(features.items())))
    print("\n".join(failures[:40]))
    print("| laps | compared | largest error (s) |\n| --- | ---: | ---: |")
    for name, values in sorted(errors.items()):
        print(f"| {name} | {len(values)} | {np.abs(values).max():.2g} |")
    print(f"{time.perf_counter() - began:.0f} s\n", flush=True)
    if lies:
        _lies(kept, lies)


_LYING = 24
"""Recordings that lies are put into."""


def _lies(kept: list[tuple[Weekend, Tables]], lies: int) -> None:
    rng = np.random.default_rng(7)
    cases: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    message: Counter[str] = Counter()
    for number in range(lies):
        weekend, tables = kept[number % len(kept)]
        lie = drawn_lie(weekend.records, tables[0], rng)
        channel = lie.name
        result, glitches = changes(tables, analysed(with_wrong_records(weekend.records, lie)))
        cases[channel] += 1
        wrong[channel] += bool(result) or glitches > 1
        message[channel] += glitches == 1
        if result:
            print(f"{lie}: {result[:3]}")
    print(f"{lies} lies: {wrong.total()} change a lap, {message.total()} are called a glitch")
    print("| channel | lies | changed a lap | glitch |\n| --- | ---: | ---: | ---: |")
    for channel in sorted(cases):
        print(f"| {channel} | {cases[channel]} | {wrong[channel]} | {message[channel]} |")


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:3]]
    main(*(numbers + [500, 2000][len(numbers) :]))

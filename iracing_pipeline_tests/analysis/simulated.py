"""Simulated sessions, analysed: what the tests compare with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from iracing_pipeline.analysis import corner_map, corners, track_grid
from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.analysis.track_evidence import lengths
from iracing_pipeline.analysis.unrolled import Unrolled, unroll
from iracing_pipeline.demo.car import CORVANE_GT3, FORMULA_VALE, TRIPLE_CROWN_STOCK
from iracing_pipeline.demo.channels import channels_of
from iracing_pipeline.demo.circuits import COPPER_BASIN, HALDEN_RIDGE, MILLBROOK
from iracing_pipeline.demo.event import Event
from iracing_pipeline.demo.plan import Plan, Session
from iracing_pipeline.demo.session_info import Sheet, session_info
from iracing_pipeline.demo.simulate import simulate_session
from iracing_pipeline.ibt.writer import write_ibt
from iracing_pipeline_tests.recordings import START

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from iracing_pipeline.analysis.corner_map import CornerMap
    from iracing_pipeline.analysis.track_grid import Grid
    from iracing_pipeline.demo.car import Car
    from iracing_pipeline.demo.circuit import Circuit
    from iracing_pipeline.demo.truth import SessionTruth

PAIRS = {
    "gt3": (CORVANE_GT3, HALDEN_RIDGE),
    "formula": (FORMULA_VALE, MILLBROOK),
    "oval": (TRIPLE_CROWN_STOCK, COPPER_BASIN),
}


@dataclass(frozen=True)
class Analysed:
    """A simulated session with its laps, grid and corners."""

    car: Car
    circuit: Circuit
    truth: SessionTruth
    records: pl.DataFrame
    laps: pl.DataFrame
    unrolled: Unrolled
    grid: Grid
    map: CornerMap
    corners: pl.DataFrame


@cache
def practice(pair: str, laps: int = 3, seed: int = 1, **plan: Any) -> Analysed:
    """A practice session of some laps by a driver who knows the track."""
    defaults: dict[str, Any] = {"fuel_l": laps * 3.0 + 5, "experience_laps": 100}
    return analysed(pair, Plan(Session.PRACTICE, laps=laps, **defaults | plan), seed)


def analysed(pair: str, plan: Plan, seed: int) -> Analysed:
    """A plan driven and analysed."""
    car, circuit = PAIRS[pair]
    records, truth = simulate_session(car, circuit, plan, seed)
    return Analysed(car, circuit, truth, *measured(records, circuit.place.track_id))


def measured(
    records: pl.DataFrame, track_id: int
) -> tuple[pl.DataFrame, pl.DataFrame, Unrolled, Grid, CornerMap, pl.DataFrame]:
    """The laps, grid and corners of some records, with the records first."""
    laps = find_laps(records, session_key="s", start=START)
    grid = track_grid.measure(
        records, lengths(records, Samples.of(records), None), track_id=track_id
    )
    assert grid is not None
    unrolled = unroll(Samples.of(records), laps, before=0.3)
    result = corner_map.find(records, unrolled, grid)
    assert result is not None
    measured_corners = corners.lap_corners(records, unrolled, grid, result)
    return records, laps, unrolled, grid, result, measured_corners


def file_of(folder: Path, *, laps: int, seed: int, **plan: Any) -> Path:
    """A simulated session of the Formula Vale as a file."""
    car, circuit = PAIRS["formula"]
    driven = Plan(Session.PRACTICE, laps=laps, fuel_l=6.0, experience_laps=80, **plan)
    frame, _ = simulate_session(car, circuit, driven, seed)
    sheet = Sheet(
        car=car,
        circuit=circuit,
        plan=driven,
        event=Event(),
        start=START,
        setup_name="a.sto",
        encoding=None,
    )
    path = folder / f"{seed}.ibt"
    write_ibt(path, frame, channels_of(car), session_info(sheet), start=START)
    return path

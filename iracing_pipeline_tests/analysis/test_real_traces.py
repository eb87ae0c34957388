"""Identities that hold on every real recording."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis import traces, track_grid
from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.analysis.sectors import lap_sectors
from iracing_pipeline.analysis.sessions import SECTIONS
from iracing_pipeline.analysis.track_evidence import lengths
from iracing_pipeline.analysis.unrolled import unroll
from iracing_pipeline.ibt import read_ibt
from iracing_pipeline_tests.real_files import each, recordings


@each(recordings())
def test_elapsed_time_and_sectors_close_to_the_official_lap_time(path: Path) -> None:
    recording = read_ibt(path)
    records = recording.frame
    laps = find_laps(records, session_key="s", start=recording.start)
    grid = track_grid.measure(records, lengths(records, Samples.of(records), 1000.0), track_id=1)
    assert grid is not None
    unrolled = unroll(Samples.of(records), laps)
    traced = traces.lap_traces(records, unrolled, grid)
    timed = laps.filter(pl.col("lap_time_s").is_not_null())

    assert traced.height == timed.height
    for trace in traced.rows(named=True):
        elapsed = np.array(trace["elapsed_s"])
        assert elapsed[-1] == trace["lap_time_s"]
        assert (np.diff(elapsed) > 0).all()
        # What LapDistPct alone would have been wrong by.
        assert abs(trace["closure_s"]) < 0.02
    sectors = lap_sectors(unrolled, [0.0, 0.25, 0.5, 0.75])
    sums = sectors.group_by("lap_number", maintain_order=True).agg(pl.col("time_s").sum())
    official = timed.get_column("official_lap_time_s")
    for total, lap_time in zip(sums.get_column("time_s"), official, strict=True):
        assert lap_time is None or abs(total - lap_time) < 1e-6


@each([path for path in recordings() if "tsukuba" in path.name])
def test_the_sectors_of_a_known_lap(path: Path) -> None:
    recording = read_ibt(path)
    records = recording.frame
    laps = find_laps(records, session_key="s", start=recording.start)
    info = recording.session_info[SECTIONS[3]]["Sectors"]
    starts = [sector["SectorStartPct"] for sector in info]
    sectors = lap_sectors(unroll(Samples.of(records), laps), starts)

    times = sectors.filter(pl.col("lap_number") == 2).get_column("time_s").to_list()
    # By LapDistPct alone the first would be as much longer as LapDistPct lags, the last shorter.
    lag = 0.0145
    assert times == pytest.approx([5.2695 - lag, 6.2408, 4.8212, 7.6482 + lag], abs=3e-3)
    assert sum(times) == pytest.approx(23.9797, abs=1e-4)

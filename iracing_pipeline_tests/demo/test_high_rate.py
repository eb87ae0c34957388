"""360 Hz logging: what samples catch of a kerb, and that analysis uses all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis.corners import lap_corners
from iracing_pipeline.analysis.dampers import damper_histograms, peak_loss
from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.analysis.samples import Samples, every_sample
from iracing_pipeline.demo.channels import channels_of
from iracing_pipeline.demo.high_rate import (
    LOGGED_AT_360_HZ,
    Strike,
    channels_at_360_hz,
    kerb_strikes,
    log_at_360_hz,
)
from iracing_pipeline.ibt import read_ibt, write_ibt
from iracing_pipeline_tests.analysis.simulated import practice
from iracing_pipeline_tests.recordings import INFO, START

if TYPE_CHECKING:
    from pathlib import Path

STRIKES = 4000


def still(seconds: float) -> pl.DataFrame:
    """Records of a damper that does not move."""
    time = 100.0 + np.arange(round(seconds * 60)) / 60
    return pl.DataFrame({"SessionTime": time, "LFshockVel": np.zeros(len(time), np.float32)})


@pytest.mark.parametrize(("rate", "mean", "most"), [(360, 0.049, 0.145), (60, 0.694, 1.0)])
def test_how_much_of_a_kerb_samples_miss(rate: int, mean: float, most: float) -> None:
    rng = np.random.default_rng(7)
    begins = 101.0 + 0.1 * np.arange(STRIKES) + rng.uniform(0, 1 / 60, STRIKES)
    strikes = [Strike("LFshockVel", float(at), 0.5) for at in begins]
    records = log_at_360_hz(still(0.1 * STRIKES + 4), strikes)
    samples = every_sample(records, "LFshockVel")
    assert samples is not None
    peaks = samples.max(axis=1) if rate == 360 else samples[:, -1]
    time = records["SessionTime"].to_numpy()
    first = np.searchsorted(time, begins)
    caught = np.max([peaks[first + step] for step in range(3)], axis=0) / 0.5

    loss = peak_loss(rate)
    assert (loss.mean, loss.most) == pytest.approx((mean, most), abs=1e-3)
    error = 4 * (1 - caught).std() / np.sqrt(STRIKES)
    assert (1 - caught).mean() == pytest.approx(loss.mean, abs=error)
    assert (1 - caught).max() == pytest.approx(loss.most, abs=2e-3)


def test_the_peak_of_a_damper_is_the_largest_sample() -> None:
    session = practice("gt3")
    strikes = kerb_strikes(session.records, np.random.default_rng(3))
    records = log_at_360_hz(session.records, strikes)
    histogram_rows = damper_histograms(records, Samples.of(records), session.laps)
    within = np.zeros(records.height, np.bool_)
    for first, count in session.laps.filter("clean").select("first_record", "record_count").rows():
        within[first : first + count] = True

    assert histogram_rows["damper"].to_list() == ["LF", "RF", "LR", "RR"]
    for row in histogram_rows.rows(named=True):
        every = records[f"{row['damper']}shockVel"].to_numpy()[within]
        assert row["peak_bump_mps"] == every.max()
        assert row["peak_rebound_mps"] == every.min()
        assert row["sample_rate_hz"] == 360
        assert (row["record_count"], row["sample_count"]) == (within.sum(), 6 * within.sum())
    at_60 = damper_histograms(session.records, Samples.of(session.records), session.laps)
    assert at_60["sample_rate_hz"].to_list() == [60] * 4
    assert (histogram_rows["peak_bump_mps"] > at_60["peak_bump_mps"]).all()


def test_laps_are_those_of_the_same_drive_at_60_hz() -> None:
    session = practice("gt3")
    records = log_at_360_hz(session.records)

    assert find_laps(records, session_key="s", start=START).equals(session.laps)


def test_a_kerb_shows_in_the_corner_that_it_is_in() -> None:
    session = practice("gt3")
    clean = session.laps.filter("clean").row(0, named=True)
    corner = session.map.corners[2]
    lap = session.records.slice(clean["first_record"], clean["record_count"])
    middle = (corner.start_pct + corner.end_pct) / 2
    at = lap.filter(pl.col("LapDistPct") > middle)["SessionTime"][0] - 0.012
    records = log_at_360_hz(session.records, [Strike("RRshockVel", at, 2.0)])
    corner_rows = lap_corners(records, session.unrolled, session.grid, session.map)

    highest = corner_rows.sort("peak_shock_mps").row(-1, named=True)
    assert (highest["lap_number"], highest["corner"]) == (clean["lap_number"], corner.number)
    assert 2.0 * (1 - peak_loss(360).most) - 0.2 < highest["peak_shock_mps"] < 2.2
    assert set(corner_rows["shock_rate_hz"]) == {360}
    assert set(corner_rows["wheel_rate_hz"]) == {60}


def test_locking_is_measured_at_360_hz_where_wheel_speeds_are() -> None:
    session = practice("gt3")
    wheels = ["LFspeed", "RFspeed", "LRspeed", "RRspeed"]
    braking = session.records["Brake"].to_numpy() > 0.2
    speed = session.records["Speed"].to_numpy().astype(np.float64)
    turning = np.repeat(speed[:, None], 6, axis=1)
    before = np.concatenate([speed[:1], speed[:-1]])[:, None]
    turning = before + (speed[:, None] - before) * np.arange(1, 7) / 6
    locking = turning.copy()
    locking[braking, :3] *= 0.5  # half of each tick, and never at it
    records = session.records.with_columns(
        pl.Series(name, locking if name == "LFspeed" else turning, dtype=pl.Array(pl.Float64, 6))
        for name in wheels
    )
    at_360 = lap_corners(records, session.unrolled, session.grid, session.map)
    at_60 = lap_corners(
        records.with_columns(pl.col(wheels).arr.last()),
        session.unrolled,
        session.grid,
        session.map,
    )

    assert set(at_360["wheel_rate_hz"]) == {360}
    assert at_60["lock_s"].sum() == 0
    dry = np.diff(session.records["SessionTime"].to_numpy())[braking[1:]].sum()
    assert 0.2 * dry < at_360["lock_s"].sum() < 0.55 * dry


def test_a_file_logged_at_360_hz_is_read_back(tmp_path: Path) -> None:
    session = practice("oval")
    records = log_at_360_hz(session.records)
    path = tmp_path / "oval.ibt"
    channels = channels_at_360_hz(channels_of(session.car))
    write_ibt(path, records, channels, INFO, start=START)
    back = read_ibt(path).frame

    for name in LOGGED_AT_360_HZ:
        assert back.schema[name] == pl.Array(pl.Float32, 6)
        assert back[name].arr.last().equals(session.records[name].cast(pl.Float32))

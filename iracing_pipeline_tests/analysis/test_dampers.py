from pathlib import Path

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis.dampers import CHANNELS, EDGES_MPS, damper_histograms
from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.analysis.samples import Floats, Samples, floats_of
from iracing_pipeline.ibt import read_ibt
from iracing_pipeline.tables.dampers import DAMPER_HISTOGRAM, DAMPERS
from iracing_pipeline_tests.analysis.simulated import Analysed, practice
from iracing_pipeline_tests.real_files import each, recordings

ZONES = ["high_rebound", "low_rebound", "low_bump", "high_bump"]


def with_velocity(session: Analysed, velocity: Floats) -> pl.DataFrame:
    """The session's records, with one velocity for the left front and no other damper."""
    others = [name for name in CHANNELS if name in session.records.columns]
    return session.records.drop(others).with_columns(
        pl.Series("LFshockVel", velocity, pl.Float32),
    )


def histograms(
    session: Analysed, records: pl.DataFrame, laps: pl.DataFrame | None = None
) -> pl.DataFrame:
    laps = session.laps if laps is None else laps
    return damper_histograms(records, Samples.of(records), laps)


def test_a_sine_has_the_histogram_of_a_sine() -> None:
    session = practice("gt3")
    amplitude = 0.2
    # No whole number of records a period, so that all phases come by.
    phase = np.arange(session.records.height) * 2 * np.pi / (7 + np.sqrt(2))
    histogram_rows = histograms(session, with_velocity(session, amplitude * np.sin(phase)))

    (row,) = histogram_rows.rows(named=True)
    below = 0.5 + np.arcsin(np.clip(EDGES_MPS / amplitude, -1, 1)) / np.pi
    assert histogram_rows.schema == DAMPER_HISTOGRAM.schema
    assert row["shares"] == pytest.approx(np.diff(below, prepend=0.0, append=1.0), abs=2e-3)
    low = np.arcsin(0.05 / amplitude) / np.pi
    expected = [0.5 - low, low, low, 0.5 - low]
    assert [row[zone] for zone in ZONES] == pytest.approx(expected, abs=2e-3)


def test_an_edge_belongs_to_the_bin_above() -> None:
    session = practice("gt3")
    for velocity, place, zone in (
        (-0.301, 0, "high_rebound"),
        (-0.3, 1, "high_rebound"),
        (-0.05, 26, "low_rebound"),
        (-1e-6, 30, "low_rebound"),
        (0.049, 35, "low_bump"),
        (0.05, 36, "high_bump"),
        (0.299, 60, "high_bump"),
        (1.3, 61, "high_bump"),
    ):
        # Exact here: the file's 32 bits would decide on which side of an edge it is.
        records = with_velocity(session, np.zeros(session.records.height)).with_columns(
            pl.lit(velocity, pl.Float64).alias("LFshockVel")
        )
        (row,) = histograms(session, records).rows(named=True)

        assert np.flatnonzero(row["shares"]).tolist() == [place], velocity
        assert row[zone] == 1.0, velocity


def test_only_clean_laps_count_while_there_is_one() -> None:
    session = practice("gt3")
    first = session.laps.filter("clean").row(0, named=True)
    velocity = np.full(session.records.height, 0.2)
    velocity[first["first_record"] :][: first["record_count"]] = -0.1
    records = with_velocity(session, velocity)
    one = session.laps.with_columns(clean=pl.col("first_record") == first["first_record"])
    none = session.laps.with_columns(clean=False)
    timed = none.drop_nulls("lap_time_s")

    (clean_row,) = histograms(session, records, one).rows(named=True)
    (timed_row,) = histograms(session, records, none).rows(named=True)

    assert (clean_row["laps"], clean_row["lap_count"]) == ("clean", 1)
    assert clean_row["record_count"] == first["record_count"]
    assert clean_row["high_rebound"] == 1.0
    assert (timed_row["laps"], timed_row["lap_count"]) == ("timed", timed.height)
    assert timed_row["record_count"] == timed["record_count"].sum()
    assert timed_row["high_rebound"] == first["record_count"] / timed_row["record_count"]


def test_a_damper_that_is_not_there_or_never_moves_has_no_row() -> None:
    session = practice("gt3")
    without = session.records.drop("RRshockVel").with_columns(LRshockVel=pl.lit(0.0))

    assert histograms(session, session.records)["damper"].to_list() == ["LF", "RF", "LR", "RR"]
    assert histograms(session, without)["damper"].to_list() == ["LF", "RF"]


def test_damaged_values_are_left_out() -> None:
    session = practice("gt3")
    velocity = np.full(session.records.height, 0.1)
    first = session.laps.filter("clean").row(0, named=True)["first_record"]
    velocity[first : first + 3] = [np.nan, np.inf, -np.inf]
    (row,) = histograms(session, with_velocity(session, velocity)).rows(named=True)

    assert row["record_count"] == session.laps.filter("clean")["record_count"].sum() - 3
    assert row["high_bump"] == 1.0


def test_a_session_without_a_timed_lap_has_none() -> None:
    session = practice("gt3")
    untimed = session.laps.with_columns(clean=False, lap_time_s=pl.lit(None, pl.Float64))

    assert histograms(session, session.records, untimed).equals(DAMPER_HISTOGRAM.frame())
    assert histograms(session, session.records, session.laps.clear()).is_empty()


@each(recordings())
def test_the_dampers_of_a_real_file(path: Path) -> None:
    recording = read_ibt(path)
    records = recording.frame
    laps = find_laps(records, session_key="s", start=recording.start)
    histogram_rows = damper_histograms(records, Samples.of(records), laps)

    present = [name for name in DAMPERS if f"{name}shockVel" in records.columns]
    every = [name for name in records.columns if name.endswith("shockVel")]
    assert len(present) == len(every), "a damper that nobody listed"
    timed = laps.drop_nulls("lap_time_s").height > 0
    assert histogram_rows["damper"].to_list() == (present if timed else [])
    for row in histogram_rows.rows(named=True):
        assert sum(row["shares"]) == pytest.approx(1.0)
        assert [row[zone] for zone in ZONES] == pytest.approx(
            [
                sum(row["shares"][part])
                for part in (slice(26), slice(26, 31), slice(31, 36), slice(36, None))
            ]
        )


@each([path for path in recordings() if "tsukuba" in path.name])
def test_velocity_is_positive_in_compression(path: Path) -> None:
    records = read_ibt(path).frame

    def channel(name: str) -> Floats:
        values = floats_of(records, name)
        assert values is not None
        return values

    driving = channel("Speed") > 20.0
    for damper in ("LF", "RF", "LR", "RR"):
        deflection = channel(f"{damper}shockDefl")
        slope = np.gradient(deflection) * 60.0
        together = np.corrcoef(slope[driving], channel(f"{damper}shockVel")[driving])[0, 1]
        dives = np.corrcoef(deflection[driving], channel("LongAccel")[driving])[0, 1]
        assert together > 0.9
        # Braking compresses the front and extends the rear.
        assert dives < -0.5 if damper.endswith("F") else dives > 0.4

"""Laps of real recordings, against the times that iRacing gave them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from iracing_pipeline.analysis.laps import laps
from iracing_pipeline.analysis.samples import CHANNELS
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline_tests import real_files

if TYPE_CHECKING:
    from pathlib import Path


def laps_in(path: Path) -> pl.DataFrame:
    file = IbtFile(path)
    records = file.read([name for name in CHANNELS if name in file.channels])
    return laps(records, session_key=file.session_key, start=file.header.start)


@real_files.each(real_files.recordings())
def test_laps_agree_with_the_official_times(path: Path) -> None:
    table = laps_in(path)
    official = table.filter(pl.col("official_lap_time_s").is_not_null())
    assert (official["lap_time_method"] == "clock").all()
    assert official["residual_s"].abs().fill_null(1).lt(1e-5).all()
    assert not table.select(pl.struct("stint", "lap_number").is_duplicated().any()).item()


@real_files.NEEDS_REAL_FILES
def test_there_are_official_times_to_agree_with() -> None:
    tables = [laps_in(path) for path in real_files.recordings()]
    assert sum(table["official_lap_time_s"].count() for table in tables) >= 7


@real_files.NEEDS_REAL_FILES
def test_a_reset_makes_two_stints_of_one_lap_and_no_place_at_zero() -> None:
    (path,) = (path for path in real_files.recordings() if "14-50-46" in path.name)
    table = laps_in(path)
    halves = table.filter(pl.col("lap_number") == 186)
    assert halves["stint"].to_list() == [1, 2]
    assert halves["kind"].to_list() == ["reset", "out"]
    frame = IbtFile(path).read(["Lat", "Lon"])
    for first, count in table.select("first_record", "record_count").rows():
        rows = frame[first : first + count]
        assert not ((rows["Lat"] == 0) & (rows["Lon"] == 0)).any()


@real_files.NEEDS_REAL_FILES
def test_sessions_are_kept_apart_from_laps_without_end() -> None:
    for path in real_files.recordings():
        table = laps_in(path)
        assert table["record_count"].sum() == pytest.approx(IbtFile(path).record_count, abs=2)

"""Recordings that once came out wrong, each with what a racer expects of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest.export import _lines
from iracing_pipeline.ingest.lap_analysis import analyse_laps
from iracing_pipeline.ingest.telemetry import analyse
from iracing_pipeline.tables.stints import STINT, TYRE_SET
from iracing_pipeline_tests import real_files

if TYPE_CHECKING:
    from iracing_pipeline.ingest.lap_analysis import LapAnalysis
    from iracing_pipeline.ingest.telemetry import Telemetry

pytestmark = pytest.mark.skipif(
    not real_files.cases("ibt"),
    reason="no case files: set IRACING_TEST_DATA to a folder with cases/ibt/*.ibt",
)


def case(name: str) -> tuple[Telemetry, LapAnalysis]:
    (path,) = (path for path in real_files.cases("ibt") if path.stem == name)
    telemetry = analyse(IbtFile(path))
    return telemetry, analyse_laps(telemetry)


def kinds(telemetry: Telemetry) -> list[tuple[int, str, bool]]:
    return telemetry.laps.select("lap_number", "kind", "clean").rows()


def test_lap_1_of_a_race_is_timed_from_the_green() -> None:
    telemetry, _ = case("race_start_lap1")
    lap = telemetry.laps.filter(pl.col("lap_number") == 1).row(0, named=True)
    assert lap["kind"] == "start"
    assert lap["reasons"] == ["start_lap"]
    assert lap["official_lap_time_s"] == 23.0
    assert lap["lap_time_s"] == pytest.approx(23.0, abs=1e-6)
    assert lap["lap_time_method"] == "clock"
    _, fastest = _lines(telemetry.records, telemetry.laps, 60)
    assert fastest is not None
    assert fastest[1] == pytest.approx(20.3, abs=1e-6)


def test_a_parade_lap_that_was_counted_is_no_reset() -> None:
    telemetry, analysis = case("parade_lap_count_falls")
    assert [kind for _, kind, _ in kinds(telemetry)] == [
        "pace",
        "start",
        "timed",
        "timed",
        "partial",
    ]
    assert analysis.tables[STINT].height == analysis.tables[TYRE_SET].height == 1


@pytest.mark.parametrize("name", ["one_record_not_in_world", "one_record_wear_zero"])
def test_one_wrong_record_changes_nothing(name: str) -> None:
    telemetry, analysis = case(name)
    assert [clean for _, _, clean in kinds(telemetry)] == [False, True, True, True, False]
    assert analysis.tables[STINT].height == analysis.tables[TYRE_SET].height == 1


def test_a_stop_on_the_lap_after_a_partial_one() -> None:
    _, analysis = case("stop_on_lap_after_partial")
    first, second = analysis.tables[STINT].rows(named=True)
    assert (first["ended"], second["began"]) == ("pit_stop", "pit_exit")
    assert first["stationary_s"] == pytest.approx(6.0, abs=0.05)
    assert first["fuel_added_l"] == pytest.approx(10.0, abs=0.01)
    assert first["pit_stop_s"] == pytest.approx(12.0, abs=0.05)


def test_laps_after_the_flag_do_not_count() -> None:
    telemetry, analysis = case("cooldown_lap")
    assert kinds(telemetry)[6:] == [
        (6, "timed", True),
        (7, "cooldown", False),
        (8, "cooldown", False),
    ]
    assert analysis.tables[STINT]["mean_lap_time_s"][0] == pytest.approx(20.15, abs=1e-6)

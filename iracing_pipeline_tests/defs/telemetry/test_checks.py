from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl
import pytest

from iracing_pipeline.definitions import defs
from iracing_pipeline.defs.telemetry import assets
from iracing_pipeline.defs.telemetry.checks import FILE_CHECKS, TABLE_CHECKS, Findings
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest.telemetry import StoredFile, Telemetry, analyse, store_frames
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.analysis.simulated import file_of
from iracing_pipeline_tests.defs.conftest import aged

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline_tests.defs.conftest import Pipeline

ALL = [spec.key for spec in FILE_CHECKS]


@pytest.fixture
def telemetry(tmp_path: Path) -> Telemetry:
    return analyse(IbtFile(recordings.session(tmp_path / "a.ibt")))


def stored(rows: int) -> StoredFile:
    return StoredFile("frames.parquet", 1, rows, {})


def results(
    telemetry: Telemetry, *, frames: StoredFile | None = None
) -> dict[str, dg.AssetCheckResult]:
    findings = Findings()
    findings.add(telemetry, frames)
    return {str(result.check_name): result for result in findings.results(ALL)}


def failing(found: dict[str, dg.AssetCheckResult]) -> list[str]:
    return [name for name, result in found.items() if not result.passed]


def test_a_good_file_passes_all(telemetry: Telemetry) -> None:
    result = results(telemetry, frames=stored(telemetry.facts.record_count))

    assert list(result) == [spec.name for spec in FILE_CHECKS]
    assert failing(result) == []


def test_frames_that_lack_a_row_fail(telemetry: Telemetry) -> None:
    result = results(telemetry, frames=stored(telemetry.facts.record_count - 1))

    assert failing(result) == ["frames_complete"]
    assert result["frames_complete"].severity is dg.AssetCheckSeverity.ERROR
    assert result["frames_complete"].metadata["files that fail"].value == "a.ibt"


def test_time_that_falls_fails(telemetry: Telemetry) -> None:
    time = telemetry.records.get_column("SessionTime")
    telemetry.records = telemetry.records.with_columns(
        pl.when(pl.int_range(pl.len()) == 50).then(time - 1).otherwise(time).alias("SessionTime")
    )

    result = results(telemetry)

    assert failing(result) == ["time_is_monotonic"]
    assert result["time_is_monotonic"].severity is dg.AssetCheckSeverity.WARN


def test_of_many_files_the_wrong_ones_are_named(telemetry: Telemetry) -> None:
    findings = Findings()
    findings.add(telemetry, stored(telemetry.facts.record_count))
    findings.add(replace(telemetry, facts=replace(telemetry.facts, file_name="b.ibt")), stored(1))

    (result,) = findings.results([FILE_CHECKS[0].key])

    assert not result.passed
    assert result.metadata["files"].value == 2
    assert result.metadata["files that fail"].value == "b.ibt"


def test_a_failing_check_fails_the_run_and_is_recorded(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.record("a.ibt")

    def lossy(*arguments: Any) -> StoredFile:
        made = store_frames(*arguments)
        return replace(made, rows=made.rows - 1)

    monkeypatch.setattr(assets, "store_frames", lossy)

    (result,) = pipeline.load()

    assert not result.success
    (found,) = [
        each
        for each in result.get_asset_check_evaluations()
        if each.check_name == "frames_complete"
    ]
    assert not found.passed
    assert found.metadata["files that fail"].value == "a.ibt"


BROKEN = {
    "laps_close": "UPDATE racing.telemetry_lap SET residual_s = 0.01 WHERE residual_s IS NOT NULL",
    "laps_account_for_records": "UPDATE racing.telemetry_lap SET record_count = record_count + 1",
    "traces_close": "UPDATE racing.lap_trace SET closure_s = -0.03",
    "grids_fit": "UPDATE racing.track_measurement SET length_m = length_m * 1.01",
    "sectors_add_up": "UPDATE racing.lap_sector SET time_s = time_s + 0.001 WHERE sector = 1",
    "corners_add_up": "UPDATE racing.lap_corner SET time_s = time_s + 0.001 WHERE corner = 1",
}
"""Statements that break the rows of a session, by the check that is to notice."""


def check(pipeline: Pipeline) -> dict[str, dg.AssetCheckEvaluation]:
    """Execute the checks of tables, and nothing else."""
    job = dg.define_asset_job(
        "checks", selection=dg.AssetSelection.checks(*(spec.key for spec in TABLE_CHECKS))
    )
    done = dg.Definitions.merge(defs, dg.Definitions(jobs=[job])).resolve_job_def("checks")
    result = done.execute_in_process(instance=pipeline.instance)
    return {each.check_name: each for each in result.get_asset_check_evaluations()}


def red(found: dict[str, dg.AssetCheckEvaluation]) -> set[str]:
    return {name for name, each in found.items() if not each.passed}


def test_good_tables_pass_and_say_what_was_checked(pipeline: Pipeline) -> None:
    assert red(check(pipeline)) == set(), "nothing is loaded"
    pipeline.record("a.ibt")
    pipeline.load()

    evaluations = check(pipeline)

    assert set(evaluations) == BROKEN.keys()
    assert red(evaluations) == set()
    assert evaluations["laps_close"].metadata["laps with an official time"].value == 2
    largest = evaluations["laps_close"].metadata["largest residual (µs)"].value
    assert isinstance(largest, float)
    assert largest < 10


def test_a_good_batch_turns_no_red_check_green(pipeline: Pipeline) -> None:
    """A session with every table filled is broken, table by table; another one is loaded."""
    aged(file_of(pipeline.folder, laps=2, seed=31))
    pipeline.load()
    (key,) = pipeline.keys
    assert red(check(pipeline)) == set()
    for statement in BROKEN.values():
        pipeline.rows(statement)

    assert red(check(pipeline)) == BROKEN.keys()

    pipeline.record("b.ibt")
    (load,) = pipeline.load()
    assert load.success
    refresh = pipeline.materialize(job="refresh_figures")
    result = {each.check_name: each for each in refresh.get_asset_check_evaluations()}
    assert red(result) == BROKEN.keys()
    for name in BROKEN:
        assert result[name].metadata["sessions that fail"].value == 1
        assert key in str(result[name].metadata["rows that fail, by session"].value)
        assert result[name].severity is dg.AssetCheckSeverity.WARN

    # Only the session itself, loaded again, makes them right.
    pipeline.materialize(key)
    assert red(check(pipeline)) == set()


def test_laps_without_an_official_time_are_no_failure(pipeline: Pipeline) -> None:
    pipeline.record("a.ibt")
    pipeline.load()
    pipeline.rows("UPDATE racing.telemetry_lap SET residual_s = NULL")

    evaluations = check(pipeline)

    assert red(evaluations) == set()
    assert evaluations["laps_close"].metadata["laps with an official time"].value == 0
    assert "largest residual (µs)" not in evaluations["laps_close"].metadata

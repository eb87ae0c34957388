from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl
import pytest

from iracing_pipeline.defs.telemetry import assets
from iracing_pipeline.defs.telemetry.checks import CHECKS, Findings
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest.telemetry import StoredFile, Telemetry, analyse, store_frames
from iracing_pipeline_tests import recordings

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline_tests.defs.conftest import Pipeline

ALL = [spec.key for spec in CHECKS]


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
    found = results(telemetry, frames=stored(telemetry.facts.record_count))

    assert list(found) == [spec.name for spec in CHECKS]
    assert failing(found) == []
    assert found["laps_close"].metadata["laps with an official time"].value == 2
    largest = found["laps_close"].metadata["largest residual (µs)"].value
    assert isinstance(largest, float)
    assert largest < 10


def test_frames_that_lack_a_row_fail(telemetry: Telemetry) -> None:
    found = results(telemetry, frames=stored(telemetry.facts.record_count - 1))

    assert failing(found) == ["frames_complete"]
    assert found["frames_complete"].severity is dg.AssetCheckSeverity.ERROR
    assert found["frames_complete"].metadata["files that fail"].value == "a.ibt"


def test_time_that_falls_fails(telemetry: Telemetry) -> None:
    time = telemetry.records.get_column("SessionTime")
    telemetry.records = telemetry.records.with_columns(
        pl.when(pl.int_range(pl.len()) == 50).then(time - 1).otherwise(time).alias("SessionTime")
    )

    found = results(telemetry)

    assert failing(found) == ["time_is_monotonic"]
    assert found["time_is_monotonic"].severity is dg.AssetCheckSeverity.WARN


@pytest.mark.parametrize("residual_s", [0.01, -0.01])
def test_a_lap_time_that_is_not_iracings_fails(telemetry: Telemetry, residual_s: float) -> None:
    telemetry.laps = telemetry.laps.with_columns(residual_s=pl.lit(residual_s))

    assert failing(results(telemetry)) == ["laps_close"]


def test_records_in_no_lap_and_in_two_laps_fail(telemetry: Telemetry) -> None:
    whole = telemetry.laps
    telemetry.laps = whole.head(2)
    assert failing(results(telemetry)) == ["laps_account_for_records"]

    telemetry.laps = whole.with_columns(record_count=pl.col("record_count") + 1)
    assert failing(results(telemetry)) == ["laps_account_for_records"]


def test_a_session_without_an_official_time_is_no_failure(telemetry: Telemetry) -> None:
    telemetry.laps = telemetry.laps.with_columns(residual_s=pl.lit(None, pl.Float64))

    found = results(telemetry)

    assert failing(found) == []
    assert "largest residual (µs)" not in found["laps_close"].metadata


def test_of_many_files_the_wrong_ones_are_named(telemetry: Telemetry) -> None:
    findings = Findings()
    findings.add(telemetry, stored(telemetry.facts.record_count))
    findings.add(replace(telemetry, facts=replace(telemetry.facts, file_name="b.ibt")), stored(1))

    (result,) = findings.results([CHECKS[0].key])

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
    (check,) = [
        done for done in result.get_asset_check_evaluations() if done.check_name == CHECKS[0].name
    ]
    assert not check.passed
    assert check.metadata["files that fail"].value == "a.ibt"

"""Damaged records: figures are computed where possible, and nothing breaks the batch."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis.channels import LAP_CHANNELS
from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.ingest.lap_analysis import analyse_laps
from iracing_pipeline.tables.telemetry import TELEMETRY_SESSION
from iracing_pipeline_tests.analysis.simulated import practice

if TYPE_CHECKING:
    from iracing_pipeline.ingest.telemetry import Telemetry

START = datetime(2026, 3, 7, tzinfo=UTC)
FIRST = ("SessionTime", "Lap", "LapDistPct", "Speed", "LapDist", "YawRate", "Lat", "FuelLevel")


def analysis_of(records: pl.DataFrame) -> dict[str, pl.DataFrame]:
    session = TELEMETRY_SESSION.frame(
        [
            {
                "session_key": "s",
                "simsession_type": "Race",
                "track_id": 1,
                "start_time": START,
                "sector_start_pct": [0.0, 0.3],
            }
        ]
    )
    found_laps = SimpleNamespace(
        records=records,
        laps=find_laps(records, session_key="s", start=START),
        session=session,
        facts=SimpleNamespace(tick_rate=60, session_info=lambda _sections: {}),
    )
    analysis = analyse_laps(cast("Telemetry", found_laps))
    return {table.name: rows for table, rows in analysis.tables.items()}


def damaged(records: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Records with nonsense in some stretches of some channels."""
    names = [name for name in (*FIRST, *LAP_CHANNELS) if name in records.columns]
    for name in rng.choice(names, 3):
        values: np.ndarray[Any, Any] = records[name].to_numpy().copy()
        first, after = np.sort(rng.integers(0, len(values), 2))
        at = rng.integers(0, len(values), 3)
        wild = {"f": np.nan, "i": 2**31 - 1}.get(values.dtype.kind, 1)
        match rng.integers(4):
            case 0:
                values[at] = wild
            case 1:
                values[first:after] = 0
            case 2:
                values[first:after] = values[first]
            case _:
                values = rng.permutation(values)
        records = records.with_columns(pl.Series(name, values))
    return records


@pytest.mark.parametrize("seed", range(20))
def test_nonsense_in_some_channels_is_survived(seed: int) -> None:
    records = practice("formula").records
    analysis = analysis_of(damaged(records, np.random.default_rng(seed)))

    for trace in analysis["racing.lap_trace"].rows(named=True):
        elapsed = np.array(trace["elapsed_s"])
        assert np.isfinite(elapsed).all()
        assert elapsed[-1] == trace["lap_time_s"]
    for name in ("racing.lap_sector", "racing.lap_corner"):
        assert analysis[name]["time_s"].is_finite().all()


def test_positions_that_are_none_do_not_move_the_map() -> None:
    records = practice("formula").records
    wild = records.with_columns(
        Lat=pl.when(pl.int_range(pl.len()) == 500).then(1e30).otherwise("Lat"),
        Lon=pl.when(pl.int_range(pl.len()) == 900).then(float("nan")).otherwise("Lon"),
    )

    true, result = analysis_of(records)["racing.lap_trace"], analysis_of(wild)["racing.lap_trace"]
    assert result["origin_latitude_deg"][0] == pytest.approx(true["origin_latitude_deg"][0])
    assert result["lap_number"].to_list() == true["lap_number"].to_list()

import polars as pl
import pytest

from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.analysis.sectors import lap_sectors, theoretical_best
from iracing_pipeline.analysis.unrolled import unroll
from iracing_pipeline.tables.sectors import LAP_SECTOR
from iracing_pipeline_tests.recordings import START, drive, where


def sectors_of(
    records: pl.DataFrame, starts: list[float] | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    laps = find_laps(records, session_key="s", start=START)
    return lap_sectors(unroll(Samples.of(records), laps), starts), laps


def test_sectors_are_timed_and_add_up_to_the_lap_time() -> None:
    sectors, laps = sectors_of(drive((20.0, 21.0)), [0.0, 0.25, 0.6])

    assert sectors.schema == LAP_SECTOR.schema
    assert sectors.get_column("sector").to_list() == [1, 2, 3, 1, 2, 3]
    assert sectors.get_column("time_s").to_list() == pytest.approx(
        [5.0, 7.0, 8.0, 5.25, 7.35, 8.4], abs=5e-4
    )
    sums = sectors.group_by("lap_number", maintain_order=True).agg(pl.col("time_s").sum())
    timed = laps.filter(pl.col("lap_time_s").is_not_null())
    assert sums.get_column("time_s").to_list() == pytest.approx(
        timed.get_column("lap_time_s").to_list(), abs=1e-9
    )


@pytest.mark.parametrize("starts", [None, [], [0.0], [0.0, 1.0, -0.2, 1.7]])
def test_a_track_without_sectors_has_one(starts: list[float] | None) -> None:
    sectors, laps = sectors_of(drive((20.0,)), starts)

    assert sectors.get_column("time_s").to_list() == [laps.row(1, named=True)["lap_time_s"]]


def test_no_lap_no_sectors() -> None:
    sectors, laps = sectors_of(drive((20.0,)).head(300), [0.0, 0.5])

    assert sectors.is_empty()
    assert sectors.schema == LAP_SECTOR.schema
    assert theoretical_best(sectors, laps) is None


def test_the_theoretical_best_takes_sectors_of_clean_laps_only() -> None:
    records = drive((20.0, 21.0, 19.0))
    # The fastest lap went off the track.
    off = where(records, slice(8 * 60 + 45 * 60, 8 * 60 + 46 * 60), PlayerTrackSurface=0)
    sectors, laps = sectors_of(off, [0.0, 0.5])
    slow_start = sectors.with_columns(
        time_s=pl.when((pl.col("lap_number") == 7) & (pl.col("sector") == 2))
        .then(9.5)
        .otherwise("time_s")
    )

    best = theoretical_best(slow_start, laps)
    assert best is not None
    assert best.laps == 2
    assert best.sector_times_s == pytest.approx((10.0, 9.5), abs=5e-4)
    assert best.lap_time_s == pytest.approx(19.5, abs=5e-4)
    assert best.best_lap_time_s == pytest.approx(20.0, abs=1e-4)

"""Recordings made to spoil what others see: each loads or fails alone, and stores no nonsense."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis import car_track
from iracing_pipeline.analysis.segments import TooManyLapsError
from iracing_pipeline.defs.telemetry import lap_metadata, metadata
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest import figures, lap_analysis
from iracing_pipeline.ingest.export import Format, export
from iracing_pipeline.ingest.lap_analysis import analyse_laps
from iracing_pipeline.ingest.result_files import load_session_info, sessions_to_read
from iracing_pipeline.ingest.telemetry import StoredFrames, analyse, warnings_of
from iracing_pipeline.lake import Lake
from iracing_pipeline.report import read, report
from iracing_pipeline.warehouse import quarantine
from iracing_pipeline_tests.ingest.test_lap_analysis import stored
from iracing_pipeline_tests.recordings import INFO, TRACK_M, drive, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.ibt import Facts
    from iracing_pipeline.ingest.lap_analysis import LapAnalysis
    from iracing_pipeline.ingest.telemetry import Telemetry
    from iracing_pipeline.warehouse.connection import Connection

HOSTILE = Path(__file__).parents[3] / "shared" / "data" / "cases" / "hostile"
LAP_M = TRACK_M
_LAT, _LON = 40.0, 10.0
_SCALE = TRACK_M / 613.79  # their circle is smaller than their speed says


def recording(folder: Path, name: str, *, info: str = INFO, **channels: Any) -> Path:
    """A recording of two laps, with other session info or other values of some channels."""
    path = folder / f"{name}.ibt"
    frame = drive((20.0, 21.0, 20.5)).with_columns(
        Lat=_LAT + (pl.col("Lat") - _LAT) * _SCALE, Lon=_LON + (pl.col("Lon") - _LON) * _SCALE
    )
    write(path, frame.with_columns(**channels), info=info)
    return path


def loaded(connection: Connection, path: Path) -> tuple[Telemetry, LapAnalysis]:
    return stored(connection, path)


def one(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


RECORDINGS: list[Path | None] = [*sorted(HOSTILE.glob("*.ibt"))] or [None]


@pytest.fixture(params=RECORDINGS, ids=lambda path: str(path)[-24:])
def hostile(request: pytest.FixtureRequest) -> Path:
    path: Path | None = request.param
    if path is None:
        pytest.skip("there are no hostile recordings in ../shared/data")
    return path


def test_every_hostile_recording_loads_alone(connection: Connection, hostile: Path) -> None:
    recorded, analysis = loaded(connection, hostile)
    key = recorded.facts.session_key
    for shown in (
        metadata.of_laps(recorded),
        lap_metadata.of_traces(recorded, analysis),
        lap_metadata.of_stints(recorded, analysis),
        lap_metadata.of_consistency(recorded, analysis),
    ):
        assert shown
    assert "</html>" in report(read(connection, key))
    for rebuild in (figures.rebuild_car_tracks, figures.rebuild_race_plans):
        rebuild(connection)
    facts = [(key, partial(getattr, recorded, "facts")) for key in sessions_to_read(connection)]
    assert load_session_info(connection, facts).refused == {}


@pytest.mark.parametrize(
    ("line", "wrong", "column"),
    [
        ("TrackID: 17", "TrackID: 17\n TrackPitSpeedLimit: 999999 kph", "pit_speed_limit_mps"),
        ("DriverCarIdx: 1", "DriverCarIdx: 1\n DriverCarFuelMaxLtr: 0.000", "fuel_tank_l"),
        ("DriverCarIdx: 1", "DriverCarIdx: 1\n DriverCarFuelMaxLtr: 99999.0", "fuel_tank_l"),
    ],
)
def test_a_field_out_of_bounds_is_null_and_shown_with_the_session(
    connection: Connection, tmp_path: Path, line: str, wrong: str, column: str
) -> None:
    loaded(connection, recording(tmp_path, "a", info=INFO.replace(line, wrong)))

    assert one(connection, f"SELECT {column} FROM racing.telemetry_session") is None
    assert column in one(connection, "SELECT warnings[1] FROM racing.telemetry_session")


def test_a_sector_out_of_bounds_leaves_the_others(connection: Connection, tmp_path: Path) -> None:
    info = INFO.replace("0.512345", "0.512345\n - SectorNum: 2\n   SectorStartPct: 90.00")
    loaded(connection, recording(tmp_path, "a", info=info))

    assert one(connection, "SELECT sector_start_pct FROM racing.telemetry_session") == [
        0.0,
        0.512345,
        None,
    ]
    assert one(connection, "SELECT max(sector) FROM racing.lap_sector") == 2


def test_irating_1_is_a_field(connection: Connection, tmp_path: Path) -> None:
    info = INFO.replace("SubSessionID: 0", "SubSessionID: 7").replace(
        "   CarID: 4", "   CarID: 4\n   IRating: 1"
    )
    loaded(connection, recording(tmp_path, "a", info=info))

    assert one(connection, "SELECT irating FROM racing.telemetry_session") is None


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), 1e300, -5e9])
def test_no_figure_of_spoilt_channels_is_stored(
    connection: Connection, tmp_path: Path, value: float
) -> None:
    rows = pl.int_range(pl.len())
    spoilt: dict[str, Any] = {
        name: pl.when(rows % 700 == 3).then(pl.lit(value)).otherwise(name)
        for name in ("Speed", "FuelLevel", "AirTemp", "Lat")
    }
    recorded, analysis = loaded(connection, recording(tmp_path, "a", **spoilt))

    for table, frame in analysis.tables.items():
        assert table.bounded(frame)[1] == []
    assert warnings_of(recorded, analysis.left_out)


def test_a_declared_length_makes_no_grid(connection: Connection, tmp_path: Path) -> None:
    info = INFO.replace("TrackLength: 0.80 km", "TrackLength: 90.00 km")
    loaded(connection, recording(tmp_path, "false", info=info))

    assert one(connection, "SELECT length_m FROM racing.track_grid") == pytest.approx(
        LAP_M, rel=0.02
    )


def test_a_false_track_is_replaced_and_its_sessions_are_measured_again(
    connection: Connection, tmp_path: Path
) -> None:
    # Twice as long by all its sources: the recording of another track under this TrackID.
    info = INFO.replace("TrackLength: 0.80 km", "TrackLength: 1.60 km")
    longer = {
        "Speed": pl.col("Speed") * 2,
        "Lat": _LAT + (pl.col("Lat") - _LAT) * 2,
        "Lon": _LON + (pl.col("Lon") - _LON) * 2,
    }
    false = recording(tmp_path, "false", info=info, **longer)
    loaded(connection, false)
    assert one(connection, "SELECT length_m FROM racing.track_grid") > 1.9 * LAP_M
    for name in ("a", "b"):
        other = INFO.replace("UserName: Ada Example", f"UserName: Ada {name}")
        loaded(connection, recording(tmp_path, name, info=other))

    assert one(connection, "SELECT length_m FROM racing.track_grid") == pytest.approx(
        LAP_M, rel=0.02
    )
    outdated = lap_analysis.outdated(connection, [17])
    assert len(outdated) == 2
    for path in (false, tmp_path / "a.ibt"):
        loaded(connection, path)
    assert lap_analysis.outdated(connection, [17]) == []
    assert one(connection, "SELECT count(DISTINCT interval_count) FROM racing.lap_trace") == 1
    assert one(connection, "SELECT count(DISTINCT map_version) FROM racing.lap_corner") <= 1


def test_one_car_that_fails_ends_the_figures_of_no_other(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for car in (4, 5):
        info = INFO.replace("CarID: 4", f"CarID: {car}")
        loaded(connection, recording(tmp_path, str(car), info=info))
    who = car_track._who

    def fails(sessions: pl.DataFrame) -> dict[str, Any]:
        if sessions["car_id"][0] == 5:
            raise ZeroDivisionError("no such car")
        return who(sessions)

    with monkeypatch.context() as patch:
        patch.setattr(car_track, "_who", fails)
        figures.rebuild_car_tracks(connection)
    assert one(connection, "SELECT array_agg(car_id) FROM racing.car_track") == [4]
    (entry,) = quarantine.entries(connection, source="car_tracks")
    assert (entry.item, entry.reason) == (
        "car_id 5, track_id 17",
        "ZeroDivisionError: no such car",
    )
    figures.rebuild_car_tracks(connection)
    assert one(connection, "SELECT count(*) FROM racing.car_track") == 2
    assert quarantine.entries(connection, source="car_tracks") == []


def test_frames_that_are_missing_end_the_results_of_no_other_session(
    connection: Connection, tmp_path: Path
) -> None:
    rows = []
    for number in (7, 8):
        info = INFO.replace("SubSessionID: 0", f"SubSessionID: {number}")
        rows.append(loaded(connection, recording(tmp_path, str(number), info=info))[0])
    lake = Lake(tmp_path / "lake")
    key = rows[0].facts.session_key
    read_facts: list[tuple[str, Callable[[], Facts]]] = [
        (key, lambda: StoredFrames(lake, key).facts),
        ("good", partial(getattr, rows[1], "facts")),
    ]
    done = load_session_info(connection, read_facts)

    assert list(done.refused) == [key]
    assert list(done.loaded) == ["good"]
    assert [each.item for each in quarantine.entries(connection, source="telemetry_results")] == [
        key
    ]


def test_a_jump_of_the_clock_makes_no_large_export(tmp_path: Path) -> None:
    rows = pl.int_range(pl.len())
    jumps = pl.col("SessionTime") + pl.when(rows > 900).then(2e6).otherwise(0.0)
    path = recording(tmp_path, "a", SessionTime=jumps)
    written = export(IbtFile(path), tmp_path / "out", Format.MOTEC)

    assert sum(each.stat().st_size for each in written) < 2 * path.stat().st_size + 100_000


@pytest.mark.parametrize(("laps", "records"), [(27_000, 3), (12_000, 6)])
def test_more_laps_than_can_be_driven_are_refused(tmp_path: Path, laps: int, records: int) -> None:
    """Records a lap; the count of laps is refused before it costs more than their number."""
    count = laps * records
    number = np.arange(count)
    frame = pl.concat([drive((20.0,))[:1]] * count).with_columns(
        SessionTime=pl.Series(100 + number / 60),
        Lap=pl.Series((number // records).astype(np.int32)),
        LapDistPct=pl.Series(((number % records + 0.5) / records).astype(np.float32)),
    )
    path = tmp_path / "many.ibt"
    write(path, frame)
    with pytest.raises(TooManyLapsError, match=r"(12|20)\d{3} laps"):
        analyse(IbtFile(path))


def test_the_analysis_keeps_a_frame_within_bounds(tmp_path: Path) -> None:
    rows = pl.int_range(pl.len())
    recorded = analyse(
        IbtFile(
            recording(
                tmp_path, "a", FuelLevel=pl.when(rows > 2_000).then(float("inf")).otherwise(5.0)
            )
        )
    )
    analysis = analyse_laps(recorded)

    assert all(np.isfinite(recorded.laps["fuel_end_l"].drop_nulls().to_numpy()))
    assert {
        table.name for table in analysis.tables if table.bounded(analysis.tables[table])[1]
    } == set()

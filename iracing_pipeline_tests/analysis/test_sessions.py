"""Session of a file: driver, build, and time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.analysis.stints import stints
from iracing_pipeline.analysis.tyres import tyre_sets
from iracing_pipeline.analysis.unrolled import unroll
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest.telemetry import analyse
from iracing_pipeline_tests.real_files import NEEDS_REAL_FILES, folder
from iracing_pipeline_tests.recordings import INFO, START, drive, write

if TYPE_CHECKING:
    from pathlib import Path

TEAM = INFO.replace(" SubSessionID: 0", " SubSessionID: 12345\n TeamRacing: 1").replace(
    "   UserName: Ada Example\n",
    "   UserName: Team Mate\n   UserID: 2002\n   TeamID: 77\n   TeamName: Some Team\n"
    "   IRating: 2500\n   LicString: A 4.12\n   LicSubLevel: 412\n",
)


def session_of(path: Path, info: str, frame: pl.DataFrame | None = None) -> dict[str, Any]:
    write(path, drive() if frame is None else frame, info=info)
    return analyse(IbtFile(path)).session.row(0, named=True)


def test_the_driver_is_who_recorded(tmp_path: Path) -> None:
    path = tmp_path / "team.ibt"
    recorded = TEAM.replace(" DriverCarIdx: 1", " DriverCarIdx: 1\n DriverUserID: 1001")
    row = session_of(path, recorded)

    assert (row["cust_id"], row["driver_source"]) == (1001, "DriverUserID")
    assert (row["team_name"], row["car_id"]) == ("Some Team", 4)
    # What the car's row says is of the team mate.
    for name in ("driver_name", "irating", "licence_class", "safety_rating"):
        assert row[name] is None


def test_a_row_of_their_own_names_who_recorded(tmp_path: Path) -> None:
    both = TEAM.replace(" DriverCarIdx: 1", " DriverCarIdx: 1\n DriverUserID: 1001").replace(
        "\nSplitTimeInfo", " - CarIdx: 1\n   UserName: Ada\n   UserID: 1001\n\nSplitTimeInfo"
    )
    row = session_of(tmp_path / "team.ibt", both)

    assert (row["cust_id"], row["driver_name"], row["car_id"]) == (1001, "Ada", 4)


def test_without_a_recorder_the_row_of_the_car_names_the_driver(tmp_path: Path) -> None:
    row = session_of(tmp_path / "old.ibt", TEAM)

    assert (row["cust_id"], row["driver_source"]) == (2002, "DriverCarIdx")
    assert (row["driver_name"], row["irating"], row["licence_class"]) == ("Team Mate", 2500, "A")
    alone = session_of(tmp_path / "alone.ibt", INFO)
    assert (alone["cust_id"], alone["driver_source"]) == (None, None)
    assert alone["driver_name"] == "Ada Example"


def test_laps_have_the_type_of_their_own_simsession(tmp_path: Path) -> None:
    """One file may hold a practice and the race after it."""
    practice = drive((20.0,), lap=1, after=4.0)
    race = drive((20.0,), lap=1, began=200.0).with_columns(SessionNum=pl.lit(2, pl.Int32))
    info = INFO.replace(
        "SessionType: Practice",
        "SessionType: Practice\n - SessionNum: 1\n   SessionType: Lone Qualify\n"
        " - SessionNum: 2\n   SessionType: Race",
    )
    path = tmp_path / "weekend.ibt"
    write(path, pl.concat([practice, race]), info=info)
    telemetry = analyse(IbtFile(path))

    laps = telemetry.laps.select("simsession_number", "simsession_type", "kind").rows()
    assert [lap for lap in laps if lap[2] == "timed"] == [
        (0, "Practice", "timed"),
        (2, "Race", "timed"),
    ]
    assert {lap[:2] for lap in laps} == {(0, "Practice"), (2, "Race")}
    assert telemetry.session["simsession_type"][0] == "Race"  # of the last record


def test_the_build_is_kept(tmp_path: Path) -> None:
    info = INFO.replace(" TrackID: 17", " TrackID: 17\n BuildVersion: 2026.03.09.01")
    row = session_of(tmp_path / "a.ibt", info)
    without = session_of(tmp_path / "b.ibt", INFO)

    assert (row["build_version"], row["build_season"]) == ("2026.03.09.01", "2026 S2")
    assert (without["build_version"], without["build_season"]) == (None, None)


def swapped(seconds: float) -> pl.DataFrame:
    """Three laps; for so long in the second one the car drives without the player."""
    records = drive((20.0, 20.0, 20.0))
    within = pl.col("SessionTime").is_between(130.0, 130.0 + seconds)
    return records.with_columns(IsOnTrackCar=pl.lit(value=True), IsOnTrack=~within)


@pytest.mark.parametrize(("seconds", "laps"), [(0.01, []), (0.5, []), (5.0, [7])])
def test_laps_of_a_team_mate_are_kept_and_never_count(seconds: float, laps: list[int]) -> None:
    found_laps = laps_of(swapped(seconds))
    by_mate = found_laps.filter(pl.col("reasons").list.contains("team_mate"))

    assert found_laps["lap_number"].to_list() == [5, 6, 7, 8, 9]
    assert by_mate["lap_number"].to_list() == laps
    assert not by_mate["clean"].any()


def test_a_file_without_the_cars_own_state_shows_it_by_speed() -> None:
    found_laps = laps_of(swapped(5.0).drop("IsOnTrackCar"))

    assert found_laps.filter(pl.col("reasons").list.contains("team_mate"))[
        "lap_number"
    ].to_list() == [7]


def test_a_stint_of_a_team_mate_is_not_the_drivers() -> None:
    session = {"cust_id": 1001, "driver_name": "Ada", "setup_name": None, "session_key": "s"}
    for seconds, cust_id in ((5.0, 1001), (60.0, None)):
        records = swapped(seconds)
        samples, laps = Samples.of(records), laps_of(records)
        table = stints(
            samples,
            laps,
            unroll(samples, laps),
            tyre_sets(records, samples, laps),
            session | {"start_time": laps["start_time"][0]},
        )
        assert table["cust_id"].to_list() == [cust_id]


def laps_of(records: pl.DataFrame) -> pl.DataFrame:
    return find_laps(records, session_key="s", start=START)


@NEEDS_REAL_FILES
def test_the_recording_of_a_team_event_is_by_who_recorded() -> None:
    root = folder()
    assert root is not None
    path = root / "cases" / "ibt" / "team_mate_listed.ibt"
    if not path.is_file():
        pytest.skip("no cases beside the real recordings: cases/ibt/team_mate_listed.ibt")
    assert analyse(IbtFile(path)).session["cust_id"].to_list() == [1001]

"""The files of the demo season, read back by pyirsdk, by the reader, and by the lap analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import irsdk
import pytest

from iracing_pipeline.analysis.laps import laps
from iracing_pipeline.demo.backlog import write_backlog
from iracing_pipeline.demo.career import CUST_ID, DRIVER_NAME
from iracing_pipeline.demo.entrants import entrants
from iracing_pipeline.demo.plan import Session
from iracing_pipeline.demo.season import season, write_season
from iracing_pipeline.ibt import read_ibt

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.demo.outing import DemoFile


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[DemoFile]:
    return write_season(tmp_path_factory.mktemp("season"))


def test_the_season_holds_three_weekends_and_some_tests(files: list[DemoFile]) -> None:
    assert len(files) == 13
    assert len({f.outing.car for f in files}) == len({f.outing.circuit for f in files}) == 3
    weekends: dict[int, set[Session]] = {}
    for f in files:
        race = f.outing.event.race
        weekends.setdefault(race.subsession_id if race else 0, set()).add(f.outing.plan.session)
    assert weekends.pop(0) == {Session.PRACTICE}
    assert list(weekends.values()) == [set(Session)] * 3


def test_files_are_named_as_iracing_names_them(files: list[DemoFile]) -> None:
    names = [f.path.name for f in files]
    assert "corvanegt3_haldenridge gp 2026-03-07 20-15-33.ibt" in names
    assert all(f.path.name == f.outing.file_name for f in files)


def test_writing_it_again_touches_no_file(files: list[DemoFile]) -> None:
    folder = files[0].path.parent
    before = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    spoilt = files[2].path
    spoilt.write_bytes(spoilt.read_bytes()[:-1])
    counted: list[tuple[int, int]] = []
    again = write_season(folder, progress=lambda done, total: counted.append((done, total)))
    assert [f.truth for f in again] == [f.truth for f in files]
    after = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert {p for p in after if after[p] != before[p]} == {spoilt}
    assert after.keys() == before.keys()
    assert counted == [(i, 13) for i in range(1, 14)]


def test_pyirsdk_reads_every_closed_file(files: list[DemoFile]) -> None:
    for f in files:
        reader = irsdk.IBT()
        reader.open(str(f.path))
        expected = f.truth.records if f.outing.closed else 0
        assert len(reader.get_all("Lap")) == expected
        if f.outing.closed:
            assert reader["SessionTime"] == read_ibt(f.path, ["SessionTime"]).frame[-1, 0]
        reader.close()


def test_the_lap_analysis_finds_the_truth(files: list[DemoFile]) -> None:
    for f in files:
        recording = read_ibt(f.path)
        found_laps = laps(recording.frame, session_key="key", start=recording.start)
        assert found_laps.height == len(f.truth.laps)
        for row, lap in zip(found_laps.iter_rows(named=True), f.truth.laps, strict=True):
            assert (row["lap_number"], row["stint"], row["kind"]) == (
                lap.number,
                lap.stint,
                lap.kind,
            )
            assert row["incidents"] == lap.incidents
            assert row["fuel_used_l"] == pytest.approx(lap.fuel_used_l, abs=0.01)
            # Where the file ends before iRacing shows the time, distance is all there is.
            within = 1e-5 if lap.shown else 0.02
            assert row["lap_time_s"] == pytest.approx(lap.lap_time_s, abs=within)
            official = lap.official_s if lap.shown else None
            assert row["official_lap_time_s"] == pytest.approx(official, abs=1e-5)
            if lap.kind == "timed":
                assert row["clean"] == lap.clean


def test_some_files_end_before_the_last_lap_time_is_shown(files: list[DemoFile]) -> None:
    late = [lap for f in files for lap in f.truth.laps if lap.lap_time_s and not lap.shown]
    assert len(late) == 2


def test_one_file_was_never_closed(files: list[DemoFile]) -> None:
    (cut_off,) = [f for f in files if not f.outing.closed]
    recording = read_ibt(cut_off.path)
    assert not recording.closed
    assert recording.frame.height == cut_off.truth.records


def test_the_session_info_says_who_drove_what_where(files: list[DemoFile]) -> None:
    for f in files:
        recording = read_ibt(f.path, ["SessionNum"])
        info, outing = recording.session_info, f.outing
        weekend, drivers = info["WeekendInfo"], info["DriverInfo"]
        race = outing.event.race
        assert recording.start == outing.start
        assert weekend["TrackID"] == outing.circuit.place.track_id
        assert weekend["SubSessionID"] == (race.subsession_id if race else 0)
        me = drivers["Drivers"][drivers["DriverCarIdx"]]
        assert (me["UserID"], me["CarPath"]) == (CUST_ID, outing.car.path)
        assert me["UserName"].strip('"') == DRIVER_NAME
        assert me["LicString"] == (race.licence_before.text if race else "R 0.01")
        assert me["IRating"] == (race.irating_before if race else 1)
        assert drivers["DriverSetupName"].strip('"') == outing.setup_name.strip('"')
        sectors = info["SplitTimeInfo"]["Sectors"]
        assert [s["SectorStartPct"] for s in sectors] == pytest.approx(outing.circuit.sector_starts)
        number = recording.frame[0, 0]
        names = {"practice": "Practice", "qualify": "Lone Qualify", "race": "Race"}
        kind = names[outing.plan.session.value] if race else "Offline Testing"
        assert info["SessionInfo"]["Sessions"][number]["SessionType"] == kind


def test_names_that_break_yaml_come_back_whole(files: list[DemoFile]) -> None:
    for f in files:
        race = f.outing.event.race
        if race:
            drivers = read_ibt(f.path, ["Lap"]).session_info["DriverInfo"]["Drivers"]
            names = {e.car_index: e.name for e in entrants(race)}
            assert {d["CarIdx"]: d["UserName"] for d in drivers} == {0: "Pace Car", **names}


def test_races_end_as_the_career_says() -> None:
    for outing in season():
        race, plan = outing.event.race, outing.plan
        if race and plan.session is Session.RACE:
            assert plan.positions[0] == race.start_position
            assert plan.positions[-1] == race.finish_position
            assert len(plan.positions) == race.laps + 1 == plan.laps + 1
            assert sum(mishap.points for mishap in plan.mishaps) == race.incidents
            assert race.start <= outing.start


def test_the_newest_session_is_a_race() -> None:
    newest = max(season(), key=lambda outing: outing.start)

    assert newest.plan.session is Session.RACE
    assert newest.event.race is not None


def test_a_backlog_is_of_many_different_small_files(tmp_path: Path) -> None:
    paths = write_backlog(tmp_path, 4)
    assert all(2.5e6 < p.stat().st_size < 5e6 for p in paths)
    best = set()
    for path in paths:
        recording = read_ibt(path)
        found_laps = laps(recording.frame, session_key="key", start=recording.start)
        best.add(found_laps["lap_time_s"].min())
    assert len(best) == len(paths)
    assert len({read_ibt(p, ["Lap"]).start for p in paths}) == len(paths)

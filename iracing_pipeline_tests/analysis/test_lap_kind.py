from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from iracing_pipeline.analysis.evidence import LONGEST_EXCURSION
from iracing_pipeline.analysis.lap_kind import KINDS, REASONS
from iracing_pipeline.analysis.laps import laps
from iracing_pipeline_tests.recordings import START, drive, glitch, where

IN_STALL, APPROACHING, OFF_TRACK = 1, 2, 0


def laps_of(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return laps(frame, session_key="key", start=START).to_dicts()


def kinds(frame: pl.DataFrame) -> list[tuple[int, int, str]]:
    return [(row["stint"], row["lap_number"], row["kind"]) for row in laps_of(frame)]


def rows_of(frame: pl.DataFrame, lap: int) -> slice:
    return slice(int(frame["Lap"].search_sorted(lap)), int(frame["Lap"].search_sorted(lap + 1)))


def in_pits(frame: pl.DataFrame, first: int, after: int) -> pl.DataFrame:
    return where(frame, slice(first, after), OnPitRoad=True, PlayerTrackSurface=APPROACHING)


def test_a_lap_from_line_to_line_is_timed_and_clean() -> None:
    frame = drive((20.0, 21.0))
    assert kinds(frame) == [(1, 5, "partial"), (1, 6, "timed"), (1, 7, "timed"), (1, 8, "partial")]
    assert [row["clean"] for row in laps_of(frame)] == [False, True, True, False]


def test_leaving_the_pits_is_an_out_lap() -> None:
    frame = in_pits(drive((20.0,)), 0, 120)
    assert kinds(frame) == [(1, 5, "out"), (1, 6, "timed"), (1, 7, "partial")]
    assert laps_of(frame)[0]["reasons"] == ["out_lap", "invalid"]


def test_coming_into_the_pits_is_an_in_lap() -> None:
    frame = drive((20.0, 21.0))
    end = rows_of(frame, 8).stop
    frame = in_pits(frame, end - 60, end)
    assert kinds(frame)[-1] == (1, 8, "in")


def test_a_stop_between_two_laps_begins_a_stint() -> None:
    frame = drive((20.0, 20.0, 20.0, 20.0))
    line = rows_of(frame, 8).start
    frame = in_pits(frame, line - 100, line + 100)
    assert kinds(frame) == [
        (1, 5, "partial"),
        (1, 6, "timed"),
        (1, 7, "in"),
        (2, 8, "out"),
        (2, 9, "timed"),
        (2, 10, "partial"),
    ]


def test_through_the_pits_within_one_lap_is_a_pit_lap() -> None:
    frame = drive((20.0, 20.0, 20.0))
    start = rows_of(frame, 7).start
    assert kinds(in_pits(frame, start + 300, start + 600))[2] == (2, 7, "pit")


def test_pit_to_pit_is_a_pit_lap() -> None:
    frame = drive((20.0, 20.0, 20.0))
    rows = rows_of(frame, 7)
    frame = in_pits(in_pits(frame, rows.start - 60, rows.start + 60), rows.stop - 60, rows.stop)
    assert kinds(frame)[2][2] == "pit"


def test_a_reset_splits_a_lap_into_two_stints() -> None:
    frame = drive((20.0, 20.0))
    row = rows_of(frame, 7).start + 600
    again = drive((20.0,), lap=7, before=19.0, began=frame["SessionTime"][row] + 1 / 60)
    frame = glitch(pl.concat([frame[: row + 1], in_pits(again, 0, 200)]), row)
    assert [each for each in kinds(frame) if each[1] == 7] == [(1, 7, "reset"), (2, 7, "out")]
    assert min(each["lap_number"] for each in laps_of(frame)) == 5  # no lap of the glitch row


@pytest.mark.parametrize("late", [-1, 0, 1, 5])
def test_a_tow_is_told_from_a_reset(late: int) -> None:
    frame = drive((20.0, 20.0))
    row = rows_of(frame, 7).start + 600
    again = drive((20.0,), lap=7, before=19.0, began=frame["SessionTime"][row] + 1 / 60)
    arrived = row + 1 + late
    frame = glitch(pl.concat([frame[: row + 1], in_pits(again, 0, 200)]), row)
    frame = where(frame, slice(arrived, row + 200), PlayerCarTowTime=42.0)
    assert (1, 7, "tow") in kinds(frame)


def test_a_teleport_without_a_glitch_row_is_a_reset() -> None:
    frame = drive((20.0, 20.0))
    row = rows_of(frame, 7).start + 600
    frame = pl.concat([frame[:row], where(frame[row:], slice(0, 200), LapDistPct=0.02)])
    assert (1, 7, "reset") in kinds(frame)


def test_the_glitch_row_on_entering_belongs_to_no_lap() -> None:
    frame = glitch(drive((20.0,)), 0)
    rows = laps_of(frame)
    assert [row["lap_number"] for row in rows] == [5, 6, 7]
    assert rows[0]["first_record"] == 1


def test_glitches_are_found_by_surface_where_there_is_no_position() -> None:
    frame = glitch(drive((20.0,)), 0).drop("Lat", "Lon")
    assert laps_of(frame)[0]["first_record"] == 1


def test_a_file_whose_positions_are_all_zero_still_has_laps() -> None:
    frame = where(drive((20.0,)), slice(None), Lat=0.0, Lon=0.0)
    assert kinds(frame)[1] == (1, 6, "timed")


def test_a_change_of_session_cuts_a_lap() -> None:
    frame = drive((20.0, 20.0))
    row = rows_of(frame, 7).start + 600
    frame = where(frame, slice(row, None), SessionNum=2)
    assert [each for each in kinds(frame) if each[1] == 7] == [
        (1, 7, "partial"),
        (2, 7, "partial"),
    ]


def test_a_clock_that_falls_cuts_a_lap() -> None:
    frame = drive((20.0, 20.0))
    row = rows_of(frame, 7).start + 600
    frame = where(frame, slice(row, None), SessionTime=pl.col("SessionTime") - 90)
    assert [each for each in kinds(frame) if each[1] == 7] == [
        (1, 7, "partial"),
        (2, 7, "partial"),
    ]


def test_a_lap_count_that_falls_begins_a_stint() -> None:
    frame = drive((20.0, 20.0))
    frame = pl.concat([frame, drive((20.0,), lap=0, began=300.0)])
    stints = {row["lap_number"]: row["stint"] for row in laps_of(frame)}
    assert stints == {5: 1, 6: 1, 7: 1, 8: 1, 0: 2, 1: 2, 2: 2}


def test_a_lap_counted_away_from_the_line_times_nothing() -> None:
    frame = drive((20.0, 20.0))
    row = rows_of(frame, 7).start + 600
    frame = where(frame, slice(row, None), Lap=pl.col("Lap") + 1)
    assert [each for each in kinds(frame) if each[1] in (7, 8)] == [
        (1, 7, "partial"),
        (2, 8, "partial"),
    ]


def test_a_count_that_flickers_at_the_line_makes_no_lap_of_a_few_records() -> None:
    frame = drive((20.0, 20.0))
    line = rows_of(frame, 7).start
    frame = where(frame, slice(line + 3, None), Lap=pl.col("Lap") + 1)
    assert [each[1:] for each in kinds(frame)] == [
        (5, "partial"),
        (6, "timed"),
        (8, "timed"),
        (9, "partial"),
    ]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"PlayerTrackSurface": OFF_TRACK}, "off_track"),
        ({"Speed": 0.2}, "stopped"),
        ({"SessionFlags": 0x4000}, "caution"),
        ({"SessionFlags": 0x8000}, "caution"),
    ],
)
def test_what_happens_on_a_lap_is_held_against_it_alone(
    values: dict[str, float], reason: str
) -> None:
    frame = drive((20.0, 20.0, 20.0))
    start = rows_of(frame, 7).start
    reasons = [
        row["reasons"] for row in laps_of(where(frame, slice(start + 9, start + 39), **values))
    ]
    assert reasons == [["partial_lap", "invalid"], [], [reason], [], ["partial_lap"]]


def test_an_incident_is_held_against_the_lap_on_which_the_count_rose() -> None:
    frame = drive((20.0, 20.0, 20.0))
    start = rows_of(frame, 7).start
    rows = laps_of(where(frame, slice(start, None), PlayerCarMyIncidentCount=4))
    assert [row["incidents"] for row in rows] == [0, 0, 4, 0, 0]
    assert rows[2]["reasons"] == ["incident"]


def test_time_off_track_and_on_pit_road_is_measured() -> None:
    frame = drive((20.0, 20.0))
    start = rows_of(frame, 7).start
    frame = where(frame, slice(start + 60, start + 90), PlayerTrackSurface=OFF_TRACK)
    frame = in_pits(frame, start + 200, start + 260)
    row = laps_of(frame)[2]
    assert row["off_track_s"] == pytest.approx(0.5)
    assert row["pit_road_s"] == pytest.approx(1.0)


def test_standing_in_the_pits_is_no_stop_on_track() -> None:
    frame = drive((20.0,))
    frame = where(in_pits(frame, 0, 120), slice(0, 100), Speed=0.0)
    assert "stopped" not in laps_of(frame)[0]["reasons"]


@pytest.mark.parametrize(
    ("records", "reasons"), [(LONGEST_EXCURSION, []), (2 * LONGEST_EXCURSION, ["glitch"])]
)
def test_a_lap_in_which_the_car_was_nowhere_for_a_while_is_a_glitch(
    records: int, reasons: list[str]
) -> None:
    """The car drives on where it would be: the lap keeps its time, and does not count."""
    not_in_world = {"Lat": 0.0, "Lon": 0.0, "PlayerTrackSurface": -1}
    frame = where(drive((20.0, 20.0, 20.0)), slice(2000, 2000 + records), **not_in_world)
    timed = [lap for lap in laps_of(frame) if lap["kind"] == "timed"]

    assert [lap["reasons"] for lap in timed] == [[], reasons, []]
    assert [lap["lap_time_s"] for lap in timed] == pytest.approx([20.0] * 3, abs=1e-6)


def test_every_kind_and_reason_is_documented() -> None:
    frame = in_pits(drive((20.0,)), 0, 120)
    for row in laps_of(frame):
        assert row["kind"] in KINDS
        assert set(row["reasons"]) <= set(REASONS)

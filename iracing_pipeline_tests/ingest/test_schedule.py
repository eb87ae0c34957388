"""Races of this week and next, and the member's results there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from iracing_pipeline.ingest import figures
from iracing_pipeline_tests.analysis.simulated import file_of
from iracing_pipeline_tests.ingest.test_lap_analysis import stored

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

ME, SERIES, SEASON = 700001, 61, 5001
CLASS, CAR, OTHER_CAR = 41, 9202, 9999


def today(connection: Connection) -> date:
    """The day in UTC, as the server has it."""
    row = connection.execute("SELECT now()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment.astimezone(UTC).date()


def season(connection: Connection, first_day: date, tracks: list[int], **also: Any) -> None:
    """A season of one week on each track; what iRacing named as its week is long out of date."""
    connection.execute(
        "INSERT INTO racing.series (series_id, series_name) VALUES (%s, 'Formula Vale')", [SERIES]
    )
    connection.execute(
        "INSERT INTO racing.season (season_id, series_id, season, active, race_week_num,"
        " car_class_ids) VALUES (%s, %s, '2026S1', %s, 9, %s)",
        [SEASON, SERIES, also.get("active", True), [CLASS]],
    )
    connection.execute(
        "INSERT INTO racing.car_class (car_class_id, car_ids) VALUES (%s, %s)", [CLASS, [CAR]]
    )
    for week, track in enumerate(tracks):
        connection.execute(
            "INSERT INTO racing.season_week (season_id, race_week_num, track_id, track_name,"
            " start_date) VALUES (%s, %s, %s, %s, %s)",
            [SEASON, week, track, f"Track {track}", first_day + timedelta(weeks=week)],
        )


def race(connection: Connection, number: int, track: int, *, car: int = CAR, **result: Any) -> None:
    """A race of the member."""
    connection.execute(
        "INSERT INTO racing.subsession (subsession_id, source, source_rank, event_type, series_id,"
        " track_id, start_time) VALUES (%s, 'api', 1, 5, %s, %s, '2026-01-03 18:00Z')",
        [number, SERIES, track],
    )
    row = {
        "subsession_id": number,
        "simsession_number": 0,
        "group_id": ME,
        "participant_id": ME,
        "source": "api",
        "source_rank": 1,
        "kind": "driver",
        "cust_id": ME,
        "car_id": car,
        **result,
    }
    connection.execute(
        f"INSERT INTO racing.result ({', '.join(row)}) VALUES"
        f" ({', '.join(['%s'] * len(row))})".encode(),
        list(row.values()),
    )


def member(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO racing.rating_history (cust_id, category_id, recorded_category_id,"
        " observed_at, source) VALUES (%s, 6, 6, '2026-01-01Z', 'member')",
        [ME],
    )


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_a_week_lasts_from_its_first_day_to_the_seventh(connection: Connection, zone: str) -> None:
    day = today(connection)
    connection.execute(f"SET TIME ZONE '{zone}'".encode())
    season(connection, day, [])
    for number in range(30):  # one week for each day, two weeks back and two ahead
        connection.execute(
            "INSERT INTO racing.season_week (season_id, race_week_num, start_date)"
            " VALUES (%s, %s, %s)",
            [SEASON, number, day + timedelta(days=number - 15)],
        )

    result: dict[int, int] = dict(
        connection.execute(
            "SELECT start_date - %s::date, weeks_from_now FROM grafana.season_schedule", [day]
        ).fetchall()
    )

    assert {days for days, weeks in result.items() if weeks == 0} == set(range(-6, 1))
    assert {days for days, weeks in result.items() if weeks == 1} == set(range(1, 8))
    assert {days for days, weeks in result.items() if weeks == -1} == set(range(-13, -6))


def test_the_next_track_comes_with_what_was_done_there(
    connection: Connection, tmp_path: Path
) -> None:
    stored(connection, file_of(tmp_path, laps=7, seed=61))
    connection.execute("UPDATE racing.telemetry_session SET cust_id = %s", [ME])
    figures.rebuild_car_tracks(connection)
    ((track, best, fuel),) = connection.execute(
        "SELECT track_id, best_lap_time_s, fuel_p65_l FROM racing.car_track"
    ).fetchall()
    member(connection)
    first_day = today(connection) - timedelta(days=9)
    season(connection, first_day, [1, 2, track, 3], active=False)
    race(connection, 1, track, finish_position_in_class=4, incidents=2, best_lap_s=best + 1)
    race(connection, 2, track, finish_position_in_class=7, incidents=5, best_lap_s=best + 2)
    race(connection, 3, track, car=OTHER_CAR, finish_position_in_class=9, best_lap_s=best - 5)
    race(connection, 4, 2, finish_position_in_class=3, incidents=0, best_lap_s=51.5)

    rows = connection.execute(
        "SELECT race_week_num, track_race_count, best_finish_in_class, average_incidents,"
        " best_lap_s, fuel_p65_l FROM grafana.season_schedule WHERE weeks_from_now IN (0, 1)"
        " ORDER BY weeks_from_now"
    ).fetchall()

    assert rows == [
        (1, 1, 3, 0.0, 51.5, None),
        (2, 3, 4, 3.5, pytest.approx(best), pytest.approx(fuel)),
    ]
    assert fuel is not None

"""Figures over all sessions, into the warehouse and out of its views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from iracing_pipeline.ingest import figures
from iracing_pipeline_tests.analysis.simulated import file_of
from iracing_pipeline_tests.ingest.test_lap_analysis import stored
from iracing_pipeline_tests.real_files import each, recordings

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

REBUILD = (
    figures.rebuild_car_tracks,
    figures.rebuild_race_plans,
    figures.rebuild_consistency_trends,
    figures.rebuild_setup_comparisons,
    figures.rebuild_rating_outlook,
)


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_sessions_come_together_in_the_views(connection: Connection, tmp_path: Path) -> None:
    for seed, laps in ((41, 7), (42, 4)):
        stored(connection, file_of(tmp_path, laps=laps, seed=seed))
    for rebuild in REBUILD:
        rebuild(connection)

    # Losses of all corners and straights are what the lap lost.
    for total, lost, best in rows(
        connection,
        "SELECT sum(best_corner_loss_s + best_straight_loss_s), max(lap_time_s),"
        " max(best_lap_time_s) FROM grafana.corner_losses"
        " GROUP BY session_key, stint, lap_number",
    ):
        assert total == pytest.approx(lost - best, abs=1e-6)
    ((sessions, clean),) = rows(
        connection, "SELECT session_count, clean_lap_count FROM grafana.car_tracks"
    )
    assert (sessions, clean) == (2, 9)
    assert rows(connection, "SELECT count(DISTINCT race) FROM grafana.race_plans") == [(10,)]
    ((best, theirs),) = rows(
        connection,
        "SELECT lap_time_s, (SELECT min(best_lap_time_s) FROM grafana.session_summaries)"
        " FROM grafana.personal_bests",
    )
    assert best == theirs
    settings = dict(rows(connection, "SELECT setting, value FROM grafana.setup_settings"))
    assert settings["Chassis.Rear.FuelLevel"] == "6.0 L"
    ((compared,),) = rows(
        connection,
        "SELECT changed_count FROM grafana.setup_comparisons"
        " WHERE previous_session_key IS NOT NULL",
    )
    assert compared == 0


def test_nothing_known_is_no_error(connection: Connection) -> None:
    for rebuild in REBUILD:
        assert all(frame.is_empty() for frame in rebuild(connection).values())


@each(recordings())
def test_real_files_give_figures_or_say_why_not(connection: Connection, path: Path) -> None:
    stored(connection, path)
    for rebuild in REBUILD:
        rebuild(connection)

    plans, unknown = rows(
        connection,
        "SELECT count(*), (SELECT max(cardinality(unknown)) FROM grafana.car_tracks)"
        " FROM grafana.race_plans",
    )[0]
    assert plans > 0 or unknown > 0

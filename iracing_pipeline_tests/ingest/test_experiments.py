"""Experiments in the warehouse: which stints are runs, and what the looks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.ingest import experiments
from iracing_pipeline.ingest.experiments import ExperimentError, rebuild_experiments
from iracing_pipeline.tables.experiment import EXPERIMENT_LOOK, EXPERIMENT_RUN
from iracing_pipeline_tests.analysis.simulated import file_of
from iracing_pipeline_tests.ingest.test_lap_analysis import stored

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

VARIANTS = ("wing 6", "wing 5")


def _start(connection: Connection, name: str = "wing", blocks: int = 7) -> list[str]:
    row = experiments.start(connection, name, VARIANTS, laps_per_run=2, blocks=blocks, seed=1)
    plan: list[str] = row["plan"]
    return plan


def _drive(connection: Connection, plan: list[str], runs: int, slower_s: float) -> None:
    """Runs of two laps after the start: copies of the stint of the session, B slower."""
    begin = datetime.now(UTC) + timedelta(minutes=1)
    for run in range(runs):
        lap_s = 90.0 + (slower_s if plan[run] == "B" else 0.0) + 0.01 * (run % 3)
        connection.execute(
            "INSERT INTO racing.stint SELECT (jsonb_populate_record(own, jsonb_build_object("
            "'stint', %s::int, 'start_time', %s::timestamptz))).* FROM racing.stint AS own"
            " WHERE own.stint = 1",
            [100 + run, begin + timedelta(minutes=10 * run)],
        )
        connection.execute(
            "INSERT INTO racing.telemetry_lap SELECT (jsonb_populate_record(own,"
            " jsonb_build_object('stint', %s::int, 'lap_time_s', %s::float))).*"
            " FROM racing.telemetry_lap AS own WHERE own.stint = 1 AND own.clean",
            [100 + run, lap_s],
        )
    connection.commit()


@pytest.fixture
def session(connection: Connection, tmp_path: Path) -> None:
    """A session that an experiment starts from."""
    stored(connection, file_of(tmp_path, laps=4, seed=31))


@pytest.mark.usefixtures("session")
def test_stints_after_the_start_are_runs_in_the_order_of_the_plan(connection: Connection) -> None:
    plan = _start(connection)
    assert rebuild_experiments(connection)[EXPERIMENT_RUN].is_empty()  # driven before the start
    _drive(connection, plan, 28, 0.3)

    rows = rebuild_experiments(connection)

    assert rows[EXPERIMENT_RUN]["variant"].to_list() == plan
    look = rows[EXPERIMENT_LOOK].row(-1, named=True)
    assert look["block"] == 7
    assert look["difference_s"] == pytest.approx(0.3, abs=0.03)
    assert look["faster"] == "A"
    assert rows[EXPERIMENT_LOOK]["low_s"].to_list()[:6] == [None] * 6
    shown = connection.execute(
        "SELECT driven_runs, planned_runs, next_variant, faster FROM grafana.experiments"
    ).fetchone()
    assert shown == (28, 28, None, "A")


@pytest.mark.usefixtures("session")
def test_the_next_run_is_that_of_the_plan_and_an_end_stops_counting(connection: Connection) -> None:
    plan = _start(connection)
    _drive(connection, plan, 5, 0.0)
    rebuild_experiments(connection)

    shown = connection.execute(
        "SELECT driven_runs, next_variant, block FROM grafana.experiments"
    ).fetchone()
    assert shown == (5, plan[5], 1)

    experiments.end(connection, "wing")
    assert rebuild_experiments(connection)[EXPERIMENT_RUN].is_empty()  # all driven after the end
    with pytest.raises(ExperimentError, match="No experiment wing runs"):
        experiments.end(connection, "wing")


def test_what_cannot_be_started_is_named(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="Drive or load one first"):
        _start(connection)
    stored(connection, file_of(tmp_path, laps=4, seed=31))
    _start(connection)
    with pytest.raises(ExperimentError, match="There is an experiment wing already"):
        _start(connection)
    for name in ("", "two\nlines", "x" * 61):
        with pytest.raises(ExperimentError, match="one line of text"):
            _start(connection, name)
    with pytest.raises(ExperimentError, match="There is no session nothing"):
        experiments.start(
            connection, "other", VARIANTS, laps_per_run=2, blocks=7, session="nothing"
        )

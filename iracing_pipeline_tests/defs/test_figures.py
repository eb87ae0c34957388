"""Figures over all sessions, as assets, and the sensor that keeps them up to date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from iracing_pipeline.defs.figures import sensors
from iracing_pipeline.defs.figures.sensors import figures_sensor, refresh_figures
from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.defs.conftest import aged

if TYPE_CHECKING:
    import pytest

    from iracing_pipeline_tests.defs.conftest import Pipeline

ASSETS = ("car_tracks", "race_plans", "consistency_trends", "setup_comparisons", "rating_forecasts")


def look(pipeline: Pipeline, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    resources = {"warehouse": WarehouseResource()}
    with dg.build_sensor_context(
        instance=pipeline.instance, resources=resources, cursor=cursor
    ) as context:
        answer = figures_sensor(context)
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


def test_nothing_loaded_is_no_reason(pipeline: Pipeline) -> None:
    assert isinstance(look(pipeline), dg.SkipReason)
    done = pipeline.materialize(job=refresh_figures.name)

    assert done.success  # of an empty database too


def test_a_load_is_followed_by_one_refresh_once_it_is_quiet(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.ibt", "b.ibt"):
        pipeline.record(name)
    pipeline.load()
    busy = look(pipeline)
    assert isinstance(busy, dg.SkipReason)
    assert "going on" in str(busy.skip_message)

    monkeypatch.setattr(sensors, "_QUIET", timedelta(0))
    asked = look(pipeline)
    assert isinstance(asked, dg.SensorResult)
    assert len(asked.run_requests or []) == 1
    assert isinstance(look(pipeline, asked.cursor), dg.SkipReason)

    # What the refresh itself writes asks for no other.
    assert pipeline.materialize(job=refresh_figures.name).success
    assert isinstance(look(pipeline, asked.cursor), dg.SkipReason)


def test_a_backlog_does_not_keep_them_waiting_for_ever(pipeline: Pipeline) -> None:
    pipeline.record("a.ibt")
    pipeline.load()
    long_ago = datetime.now(UTC) - timedelta(hours=1)

    assert isinstance(look(pipeline, f"0 {long_ago.isoformat()}"), dg.SensorResult)
    assert isinstance(look(pipeline, f"0 {datetime.now(UTC).isoformat()}"), dg.SkipReason)


def test_each_is_materialized_with_what_it_shows_and_again_changes_nothing(
    pipeline: Pipeline,
) -> None:
    recordings.session(pipeline.folder / "a.ibt", track="a", laps=9)
    recordings.session(pipeline.folder / "b.ibt", track="a", laps=7)
    for path in pipeline.folder.glob("*.ibt"):
        aged(path)
    pipeline.load()
    first = pipeline.materialize(job=refresh_figures.name)

    assert first.success
    shown = {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization.metadata
        for event in first.get_asset_materialization_events()
        if event.asset_key is not None
    }
    assert set(ASSETS) <= set(shown)
    assert all("dagster/row_count" in shown[name] for name in ASSETS)
    with WarehouseResource().connect() as connection:
        before = connection.execute("SELECT max(id) FROM ops.load_audit").fetchone()
        assert before is not None
    pipeline.materialize(job=refresh_figures.name)
    with WarehouseResource().connect() as connection:
        changed = connection.execute(
            "SELECT sum(rows_inserted + rows_updated + rows_deleted) FROM ops.load_audit"
            " WHERE id > %s",
            [before[0]],
        ).fetchone()
    assert changed == (0,)

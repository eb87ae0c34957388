from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import psycopg

from iracing_pipeline.definitions import defs
from iracing_pipeline.defs.abandoned_runs import abandoned_runs_sensor
from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.defs.telemetry import assets
from iracing_pipeline.ingest.telemetry import analyse
from iracing_pipeline.warehouse import Warehouse, run_lock

if TYPE_CHECKING:
    import pytest

    from iracing_pipeline_tests.defs.conftest import Pipeline

STARTED = dg.DagsterRunStatus.STARTED
FAILURE = dg.DagsterRunStatus.FAILURE


def look(pipeline: Pipeline, cursor: str | None = None) -> str | None:
    """Let the sensor look once; its cursor for the next time."""
    with dg.build_sensor_context(
        instance=pipeline.instance,
        cursor=cursor,
        resources={"warehouse": WarehouseResource()},
        repository_def=defs.get_repository_def(),
    ) as context:
        return abandoned_runs_sensor.evaluate_tick(context).cursor


def start(pipeline: Pipeline, job: str = "load_telemetry") -> dg.DagsterRun:
    """A run that has begun, of a job of that name."""

    @dg.op
    def nothing() -> None:
        pass

    @dg.job(name=job)
    def made() -> None:
        nothing()

    return pipeline.instance.create_run_for_job(made, status=STARTED)


def status(pipeline: Pipeline, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = pipeline.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def test_a_run_whose_process_is_gone_is_ended_at_the_second_look(pipeline: Pipeline) -> None:
    dead, alive = start(pipeline), start(pipeline)
    with Warehouse(pipeline.database).connect() as connection:
        run_lock.hold(connection, alive.run_id)
        connection.rollback()

        cursor = look(pipeline)
        assert status(pipeline, dead) is STARTED
        look(pipeline, cursor)

        assert status(pipeline, dead) is FAILURE
        assert status(pipeline, alive) is STARTED
    # The connection is gone, and so is the lock.
    look(pipeline, look(pipeline))
    assert status(pipeline, alive) is FAILURE


def test_runs_of_every_job_of_the_project_are_looked_after_and_no_others(
    pipeline: Pipeline,
) -> None:
    ours, foreign = start(pipeline, "update_ratings"), start(pipeline, "somebody_elses")

    look(pipeline, look(pipeline))

    assert status(pipeline, ours) is FAILURE
    assert status(pipeline, foreign) is STARTED


def test_a_run_holds_its_lock_while_it_works(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.record("a.ibt")
    seen: list[bool] = []

    def is_held() -> bool:
        (run,) = pipeline.instance.get_runs()
        with Warehouse(pipeline.database).connect() as connection:
            return run_lock.is_held(connection, run.run_id)

    def watched(*arguments: object, **options: object) -> object:
        seen.append(is_held())
        return analyse(*arguments, **options)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(assets, "analyse", watched)
    pipeline.load()

    assert seen == [True]
    assert not is_held()


def test_a_run_goes_on_when_the_connection_of_its_lock_breaks(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.record("a.ibt")

    def breaking(*arguments: object, **options: object) -> object:
        with psycopg.connect(pipeline.database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            )
        return analyse(*arguments, **options)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(assets, "analyse", breaking)
    (result,) = pipeline.load()

    assert result.success
    assert pipeline.laps() == {"a.ibt": 4}

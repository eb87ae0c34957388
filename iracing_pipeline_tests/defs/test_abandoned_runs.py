from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dagster as dg
import grpc  # type: ignore[import-untyped]  # Dagster's, which brings no types
import psycopg
from dagster._grpc.__generated__ import dagster_api_pb2 as messages
from dagster._grpc.__generated__.dagster_api_pb2_grpc import (
    DagsterApiServicer,
    add_DagsterApiServicer_to_server,
)

from iracing_pipeline.dagster_private import (
    GRPC_INFO_TAG,
    CanCancelExecutionRequest,
    CanCancelExecutionResult,
)
from iracing_pipeline.definitions import defs
from iracing_pipeline.defs.operations import abandoned_runs
from iracing_pipeline.defs.operations.abandoned_runs import abandoned_runs_sensor
from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.defs.telemetry import assets
from iracing_pipeline.ingest.telemetry import analyse
from iracing_pipeline.warehouse import Warehouse, run_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from iracing_pipeline_tests.defs.conftest import Pipeline

STARTING = dg.DagsterRunStatus.STARTING
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


def start(
    pipeline: Pipeline,
    job: str = "load_telemetry",
    *,
    status: dg.DagsterRunStatus = STARTED,
    tags: dict[str, str] | None = None,
) -> dg.DagsterRun:
    """A run that has begun, of a job of that name."""

    @dg.op
    def nothing() -> None:
        pass

    @dg.job(name=job)
    def made() -> None:
        nothing()

    return pipeline.instance.create_run_for_job(made, status=status, tags=tags)


def status(pipeline: Pipeline, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    result = pipeline.instance.get_run_by_id(run.run_id)
    assert result is not None
    return result.status


@dataclass
class CodeServer(DagsterApiServicer):
    """One that knows the runs that it launched.

    Attributes:
        port: Port to listen on.
        launched: Their ids.
        answers: Cleared, it is too busy to answer.
    """

    port: int = 0
    launched: set[str] = field(default_factory=set)
    answers: threading.Event = field(default_factory=threading.Event)

    def CanCancelExecution(  # noqa: N802 - gRPC's name
        self, request: messages.CanCancelExecutionRequest, context: object
    ) -> messages.CanCancelExecutionReply:
        """Return whether it has a process for a run."""
        del context
        self.answers.wait()
        asked = dg.deserialize_value(
            request.serialized_can_cancel_execution_request, CanCancelExecutionRequest
        )
        expected = CanCancelExecutionResult(can_cancel=asked.run_id in self.launched)
        return messages.CanCancelExecutionReply(
            serialized_can_cancel_execution_result=dg.serialize_value(expected)
        )

    @property
    def tags(self) -> dict[str, str]:
        """Tags that Dagster sets on a run that it hands over."""
        return {GRPC_INFO_TAG: json.dumps({"host": "127.0.0.1", "port": self.port})}


@contextmanager
def listening() -> Iterator[CodeServer]:
    """A code server, until it is gone."""
    server, ours = grpc.server(ThreadPoolExecutor(4)), CodeServer()
    ours.answers.set()
    add_DagsterApiServicer_to_server(ours, server)  # type: ignore[no-untyped-call]  # generated
    ours.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield ours
    finally:
        ours.answers.set()
        server.stop(None).wait()


def test_a_run_that_its_code_server_forgot_while_it_started_is_ended(pipeline: Pipeline) -> None:
    with listening() as server:
        expected = start(pipeline, status=STARTING, tags=server.tags)
        server.launched.add(expected.run_id)
        forgotten = start(pipeline, status=STARTING, tags=server.tags)
        waiting = start(pipeline, status=STARTING)  # no code server has it yet, or ever will

        cursor = look(pipeline)
        assert status(pipeline, forgotten) is STARTING
        look(pipeline, cursor)

        assert status(pipeline, forgotten) is FAILURE
        assert status(pipeline, expected) is STARTING
    look(pipeline, look(pipeline))
    assert status(pipeline, expected) is FAILURE, "its code server is gone"
    assert status(pipeline, waiting) is STARTING


def test_a_code_server_that_is_too_busy_to_answer_may_have_the_run(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abandoned_runs, "_ANSWERS_WITHIN_S", 0.2)
    with listening() as server:
        run = start(pipeline, status=STARTING, tags=server.tags)
        server.answers.clear()

        look(pipeline, look(pipeline))

        assert status(pipeline, run) is STARTING


def test_a_run_that_has_started_since_the_last_look_is_looked_at_anew(pipeline: Pipeline) -> None:
    with listening() as server:
        run = start(pipeline, status=STARTING, tags=server.tags)
        cursor = look(pipeline)
        pipeline.instance.handle_run_event(
            run.run_id, dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name)
        )
        assert status(pipeline, run) is STARTED

        cursor = look(pipeline, cursor)

        assert status(pipeline, run) is STARTED
        look(pipeline, cursor)
        assert status(pipeline, run) is FAILURE


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

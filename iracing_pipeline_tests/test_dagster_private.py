"""Private modules of Dagster behave in the installed release as the project needs."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from iracing_pipeline import dagster_private as private

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN = "0f6a3c1e-0000-4000-8000-000000000000"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_a_cancellation_is_no_ordinary_exception() -> None:
    assert issubclass(private.DagsterExecutionInterruptedError, BaseException)
    assert not issubclass(private.DagsterExecutionInterruptedError, Exception)


def test_ctrl_c_in_a_step_is_an_interrupt(instance: dg.DagsterInstance) -> None:
    @dg.op
    def interrupted() -> None:
        raise KeyboardInterrupt

    @dg.job
    def job() -> None:
        interrupted()

    done = job.execute_in_process(instance=instance, raise_on_error=False)

    (failure,) = done.get_step_failure_events()
    assert failure.step_failure_data.error_source is private.ErrorSource.INTERRUPT


def test_a_code_server_that_is_gone_is_unavailable() -> None:
    client = private.DagsterGrpcClient(port=9, host="127.0.0.1")

    with pytest.raises(private.DagsterUserCodeUnreachableError, match="UNAVAILABLE"):
        client.can_cancel_execution(private.CanCancelExecutionRequest(run_id=RUN), timeout=5)


def test_the_answer_of_a_code_server_can_be_read() -> None:
    answer = dg.serialize_value(private.CanCancelExecutionResult(can_cancel=True))

    assert dg.deserialize_value(answer, private.CanCancelExecutionResult).can_cancel


def test_the_tag_of_the_code_server() -> None:
    # Stored with runs of earlier releases, so a new name would be a new meaning.
    assert private.GRPC_INFO_TAG == ".dagster/grpc_info"


def test_ticks_and_heartbeats_have_the_fields_that_are_read() -> None:
    assert {status.name for status in private.TickStatus} >= {"SUCCESS", "SKIPPED", "FAILURE"}
    beat = private.DaemonHeartbeat(timestamp=1.0, daemon_type="SENSOR", daemon_id=None, errors=[])
    assert (beat.timestamp, beat.errors) == (1.0, [])


def test_checks_are_found_by_their_status(instance: dg.DagsterInstance) -> None:
    key = dg.AssetCheckKey(dg.AssetKey("lap"), "closes")

    @dg.asset_check(asset="lap", name="closes")
    def closes() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False)

    definitions = dg.Definitions(asset_checks=[closes])
    definitions.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)

    (record,) = instance.event_log_storage.get_asset_check_execution_history(
        key, limit=1, status=private.COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
    )
    assert record.evaluation is not None
    assert not record.evaluation.passed


def test_dagster_dev_starts_its_children_by_the_function_that_is_replaced() -> None:
    starts = private.dev_module().open_ipc_subprocess

    assert {"parts", "kwargs"} <= inspect.signature(starts).parameters.keys()
    source = inspect.getsource(private.dev_module())
    assert source.count("= open_ipc_subprocess(") == 2, "the webserver and the daemon"
    assert callable(private.dev_command())


def test_a_storage_is_made_from_its_configuration() -> None:
    data = private.ConfigurableClassData("module", "Class", "a: 1\n")

    assert data.config_dict == {"a": 1}

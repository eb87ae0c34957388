# Without postponed annotations: Dagster reads that of a context when a step is defined.

from collections.abc import Callable

import dagster as dg
import pytest

from iracing_pipeline import definitions
from iracing_pipeline.dagster_private import DagsterExecutionInterruptedError
from iracing_pipeline.defs.retries import retried
from iracing_pipeline.local.runs import Runs


def job(fail: Callable[[int], None]) -> dg.JobDefinition:
    @dg.op
    def step(context: dg.OpExecutionContext) -> None:
        with retried(context, delay_s=0.01):
            fail(context.retry_number)

    @dg.job(executor_def=dg.in_process_executor)
    def of_one_step() -> None:
        step()

    return of_one_step


def retries(result: dg.ExecuteInProcessResult) -> int:
    return sum(event.is_step_up_for_retry for event in result.all_events)


def test_a_fault_that_passes_is_tried_again() -> None:
    def passing(number: int) -> None:
        if number < 2:
            raise ConnectionError("for a moment")

    result = job(passing).execute_in_process(raise_on_error=False)

    assert result.success
    assert retries(result) == 2


def test_a_fault_that_stays_fails() -> None:
    def staying(_number: int) -> None:
        raise ConnectionError("for ever")

    result = job(staying).execute_in_process(raise_on_error=False)

    assert not result.success
    assert retries(result) == 2


def test_a_refusal_is_not_tried_again() -> None:
    def refusing(_number: int) -> None:
        raise dg.Failure("bad files", allow_retries=False)

    result = job(refusing).execute_in_process(raise_on_error=False)

    assert not result.success
    assert retries(result) == 0


@pytest.mark.parametrize("how", [KeyboardInterrupt, DagsterExecutionInterruptedError])
def test_a_cancellation_is_not_tried_again(how: type[BaseException]) -> None:
    def canceled(_number: int) -> None:
        raise how

    result = job(canceled).execute_in_process(raise_on_error=False)

    assert not result.success
    assert retries(result) == 0


def test_a_command_ends_where_dagster_takes_the_interrupt_for_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl+C during ``load``: no further batch begins."""

    def canceled(_number: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(definitions, "defs", dg.Definitions(jobs=[job(canceled)]))
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(KeyboardInterrupt):
        Runs(instance).run("of_one_step")


def test_no_step_has_a_policy_that_a_cancellation_would_trigger() -> None:
    steps = [
        node
        for name in definitions.defs.resolve_all_job_defs()
        for node in name.graph.iterate_node_defs()
    ]

    assert steps
    assert [node.name for node in steps if getattr(node, "retry_policy", None) is not None] == []

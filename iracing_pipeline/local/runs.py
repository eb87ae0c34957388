"""Jobs of the asset graph, run in this process and without a UI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iracing_pipeline.dagster_private import ErrorSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    import dagster as dg


class Runs:
    """Runs jobs one after the other, and keeps account of those that fail.

    Attributes:
        failed: Why each run that failed did, by its job and partition.
    """

    def __init__(self, instance: dg.DagsterInstance) -> None:
        """Run in an instance, which keeps the runs."""
        self.failed: dict[str, str] = {}
        self._instance = instance

    def add_partitions(
        self, partitions: dg.DynamicPartitionsDefinition, keys: Iterable[str]
    ) -> None:
        """Add the partitions that are not there yet."""
        name = str(partitions.name)
        there = set(self._instance.get_dynamic_partitions(name))
        new = [key for key in dict.fromkeys(keys) if key not in there]
        self._instance.add_dynamic_partitions(name, new)

    def run(
        self,
        job: str,
        partition: str | None = None,
        *,
        tags: dict[str, str] | None = None,
        config: dict[str, Any] | None = None,
    ) -> bool:
        """Run a job, with a run configuration; whether all went well."""
        # Imported here: loading the definitions is only needed when there is something to run.
        from iracing_pipeline.definitions import defs  # noqa: PLC0415

        quiet: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        done = defs.resolve_job_def(job).execute_in_process(
            instance=self._instance,
            run_config=quiet | (config or {}),
            partition_key=partition,
            tags=tags,
            raise_on_error=False,
        )
        if any(_was_interrupted(event) for event in done.all_events):
            raise KeyboardInterrupt  # Dagster has taken it for the failure of a step
        if not done.success:
            self.failed[f"{job} {partition or ''}".strip()] = _reason(done)
        return done.success


def _was_interrupted(event: dg.DagsterEvent) -> bool:
    return event.is_step_failure and event.step_failure_data.error_source is ErrorSource.INTERRUPT


def _reason(done: dg.ExecuteInProcessResult) -> str:
    """The message of the first failed step."""
    for event in done.get_step_failure_events():
        data = event.step_failure_data
        if data.user_failure_data is not None and data.user_failure_data.description:
            return data.user_failure_data.description
        error = data.error
        while error is not None and error.cause is not None:
            error = error.cause
        if error is not None:
            return error.message.strip()
    return "see Runs in the Dagster UI"

"""State of Dagster's storage: runs, ticks, steps, assets and checks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from iracing_pipeline.dagster_private import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES as _EVALUATED,
)
from iracing_pipeline.dagster_private import TickStatus
from iracing_pipeline.defs.unfinished_runs import UNFINISHED
from iracing_pipeline.metrics.exposition import Answer, SourceError
from iracing_pipeline.metrics.families import exposition
from iracing_pipeline.metrics.orchestration import Orchestration, families

if TYPE_CHECKING:
    from collections.abc import Sequence

ENDED = (
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
)
_TICKS = (TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE)


class DagsterHealth:
    """Dagster's storage as a source; each look is some dozens of small queries."""

    def __init__(self, instance: dg.DagsterInstance, definitions: dg.Definitions) -> None:
        """Take the instance, and the definitions whose jobs and checks are looked for."""
        self._instance = instance
        graph = definitions.resolve_asset_graph()
        repository = definitions.get_repository_def()
        self._jobs = sorted(repository.job_names)
        self._checks: Sequence[dg.AssetCheckKey] = sorted(
            graph.asset_check_keys, key=lambda key: key.to_user_string()
        )

    def answer(self) -> Answer:
        """Render the state of Dagster as metrics.

        Raises:
            SourceError: If its storage does not answer.
        """
        try:
            return Answer(exposition(families(self.look())), time.time())
        except (dg.DagsterError, SQLAlchemyError, OSError) as error:
            raise SourceError(" ".join(str(error).split())[:300]) from error

    def look(self) -> Orchestration:
        """Read the state of Dagster."""
        health = Orchestration()
        for job in self._jobs:
            self._look_at_job(job, health)
        self._look_at_ticks(health)
        for record in self._instance.get_asset_records():
            entry = record.asset_entry
            if entry.last_materialization_record is not None:
                at = entry.last_materialization_record.timestamp
                health.assets[entry.asset_key.to_user_string()] = at
        for key in self._checks:
            self._look_at_check(key, health)
        return health

    def _look_at_job(self, job: str, health: Orchestration) -> None:
        instance = self._instance
        for status in ENDED:
            runs = dg.RunsFilter(job_name=job, statuses=[status])
            outcome = (_shown(job), status.value.lower())
            health.runs[outcome] = instance.get_runs_count(runs)
            if not health.runs[outcome]:
                continue
            last = instance.get_run_records(runs, limit=1)
            if not last or last[0].end_time is None:
                continue
            health.last_run[outcome] = last[0].end_time
            if status is dg.DagsterRunStatus.SUCCESS:
                if last[0].start_time is not None:
                    health.run_seconds[_shown(job)] = last[0].end_time - last[0].start_time
                self._look_at_steps(job, last[0].dagster_run.run_id, health)
        for status in UNFINISHED:
            runs = dg.RunsFilter(job_name=job, statuses=[status])
            health.unfinished[_shown(job), status.value.lower()] = instance.get_runs_count(runs)

    def _look_at_steps(self, job: str, run_id: str, health: Orchestration) -> None:
        for step in self._instance.get_run_step_stats(run_id):
            if step.start_time is not None and step.end_time is not None:
                health.step_seconds[_shown(job), step.step_key] = step.end_time - step.start_time

    def _look_at_ticks(self, health: Orchestration) -> None:
        for state in self._instance.all_instigator_state():
            for status in _TICKS:
                ticks = self._instance.get_ticks(
                    state.instigator_origin_id, state.selector_id, limit=1, statuses=[status]
                )
                if ticks:
                    outcome = (state.instigator_name, status.value.lower())
                    health.ticks[outcome] = max(tick.timestamp for tick in ticks)

    def _look_at_check(self, key: dg.AssetCheckKey, health: Orchestration) -> None:
        # The latest that was made: one that a run is about to make says nothing yet.
        storage = self._instance.event_log_storage
        for record in storage.get_asset_check_execution_history(key, limit=1, status=_EVALUATED):
            evaluation = record.evaluation
            if evaluation is not None:
                name = (key.asset_key.to_user_string(), key.name)
                health.checks[name] = (evaluation.passed, record.create_timestamp)


def _shown(job: str) -> str:
    """The job's name; Dagster's own for runs of assets without a job is not one to show."""
    return "assets" if job.startswith("__ASSET_JOB") else job

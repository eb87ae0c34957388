"""State of Dagster: outcomes of runs, ticks of sensors, times of steps, checks, assets.

What Dagster has stored is read elsewhere, where Dagster is known; here are its figures.
Cardinality: jobs, sensors, assets, checks and steps are those of the project.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iracing_pipeline.metrics.families import counter, gauge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

JOB = "dagster_job"
"""Not ``job``, which Prometheus gives to what it scrapes."""


@dataclass(frozen=True, slots=True)
class Orchestration:
    """Content of Dagster's storage; times are seconds since 1970.

    Attributes:
        runs: How many runs ended, by job and outcome (success, failure, canceled).
        unfinished: How many have not ended, by job and state.
        last_run: When one last ended so, by job and outcome.
        run_seconds: How long the last run of a job took.
        step_seconds: How long a step of the last run took, by job and step.
        ticks: When a sensor or schedule last ticked, by name and outcome.
        assets: When an asset was last materialized.
        checks: Whether an asset's check held, and when it was made, by asset and check.
    """

    runs: dict[tuple[str, str], int] = field(default_factory=dict)
    unfinished: dict[tuple[str, str], int] = field(default_factory=dict)
    last_run: dict[tuple[str, str], float] = field(default_factory=dict)
    run_seconds: dict[str, float] = field(default_factory=dict)
    step_seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    ticks: dict[tuple[str, str], float] = field(default_factory=dict)
    assets: dict[str, float] = field(default_factory=dict)
    checks: dict[tuple[str, str], tuple[bool, float]] = field(default_factory=dict)


def families(health: Orchestration) -> Iterator[Metric]:
    """The figures as metrics."""
    outcome, name = (JOB, "outcome"), "dagster"
    yield counter(f"{name}_runs", "Runs that ended.", outcome, health.runs.items())
    yield gauge(
        f"{name}_unfinished_runs",
        "Runs that wait or go on.",
        (JOB, "state"),
        health.unfinished.items(),
    )
    yield gauge(
        f"{name}_run_last_timestamp_seconds",
        "When a run last ended so.",
        outcome,
        health.last_run.items(),
    )
    yield gauge(
        f"{name}_run_last_seconds",
        "How long the last run that succeeded took.",
        (JOB,),
        (((job,), took) for job, took in health.run_seconds.items()),
    )
    yield gauge(
        f"{name}_step_last_seconds",
        "How long a step took in the last run that succeeded.",
        (JOB, "step"),
        health.step_seconds.items(),
    )
    yield gauge(
        f"{name}_tick_last_timestamp_seconds",
        "When a sensor or schedule last ticked so.",
        ("instigator", "outcome"),
        health.ticks.items(),
    )
    yield gauge(
        "asset_last_success_timestamp_seconds",
        "When an asset was last materialized.",
        ("asset",),
        (((asset,), at) for asset, at in health.assets.items()),
    )
    yield gauge(
        "asset_check_failed",
        "Whether an asset's check did not hold when it was last made.",
        ("asset", "check"),
        ((key, not held) for key, (held, _) in health.checks.items()),
    )
    yield gauge(
        "asset_check_last_timestamp_seconds",
        "When an asset's check was last made.",
        ("asset", "check"),
        ((key, at) for key, (_, at) in health.checks.items()),
    )

"""Forty random schedules of good and bad files, API answers and refusals of the database."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from iracing_pipeline_tests.ingest.result_schedules import run

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

SCHEDULES = 40


def test_after_the_faults_the_tables_are_those_of_a_world_without(
    connection: Connection, tmp_path: Path
) -> None:
    faults: Counter[str] = Counter()
    differences: list[str] = []
    for seed in range(SCHEDULES):
        wrong, injected = run(connection, tmp_path / "results", seed)
        differences += wrong
        faults += injected
    assert not differences
    assert len(faults) > 20  # every kind was met

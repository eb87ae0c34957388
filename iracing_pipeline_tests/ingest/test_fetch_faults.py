"""Thirty random schedules of faults; ``python -m benchmarks.fetch_faults`` runs thousands."""

from __future__ import annotations

from collections import Counter

from benchmarks.fetch_faults import Campaign
from iracing_pipeline.warehouse import Warehouse


def test_after_the_faults_everything_is_as_in_a_world_without_them(database: str) -> None:
    met: Counter[str] = Counter()
    wrong: dict[int, tuple[str, ...]] = {}
    with Warehouse(database).connect() as connection:
        connection.execute("SET synchronous_commit = off")
        connection.commit()
        campaign = Campaign(connection)
        for seed in range(1, 31):
            outcome = campaign.run(seed)
            met += outcome.faulty
            if outcome.wrong:
                wrong[seed] = outcome.wrong
    assert wrong == {}
    assert len(met) >= 15, met

"""A short campaign of damaged recordings; ``python -m benchmarks.fuzz_pipeline`` runs long ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.fuzz_pipeline import fuzz

if TYPE_CHECKING:
    from pathlib import Path


def test_a_short_campaign_breaks_no_promise(
    server_url: str, migrated_template: str, tmp_path: Path
) -> None:
    tally = fuzz(
        server_url,
        25,
        seed=1,
        keep=tmp_path,
        exports=False,
        archives=False,
        template=migrated_template,
    )

    assert tally.failures == {}
    assert sum(tally.outcomes.values()) == 26  # with the good one
    assert sum(n for what, n in tally.outcomes.items() if what.startswith("loaded")) > 10
    assert tally.counts["columns checked"] > 400

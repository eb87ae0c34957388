from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from benchmarks.fuzz_query import campaign, statements
from iracing_pipeline.ask.answer import AskError
from iracing_pipeline.ask.gate import checked

if TYPE_CHECKING:
    from iracing_pipeline.ask import Database
    from iracing_pipeline_tests.dashboards.conftest import Demo


def test_no_statement_writes_or_gets_beyond_the_role(garage: Database, demo: Demo) -> None:
    result = campaign(garage, demo.url, count=10_000, seed=7, longest_s=15.0)

    assert result.asked > 200
    assert result.answered > 20
    assert result.changed == {}
    assert result.leaks == []
    assert result.slow == []


def test_the_gate_answers_every_text() -> None:
    for statement in statements(3, 500):
        with suppress(AskError):
            assert checked(statement)

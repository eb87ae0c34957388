"""Answers against the simulator's own truth, through the official client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

pytest.importorskip("mcp", reason="the extra mcp is not installed")

from benchmarks.ask_truth import (
    ANSWERABLE,
    UNANSWERABLE,
    measure,
    questions,
)

if TYPE_CHECKING:
    from iracing_pipeline_tests.dashboards.conftest import Demo
    from iracing_pipeline_tests.garage import Garage


def test_every_answer_is_true_and_what_is_unknown_is_refused(loaded: Garage, demo: Demo) -> None:
    env = {**demo.env, "IRACING_READER_PASSWORD": "for tests"}

    measured = anyio.run(measure, env, questions(loaded))

    assert measured.wrong == []
    assert (measured.right, measured.refused) == (ANSWERABLE, UNANSWERABLE)

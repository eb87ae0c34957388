"""Laps of simulated race weekends beside the truth, and beside themselves with lies in them.

``python -m benchmarks.race_weekends`` does the same for 500 weekends and 2,000 lies.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import numpy as np
import pytest

from benchmarks.race_weekends import Tables, analysed, changes, drawn_lie, wrong_laps
from iracing_pipeline.analysis.channels import CHANNELS
from iracing_pipeline.demo.lies import LIES, draw_wrong_records, with_wrong_records
from iracing_pipeline.demo.weekend import Weekend, draw_weekend
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline_tests import real_files

WEEKENDS = 16
LIES_EACH = 6


@cache
def weekend(number: int) -> tuple[Weekend, Tables]:
    drawn = draw_weekend(number, CHANNELS)
    return drawn, analysed(drawn.records)


@pytest.mark.parametrize("number", range(WEEKENDS))
def test_every_lap_is_as_it_was_driven(number: int) -> None:
    errors: dict[str, list[float]] = defaultdict(list)
    assert wrong_laps(*weekend(number), errors) == []


@pytest.mark.parametrize("number", [0, 3, 8])
def test_a_lie_changes_no_lap(number: int) -> None:
    drawn, tables = weekend(number)
    rng = np.random.default_rng(number)
    glitches = 0
    for _ in range(LIES_EACH):
        lie = drawn_lie(drawn.records, tables[0], rng)
        wrong, message = changes(tables, analysed(with_wrong_records(drawn.records, lie)))
        assert wrong == [], lie
        assert message <= 1, lie
        glitches += message
    assert glitches <= max(1, LIES_EACH // 10)


@pytest.mark.parametrize("channel", [*LIES, "everywhere"])
def test_no_channel_decides_alone(channel: str) -> None:
    drawn, tables = weekend(4)
    rng = np.random.default_rng(1)
    lie = draw_wrong_records(drawn.records, rng, channel)
    assert changes(tables, analysed(with_wrong_records(drawn.records, lie))) == ([], 0), lie


@real_files.each(real_files.recordings())
def test_a_lie_changes_no_lap_of_a_real_recording(path: str) -> None:
    file = IbtFile(path)
    records = file.read([name for name in CHANNELS if name in file.channels])
    tables = analysed(records)
    rng = np.random.default_rng(5)
    for _ in range(4):
        lie = drawn_lie(records, tables[0], rng)
        assert changes(tables, analysed(with_wrong_records(records, lie)))[0] == [], lie

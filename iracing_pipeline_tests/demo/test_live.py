from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.demo.live import record_live
from iracing_pipeline.demo.outing import write_outing
from iracing_pipeline.demo.plan import Ending, Plan, Session
from iracing_pipeline.demo.season import season
from iracing_pipeline.ibt import read_ibt

if TYPE_CHECKING:
    from pathlib import Path

OUTING = replace(season()[0], plan=Plan(Session.PRACTICE, 0, 5.0, ending=Ending.TRACK))


def test_a_live_recording_grows_and_ends_as_one_written_at_once(tmp_path: Path) -> None:
    live, whole = tmp_path / "live", tmp_path / "whole"
    live.mkdir()
    whole.mkdir()
    heights = []

    def look(seconds: float) -> None:
        del seconds
        (path,) = live.iterdir()
        recording = read_ibt(path, ["Lap"])
        assert not recording.closed
        heights.append(recording.frame.height)

    recorded = record_live(live, OUTING, 3, every_s=5.0, sleep=look)
    assert len(heights) > 3
    assert heights == sorted(set(heights))
    written = write_outing(whole, OUTING, 3)
    assert recorded.truth == written.truth
    assert recorded.path.read_bytes() == written.path.read_bytes()


def test_a_live_recording_takes_the_time_that_the_drive_took(tmp_path: Path) -> None:
    now = 1000.0

    def sleep(seconds: float) -> None:
        nonlocal now
        assert 0.0 <= seconds <= 0.5 / 4.0 + 1e-9
        now += seconds

    recorded = record_live(tmp_path, OUTING, 3, speed=4.0, sleep=sleep, clock=lambda: now)
    assert now - 1000.0 == pytest.approx(recorded.truth.records / 60 / 4.0)

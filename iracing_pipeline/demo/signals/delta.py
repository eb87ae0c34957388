"""Deltas to earlier laps at the same distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.records import TICK_RATE

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Bools, Floats
    from iracing_pipeline.demo.signals.scene import Columns, Scene
    from iracing_pipeline.demo.timing import Crossing


def delta(scene: Scene) -> Columns:
    """Fill the delta group.

    The demo driver is alone with his laps: best and optimal lap of the session are his own.
    """
    size = len(scene.records)
    to_best, to_last = np.zeros(size), np.zeros(size)
    valid = np.zeros(size, dtype=bool)
    best: Crossing | None = None
    for ended, now in zip(scene.crossings[:-1], scene.crossings[1:], strict=True):
        counts = now.official_s is not None and now.official_s > 0
        if counts and (best is None or _seconds(now, ended) < _seconds(best, _before(scene, best))):
            best = now
        if best is None:
            continue
        rows = _until_next(scene, now)
        valid[rows] = True
        to_best[rows] = _gap(scene, rows, now, _before(scene, best), best)
        to_last[rows] = _gap(scene, rows, now, ended, now)
    columns: Columns = {}
    for target in ("BestLap", "OptimalLap", "SessionBestLap", "SessionOptimalLap"):
        columns |= _named(target, to_best, valid)
    return columns | _named("SessionLastlLap", to_last, valid)


def _named(target: str, gap: Floats, valid: Bools) -> Columns:
    rate = np.where(valid, np.gradient(gap) * TICK_RATE, 0.0)
    return {
        f"LapDeltaTo{target}": gap,
        f"LapDeltaTo{target}_DD": np.clip(rate, -2.0, 2.0),
        f"LapDeltaTo{target}_OK": valid,
    }


def _before(scene: Scene, crossing: Crossing) -> Crossing:
    return scene.crossings[scene.crossings.index(crossing) - 1]


def _seconds(end: Crossing, start: Crossing) -> float:
    return end.session_time - start.session_time


def _until_next(scene: Scene, crossing: Crossing) -> slice:
    later = [c.record for c in scene.crossings if c.record > crossing.record]
    return slice(crossing.shown_at, min([*later, len(scene.records)]))


def _gap(scene: Scene, rows: slice, now: Crossing, start: Crossing, end: Crossing) -> Floats:
    """Time since the line less that of another lap at the same distance."""
    records = scene.records
    other = slice(start.record, end.record)
    time = records.session_time[other] - start.session_time
    elapsed = records.session_time[rows] - now.session_time
    return elapsed - np.interp(scene.metres[rows], scene.metres[other], time)

"""Series of sessions for tests."""

from __future__ import annotations

import numpy as np

from iracing_pipeline.metrics.history.channels import DEFAULT
from iracing_pipeline.metrics.history.series import SessionSeries


def drive(
    end: float,
    *,
    seconds: float = 60.0,
    key: str = "20260307T191533Z-abcdef",
    hz: int = 10,
    channels: int = 24,
    seed: int = 0,
) -> SessionSeries:
    """A session that ended at a time (in seconds since 1970); values wander at random."""
    rng = np.random.default_rng(seed)
    period, count = 1000 // hz, round(seconds * hz)
    last = int(end * 1000) // period * period
    times = last - period * np.arange(count - 1, -1, -1, dtype=np.int64)
    metrics = {
        each.metric: (
            each,
            np.round(np.cumsum(rng.normal(size=count))).astype(np.float64) * each.step,
        )
        for each in DEFAULT[:channels]
    }
    labels = {"session": key, "car": 'Formula "Vee"', "track": "Tsukuba (1K, \\ outer)"}
    return SessionSeries(labels, times, metrics)

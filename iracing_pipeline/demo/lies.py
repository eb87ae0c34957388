"""Records in which a channel is wrong, as iRacing writes them now and then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

REPEATED = "repeated"
"""A lie that repeats the record before it."""

LIES: dict[str, tuple[float | str, ...]] = {
    "PlayerTrackSurface": (-1, 0, 1, 2),
    "Lat": (0.0,),
    "Lon": (0.0,),
    "OnPitRoad": (True, False),
    "Lap": (-1, 0, 99),
    "LapDistPct": (0.0, 0.5, -1.0, 0.999),
    "SessionTime": (REPEATED, 0.0, float("nan")),
    "LapCurrentLapTime": (0.0, REPEATED, -1.0),
    "LapLastLapTime": (0.0, -1.0),
    "SessionState": (0, 1, 3, 5, 6),
    "SessionFlags": (0x4000, 0x1, 0),
    "SessionNum": (-1, 0, 7),
    "Speed": (0.0, 500.0),
    "FuelLevel": (0.0, 999.0),
    "PlayerCarTowTime": (30.0,),
    "PlayerCarMyIncidentCount": (0, 99),
    "PlayerCarPosition": (0, 1),
    "TireSetsUsed": (0, 9),
    "LFwearM": (0.0,),
    "LFodometer": (0.0,),
}
"""The channels that the cutting of laps reads, and what wrong records hold in each."""
TOGETHER: dict[str, float] = {
    "Lap": 0,
    "LapDistPct": 0.0,
    "Speed": 0.0,
    "Lat": 0.0,
    "Lon": 0.0,
    "PlayerTrackSurface": -1,
}
"""Values of a record that iRacing writes while the car is not in the world."""
LONGEST = 5
_NEAR = 15


@dataclass(frozen=True, slots=True)
class Lie:
    """Records [first, first + count) in which channels hold other values."""

    first: int
    count: int
    values: dict[str, float | str]

    @property
    def name(self) -> str:
        """The channel that lies, or "everywhere"."""
        return "everywhere" if len(self.values) > 1 else next(iter(self.values))


def draw_wrong_records(
    frame: pl.DataFrame,
    rng: np.random.Generator,
    channel: str | None = None,
    near: int | None = None,
) -> Lie:
    """One lie at any place of a recording: a single record in half of the cases, else a burst.

    Args:
        frame: The recording.
        rng: Random seed.
        channel: The channel that lies; "everywhere" for :data:`TOGETHER`; any if None.
        near: A record that it is to be within a quarter of a second of; anywhere if None.
    """
    available = [name for name in LIES if name in frame.columns]
    name = channel or str(rng.choice([*available, "everywhere"]))
    count = 1 if rng.random() < 0.5 else int(rng.integers(2, LONGEST + 1))
    first = int(rng.integers(0, frame.height - count))
    if near is not None:
        first = int(np.clip(near + rng.integers(-_NEAR, _NEAR + 1), 0, frame.height - count))
    if name == "everywhere":
        # In a file's first records iRacing writes just this, and means it.
        first = max(first, LONGEST + 1)
        return Lie(first, count, {k: v for k, v in TOGETHER.items() if k in frame.columns})
    values = LIES[name]
    return Lie(first, count, {name: values[int(rng.integers(len(values)))]})


def with_wrong_records(frame: pl.DataFrame, lie: Lie) -> pl.DataFrame:
    """The recording with a lie in it."""
    row = pl.int_range(pl.len())
    within = (row >= lie.first) & (row < lie.first + lie.count)
    before = max(lie.first - 1, 0)
    return frame.with_columns(
        pl.when(within)
        .then(pl.lit(frame[name][before] if value == REPEATED else value))
        .otherwise(pl.col(name))
        .cast(frame.schema[name])
        .alias(name)
        for name, value in lie.values.items()
    )

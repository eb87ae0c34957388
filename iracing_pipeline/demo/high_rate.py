"""iRacing's 360 Hz logging: six samples a record, and kerbs that are over between two records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.demo.channels import WHEELS
from iracing_pipeline.ibt.writer import lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from iracing_pipeline.demo.arrays import Floats
    from iracing_pipeline.ibt.layout import Channel

SAMPLES = 6
TICK_S = 1 / 60
LOGGED_AT_360_HZ = (
    "SteeringWheelTorque",
    *(f"Velocity{axis}" for axis in "XYZ"),
    *(f"{axis}Accel" for axis in ("Lat", "Long", "Vert")),
    *(f"{axis}Rate" for axis in ("Yaw", "Pitch", "Roll")),
    *(f"{wheel}shock{what}" for wheel in WHEELS for what in ("Defl", "Vel")),
)
"""Channels that become arrays of six when iRacing logs at 360 Hz."""

STRIKE_S = 0.008
"""Duration of a kerb's peak of shock velocity."""


@dataclass(frozen=True, slots=True)
class Strike:
    """A wheel hits a kerb: the damper's velocity gains half a sine.

    Attributes:
        channel: Whose velocity: ``LFshockVel``.
        begins_s: SessionTime at which it begins.
        height_mps: Its peak, above zero in compression.
    """

    channel: str
    begins_s: float
    height_mps: float

    def velocity(self, times: Floats) -> Floats:
        """Velocity that it adds at some times, in m/s."""
        phase = (times - self.begins_s) / STRIKE_S
        inside = (phase > 0) & (phase < 1)
        return np.where(inside, self.height_mps * np.sin(np.pi * np.clip(phase, 0, 1)), 0.0)


def channels_at_360_hz(channels: Iterable[Channel]) -> tuple[Channel, ...]:
    """The same channels as iRacing declares them when it logs at 360 Hz, laid out."""
    return lay_out(
        replace(channel, count=SAMPLES, count_as_time=True)
        if channel.name in LOGGED_AT_360_HZ
        else channel
        for channel in channels
    )


def log_at_360_hz(frame: pl.DataFrame, strikes: Sequence[Strike] = ()) -> pl.DataFrame:
    """Records as iRacing writes them when it logs at 360 Hz.

    Between two records a channel goes evenly from one value to the next, but for the strikes; the
    last sample is the value at the record.

    Args:
        frame: Records of single values, with ``SessionTime``.
        strikes: Kerbs that are hit.
    """
    time = frame.get_column("SessionTime").to_numpy()
    times = time[:, None] - TICK_S * np.arange(SAMPLES - 1, -1, -1) / SAMPLES
    part = np.arange(1, SAMPLES + 1) / SAMPLES
    arrays = []
    for name in LOGGED_AT_360_HZ:
        if name not in frame.columns:
            continue
        now = frame.get_column(name).to_numpy().astype(np.float64)
        before = np.concatenate([now[:1], now[:-1]])
        samples = before[:, None] + (now - before)[:, None] * part
        for strike in strikes:
            if strike.channel == name:
                near = slice(*np.searchsorted(time, [strike.begins_s, strike.begins_s + 0.05]))
                samples[near] += strike.velocity(times[near])
        arrays.append(pl.Series(name, samples, dtype=pl.Array(pl.Float64, SAMPLES)))
    single = pl.Array(pl.Float32, SAMPLES)
    return frame.with_columns(array.cast(single) for array in arrays)


def kerb_strikes(
    frame: pl.DataFrame, rng: np.random.Generator, *, count: int = 60, height_mps: float = 0.4
) -> tuple[Strike, ...]:
    """Strikes at moments of chance while the car is at speed, in order of time.

    Args:
        frame: Records, with ``SessionTime`` and ``Speed``.
        rng: Random seed.
        count: How many.
        height_mps: Height of the usual one.
    """
    times, speed = (frame.get_column(n).to_numpy() for n in ("SessionTime", "Speed"))
    driving = times[speed > 20.0]
    if not len(driving):
        return ()
    begins = np.sort(rng.choice(driving, count) + rng.uniform(0, TICK_S, count))
    return tuple(
        Strike(f"{wheel}shockVel", float(at), float(height_mps * rng.uniform(0.6, 1.4)))
        for at, wheel in zip(begins, rng.choice(WHEELS, count), strict=True)
    )

"""One stay in the car as a file: simulated and written; an existing file is kept."""

from __future__ import annotations

import filecmp
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.channels import channels_of
from iracing_pipeline.demo.high_rate import channels_at_360_hz, kerb_strikes, log_at_360_hz
from iracing_pipeline.demo.session_info import Sheet, session_info
from iracing_pipeline.demo.simulate import simulate_session
from iracing_pipeline.ibt.writer import write_ibt

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import polars as pl

    from iracing_pipeline.demo.car import Car
    from iracing_pipeline.demo.circuit import Circuit
    from iracing_pipeline.demo.event import Event
    from iracing_pipeline.demo.plan import Plan
    from iracing_pipeline.demo.truth import SessionTruth
    from iracing_pipeline.ibt.layout import Channel


@dataclass(frozen=True, slots=True)
class Outing:
    """One stay in the car, to be written as one file.

    Attributes:
        start: Local time at which the recording begins.
        closed: False for a recording that a crash of the simulator cut off.
        setup_name: Name of the setup.
        encoding: Encoding that the session info declares; None for none.
        at_360_hz: Whether iRacing logs at 360 Hz.
        dated: Whether the header holds the start; iRacing leaves 0 in some files.
    """

    car: Car
    circuit: Circuit
    plan: Plan
    event: Event
    start: datetime
    closed: bool = True
    setup_name: str = "baseline.sto"
    encoding: str | None = None
    at_360_hz: bool = False
    dated: bool = True

    @property
    def file_name(self) -> str:
        """As iRacing names files: car, track, local time."""
        return f"{self.car.path}_{self.circuit.place.path} {self.start:%Y-%m-%d %H-%M-%S}.ibt"

    @property
    def header_start(self) -> datetime | None:
        """The start that the header holds."""
        return self.start if self.dated else None


@dataclass(frozen=True, slots=True)
class DemoFile:
    """A file of the season, and what really happened in it."""

    path: Path
    outing: Outing
    truth: SessionTruth


def recorded(outing: Outing, seed: int) -> tuple[pl.DataFrame, tuple[Channel, ...], SessionTruth]:
    """Simulate an outing: its records, its channels as iRacing logs them, and the truth."""
    frame, truth = simulate_session(
        outing.car, outing.circuit, outing.plan, seed, event=outing.event
    )
    channels = channels_of(outing.car)
    if outing.at_360_hz:
        strikes = kerb_strikes(frame, np.random.default_rng([seed, 360]))
        frame, channels = log_at_360_hz(frame, strikes), channels_at_360_hz(channels)
    return frame, channels, truth


def write_outing(folder: Path, outing: Outing, seed: int) -> DemoFile:
    """Simulate an outing and write its file, unless it is there with the same bytes."""
    frame, channels, truth = recorded(outing, seed)
    path = folder / outing.file_name
    fresh = path.with_name(f"{path.name}.new")
    try:
        write_ibt(
            fresh,
            frame,
            channels,
            session_info(sheet_of(outing)),
            start=outing.header_start,
            closed=outing.closed,
        )
        if not path.exists() or not filecmp.cmp(fresh, path, shallow=False):
            fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return DemoFile(path, outing, truth)


def sheet_of(outing: Outing) -> Sheet:
    """Make the values of the session info of an outing."""
    return Sheet(
        car=outing.car,
        circuit=outing.circuit,
        plan=outing.plan,
        event=outing.event,
        start=outing.start,
        setup_name=outing.setup_name,
        encoding=outing.encoding,
    )

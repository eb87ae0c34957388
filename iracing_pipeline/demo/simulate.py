"""Simulate one stay in the car: a frame with every channel, and the truth beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.demo.account import account
from iracing_pipeline.demo.channels import channel_groups
from iracing_pipeline.demo.drive import drive
from iracing_pipeline.demo.driver import Driver
from iracing_pipeline.demo.event import Event
from iracing_pipeline.demo.records import sample
from iracing_pipeline.demo.signals.chassis import chassis
from iracing_pipeline.demo.signals.controls import controls
from iracing_pipeline.demo.signals.delta import delta
from iracing_pipeline.demo.signals.energy import energy
from iracing_pipeline.demo.signals.engine import engine
from iracing_pipeline.demo.signals.motion import motion
from iracing_pipeline.demo.signals.place import lap, place
from iracing_pipeline.demo.signals.scene import Scene
from iracing_pipeline.demo.signals.session import session, weather
from iracing_pipeline.demo.signals.tyres import tyres
from iracing_pipeline.demo.timing import find_crossings, lap_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import numpy.typing as npt
    from polars._typing import PolarsDataType

    from iracing_pipeline.demo.arrays import Bools
    from iracing_pipeline.demo.car import Car
    from iracing_pipeline.demo.circuit import Circuit
    from iracing_pipeline.demo.plan import Plan
    from iracing_pipeline.demo.signals.scene import Columns
    from iracing_pipeline.demo.truth import SessionTruth
    from iracing_pipeline.ibt.layout import Channel

_FILL: dict[str, Callable[[Scene], Columns]] = {
    "session": session,
    "lap": lap,
    "delta": delta,
    "place": place,
    "motion": motion,
    "controls": controls,
    "engine": engine,
    "energy": energy,
    "tyres": tyres,
    "chassis": chassis,
    "weather": weather,
}

_WHILE_LOADING: dict[str, float] = {
    "Lap": 0,
    "LapCompleted": 0,
    "LapDist": 0.0,
    "LapDistPct": 0.0,
    "OnPitRoad": False,
    "PlayerTrackSurface": -1,
    "PlayerTrackSurfaceMaterial": -1,
    "PlayerCarInPitStall": False,
    "PitSvFuel": 0.0,
    "EnterExitReset": 0,
    "Speed": 0.0,
    "Yaw": 0.0,
    "YawNorth": 0.0,
    "Pitch": 0.0,
    "Roll": 0.0,
    "Lat": 0.0,
    "Lon": 0.0,
    "Alt": 0.0,
    "VertAccel": 17.1,
    "PitchRate": -0.37,
    "LFbrakeLinePress": 0.0,
    "RFbrakeLinePress": 0.0,
    "LRbrakeLinePress": 0.0,
    "RRbrakeLinePress": 0.0,
}
"""Values of the one record in which iRacing places the car."""


def simulate_session(
    car: Car,
    circuit: Circuit,
    plan: Plan,
    seed: int,
    *,
    driver: Driver | None = None,
    event: Event | None = None,
    columns: Collection[str] | None = None,
) -> tuple[pl.DataFrame, SessionTruth]:
    """Drive a plan and record it.

    Args:
        car: The car.
        circuit: Where.
        plan: What the driver sets out to do, and what befalls him.
        seed: Random seed: the same seed gives the same frame.
        driver: The driver; a middling one if None.
        event: Weather and race around it; a test drive offline if None.
        columns: Channels wanted, others are not computed; all of the car's if None.

    Returns:
        One row a record with the columns in the order of :func:`channels_of`, and the truth.

    Raises:
        ValueError: If the plan runs out of fuel, or a column is none of the car's.
    """
    rng = np.random.default_rng([seed, 1])
    driven = drive(car, circuit, driver or Driver(), plan, rng)
    records = sample(driven, rng)
    crossings = find_crossings(driven, records, rng)
    scene = Scene(
        drive=driven,
        event=event or Event(),
        records=records,
        crossings=crossings,
        clock=lap_clock(driven, records, crossings),
        seed=seed,
    )
    return _record(scene, columns), account(driven, records, crossings)


def _record(scene: Scene, columns: Collection[str] | None) -> pl.DataFrame:
    groups = channel_groups(scene.drive.car)
    computed = {channel.name for group in groups.values() for channel in group}
    wanted = computed if columns is None else set(columns)
    if unknown := wanted - computed:
        raise ValueError(f"{scene.drive.car.name} records no channel {sorted(unknown)}")
    frame = {}
    for group, channels in groups.items():
        needed = [channel for channel in channels if channel.name in wanted]
        filled = _FILL[group](scene) if needed else {}
        for channel in needed:
            frame[channel.name] = _series(channel, filled[channel.name], scene.records.glitch)
    return pl.DataFrame(frame)


def _series(channel: Channel, values: npt.NDArray[Any] | float, loading: Bools) -> pl.Series:
    scalar = channel.type.dtype
    if np.ndim(values) == 0 and channel.name not in _WHILE_LOADING:
        return pl.repeat(values, len(loading), dtype=scalar, eager=True).alias(channel.name)
    filled = np.broadcast_to(values, (len(loading), *np.shape(values)[1:]))
    filled = filled.astype(_NUMPY[scalar], copy=True)
    if channel.name in _WHILE_LOADING:
        filled[loading] = _WHILE_LOADING[channel.name]
    return pl.Series(channel.name, filled, dtype=channel.dtype)


_NUMPY: dict[PolarsDataType, type[np.generic]] = {
    pl.Boolean: np.bool_,
    pl.Int32: np.int32,
    pl.UInt32: np.uint32,
    pl.Float32: np.float32,
    pl.Float64: np.float64,
}

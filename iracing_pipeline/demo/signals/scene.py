"""Input of the signals: the records, and the road under the car in each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.demo.car import GRAVITY
from iracing_pipeline.demo.plan import Spin

if TYPE_CHECKING:
    import numpy.typing as npt

    from iracing_pipeline.demo.arrays import Floats, Ints
    from iracing_pipeline.demo.drive import Drive
    from iracing_pipeline.demo.event import Event
    from iracing_pipeline.demo.records import Records
    from iracing_pipeline.demo.timing import Crossing, LapClock

    Columns = dict[str, npt.NDArray[Any] | float | int | bool]
    """Values by channel; a scalar stands for the same value in every record."""


def smooth(values: npt.NDArray[np.floating], records: float) -> Floats:
    """First-order lag with a time constant in records; at least one value."""
    alpha = 1.0 - np.exp(-1.0 / records)
    smoothed: Floats = pl.Series(values).ewm_mean(alpha=alpha, adjust=False).to_numpy()
    return smoothed


@dataclass(frozen=True)
class Scene:
    """A drive as records.

    Attributes:
        drive: The driven laps.
        event: The event around it: weather, date, opponents.
        records: One value a record.
        crossings: Of the line.
        clock: Lap clock as shown.
        seed: Of the noise on the signals.
    """

    drive: Drive
    event: Event
    records: Records
    crossings: tuple[Crossing, ...]
    clock: LapClock
    seed: int

    def noise(self, name: str, *shape: int) -> npt.NDArray[np.float32]:
        """White noise of unit variance that depends on the seed and the name alone."""
        key = [self.seed, *name.encode()]
        shape = shape or (len(self.records),)
        return np.random.default_rng(key).standard_normal(shape, dtype=np.float32)

    @cached_property
    def lap(self) -> Ints:
        """Lap that the car is in."""
        return self.records.node // self.drive.circuit.nodes

    @cached_property
    def metres(self) -> Floats:
        """Metres from the line."""
        return self.records.metres - self.lap * self.drive.circuit.length_m

    def along(self, values: Floats, per_lap: float = 0.0) -> Floats:
        """Values given at the circuit's nodes, where the car is; ``per_lap`` is what a lap adds."""
        circuit = self.drive.circuit
        grid = np.arange(circuit.nodes + 1) * circuit.spacing_m
        closed: Floats = np.append(values, values[0] + per_lap)
        return np.interp(self.metres, grid, closed)

    @cached_property
    def curvature(self) -> Floats:
        """Of the road, 1/m, positive to the left."""
        return self.along(self.drive.circuit.curvature)

    @cached_property
    def grade(self) -> Floats:
        """Climb per metre."""
        return self.along(self.drive.circuit.grade)

    @cached_property
    def bank(self) -> Floats:
        """Banking in radians, positive where the left side is the lower one."""
        return self.along(self.drive.circuit.bank) * np.sign(self.curvature)

    @cached_property
    def heading(self) -> Floats:
        """Direction of the road, counter-clockwise from east."""
        circuit = self.drive.circuit
        turn = 2 * np.pi * np.sign(circuit.heading[-1] - circuit.heading[0])
        return self.along(circuit.heading, turn)

    @cached_property
    def pull(self) -> Floats:
        """Acceleration towards the left that the road demands, m/s^2."""
        return self.records.speed**2 * self.curvature

    @cached_property
    def side(self) -> Floats:
        """Metres left of the middle of the road."""
        circuit, records = self.drive.circuit, self.records
        marks = np.arange(0.0, records.metres.max() + 160.0, 80.0)
        wander = np.interp(records.metres, marks, self.noise("wander", len(marks)))
        line = self.along(circuit.racing_line) + 0.22 * wander + 1.7 * records.wide_m
        return line * (1.0 - self._in_pit_lane) + circuit.pit.offset_m * self._in_pit_lane

    @cached_property
    def _in_pit_lane(self) -> Floats:
        """0 on the track to 1 in the lane, over 40 m at either end."""
        circuit = self.drive.circuit
        since = (self.metres - circuit.pit.entry_m) % circuit.length_m
        until = (circuit.pit.exit_m - self.metres) % circuit.length_m
        share = np.clip(np.minimum(since, until) / 40.0, 0.0, 1.0)
        return np.where(self.records.on_pit_road, share, 0.0)

    @cached_property
    def long_accel(self) -> Floats:
        """Along the car, with gravity, m/s^2; without noise."""
        return self.records.acceleration + GRAVITY * self.grade

    @cached_property
    def lat_accel(self) -> Floats:
        """To the left in the car, with gravity, m/s^2; without noise."""
        return self.pull * np.cos(self.bank) - GRAVITY * np.sin(self.bank)

    @cached_property
    def spinning(self) -> Floats:
        """Part of a spin: 1 while the car turns round, 0 elsewhere."""
        return (np.abs(np.gradient(self.records.spin)) > 1e-6).astype(float)

    @cached_property
    def jolt(self) -> Floats:
        """Knock on the car after a contact, dying away; 1 at its height."""
        knock = np.zeros(len(self.records))
        for leg in self.drive.legs:
            for incident in leg.incidents:
                if not isinstance(incident.mishap, Spin):
                    since = self.records.shown - leg.arrive[incident.node]
                    live = (since >= 0) & (since < 1.2)
                    knock[live] += np.exp(-since[live] / 0.18) * incident.points / 4.0
        return knock

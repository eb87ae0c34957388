"""The running simulator: found, read, lost and found again."""

from __future__ import annotations

import contextlib
import io
import logging
import struct
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import irsdk

from iracing_pipeline.metrics.history.session import track_label
from iracing_pipeline.metrics.live.channels import CHANNELS
from iracing_pipeline.metrics.live.fuel import FuelWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)

_MORE = ("SessionFlags", "SessionUniqueID", "Lap", "FuelLevel", "OnPitRoad", "IsOnTrack")


class NoSimulatorError(Exception):
    """There can be no simulator here."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The car at one moment.

    Attributes:
        at: When it was read, in seconds since 1970.
        values: Channel to value; what the car lacks is left out.
        car: Name of the car.
        track: Name of the track.
        fuel_per_lap: Fuel that a lap takes, in litres; None when not known yet.
        laps_of_fuel: Laps that the fuel lasts; None when not known yet.
    """

    at: float
    values: Mapping[str, float]
    car: str | None
    track: str | None
    fuel_per_lap: float | None
    laps_of_fuel: float | None


@dataclass(slots=True)
class Simulator:
    """iRacing's shared memory, by pyirsdk.

    Attributes:
        file: A copy of the memory to read instead, for tests and for looking at one.
        clock: Seconds since 1970.
    """

    file: Path | None = None
    clock: Callable[[], float] = time.time
    _sdk: Any = None
    _names: tuple[str, ...] = ()
    _session: object = None
    _about: tuple[str | None, str | None] = (None, None)
    _fuel: FuelWatch = field(default_factory=FuelWatch)

    def read(self) -> Reading | None:
        """The car as it is; None while no simulator runs. Never raises for one that goes away.

        Raises:
            NoSimulatorError: If iRacing cannot run on this system.
        """
        try:
            if self._sdk is None and not self._connect():
                return None
            if not self._sdk.is_connected:
                self._leave()
                return None
            return self._reading()
        except (OSError, ValueError, KeyError, IndexError, struct.error) as error:
            # The memory is written to while it is read; when the simulator ends, it goes away.
            logger.info("The simulator has gone: %s", error)
            self._leave()
            return None

    def close(self) -> None:
        """Let the memory go."""
        self._leave()

    def _connect(self) -> bool:
        if self.file is None and sys.platform != "win32":
            raise NoSimulatorError(
                "iRacing runs on Windows alone: start this on the racing PC, or read a copy of its"
                " memory with --file."
            )
        sdk = irsdk.IRSDK()
        # pyirsdk prints a line at each attempt while there is no simulator.
        with contextlib.redirect_stdout(io.StringIO()):
            found = sdk.startup(test_file=None if self.file is None else str(self.file))
        if not found or not sdk.is_connected:
            sdk.shutdown()
            return False
        self._sdk = sdk
        there = set(sdk.var_headers_names)
        wanted = {name for each in CHANNELS for name in (each.channel, each.valid) if name}
        self._names = tuple(sorted((wanted | set(_MORE)) & there))
        self._session = None
        logger.info("The simulator is there: %d of its channels are read", len(self._names))
        return True

    def _leave(self) -> None:
        if self._sdk is not None:
            with contextlib.suppress(OSError, ValueError):
                self._sdk.shutdown()
        self._sdk = None
        self._fuel = FuelWatch()

    def _reading(self) -> Reading:
        sdk = self._sdk
        sdk.freeze_var_buffer_latest()  # so that all values are of one moment
        try:
            read = {name: _at_the_tick(sdk[name]) for name in self._names}
        finally:
            sdk.unfreeze_var_buffer_latest()
        values = {name: float(v) for name, v in read.items() if isinstance(v, int | float)}
        if self._session != (session := values.get("SessionUniqueID", 0.0)):
            # Once a session: the text is long, and is written anew every few seconds.
            self._session, self._about, self._fuel = session, self._names_of(sdk), FuelWatch()
        lap, fuel = values.get("Lap"), values.get("FuelLevel")
        if lap is not None and fuel is not None:
            driven = bool(values.get("IsOnTrack")) and not values.get("OnPitRoad")
            self._fuel.see(int(lap), fuel, on_track=driven)
        return Reading(
            self.clock(),
            values,
            *self._about,
            self._fuel.per_lap,
            None if fuel is None else self._fuel.laps_left(fuel),
        )

    @staticmethod
    def _names_of(sdk: Any) -> tuple[str | None, str | None]:
        """The names of car and track."""
        drivers, weekend = sdk["DriverInfo"] or {}, sdk["WeekendInfo"] or {}
        ours = drivers.get("DriverCarIdx")
        cars: list[dict[str, Any]] = drivers.get("Drivers") or []
        car = next((each for each in cars if each.get("CarIdx") == ours), {})
        track = track_label(weekend.get("TrackDisplayName"), weekend.get("TrackConfigName"))
        return car.get("CarScreenName"), track


def _at_the_tick(value: object) -> object:
    """A channel's value; of one that iRacing logs at 360 Hz, the last of its six samples."""
    return value[-1] if isinstance(value, list) and value else value

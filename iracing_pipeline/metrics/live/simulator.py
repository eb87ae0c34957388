"""The running simulator: found, read, lost and found again."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import struct
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import irsdk

from iracing_pipeline.errors import PipelineError
from iracing_pipeline.metrics.history.session import track_label
from iracing_pipeline.metrics.live import field as cars_of
from iracing_pipeline.metrics.live.channels import CHANNELS, value
from iracing_pipeline.metrics.live.field import Car, Entry, FieldWatch
from iracing_pipeline.metrics.live.fuel import FuelWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)

_MORE = (
    "SessionFlags",
    "SessionUniqueID",
    "SessionNum",
    "SessionState",
    "Lap",
    "FuelLevel",
    "OnPitRoad",
    "IsOnTrack",
)
_RACE = "Race"
_LIMITS = ("SessionLapsRemainEx", "SessionTimeRemain")
# Drivers are swapped and join; the session info is a long text, so it is parsed now and then.
_ENTRIES_EVERY_S = 10.0


class NoSimulatorError(PipelineError):
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
        cars: Every car of the session, in order of position.
        laps_left: Laps that the player's car still has to drive; None when not known.
        irating_change: What the race would change if it ended in this order; None when not known.
        incident_limit: Incident points at which the session disqualifies; None without a limit.
    """

    at: float
    values: Mapping[str, float]
    car: str | None
    track: str | None
    fuel_per_lap: float | None
    laps_of_fuel: float | None
    cars: tuple[Car, ...] = ()
    laps_left: float | None = None
    irating_change: float | None = None
    incident_limit: int | None = None


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
    _field: FieldWatch = field(default_factory=FieldWatch)
    _car_names: tuple[str, ...] = ()
    _entries: list[Entry] = field(default_factory=list)
    _entries_at: float = float("-inf")
    _race: bool = False
    _limit: int | None = None

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
        self._car_names = tuple(name for name in cars_of.CHANNELS if name in there)
        self._session = None
        logger.info("The simulator is there: %d of its channels are read", len(self._names))
        return True

    def _leave(self) -> None:
        if self._sdk is not None:
            with contextlib.suppress(OSError, ValueError):
                self._sdk.shutdown()
        self._sdk = None
        self._fuel, self._field = FuelWatch(), FieldWatch()

    def _reading(self) -> Reading:
        sdk = self._sdk
        sdk.freeze_var_buffer_latest()  # so that all values are of one moment
        try:
            read = {name: _at_the_tick(sdk[name]) for name in self._names}
            of_cars = {name: sdk[name] for name in self._car_names}
        finally:
            sdk.unfreeze_var_buffer_latest()
        values = {name: float(v) for name, v in read.items() if isinstance(v, int | float)}
        session = (values.get("SessionUniqueID", 0.0), values.get("SessionNum", 0.0))
        if self._session != session:
            # Once a session: the text is long, and is written anew every few seconds.
            self._session, self._about = session, self._names_of(sdk)
            self._fuel, self._field, self._entries_at = FuelWatch(), FieldWatch(), float("-inf")
        now = self.clock()
        if not now - self._entries_at < _ENTRIES_EVERY_S:
            self._look_up(sdk, now, int(session[1]))
        lap, fuel = values.get("Lap"), values.get("FuelLevel")
        if lap is not None and fuel is not None:
            driven = bool(values.get("IsOnTrack")) and not values.get("OnPitRoad")
            self._fuel.see(int(lap), fuel, on_track=driven)
        cars = self._field.see(self._entries, of_cars, race=self._race)
        return Reading(
            now,
            values,
            *self._about,
            self._fuel.per_lap,
            None if fuel is None else self._fuel.laps_left(fuel),
            tuple(cars),
            _laps_left(values, cars),
            cars_of.irating_now(cars) if self._race else None,
            self._limit,
        )

    def _look_up(self, sdk: Any, now: float, session_number: int) -> None:
        """Read who takes part, what kind of session it is, and its limit of incidents."""
        self._entries_at = now
        drivers, weekend = sdk["DriverInfo"], sdk["WeekendInfo"]
        self._entries = cars_of.entries(drivers if isinstance(drivers, dict) else {})
        options = weekend.get("WeekendOptions") if isinstance(weekend, dict) else None
        limit = str(options.get("IncidentLimit")) if isinstance(options, dict) else ""
        self._limit = int(limit) if re.fullmatch(r"[0-9]{1,5}", limit) else None
        self._race = _kind_of(sdk, session_number) == _RACE

    @staticmethod
    def _names_of(sdk: Any) -> tuple[str | None, str | None]:
        """The names of car and track."""
        drivers, weekend = sdk["DriverInfo"] or {}, sdk["WeekendInfo"] or {}
        ours = drivers.get("DriverCarIdx")
        cars: list[dict[str, Any]] = drivers.get("Drivers") or []
        car = next((each for each in cars if each.get("CarIdx") == ours), {})
        track = track_label(weekend.get("TrackDisplayName"), weekend.get("TrackConfigName"))
        return car.get("CarScreenName"), track


def _kind_of(sdk: Any, session_number: int) -> str | None:
    """SessionType of a simsession; None where the session info does not have it."""
    try:
        info = sdk["SessionInfo"]
    except (KeyError, AttributeError):
        return None
    rows = info.get("Sessions") if isinstance(info, dict) else None
    kinds = {
        row.get("SessionNum"): row.get("SessionType")
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    }
    kind = kinds.get(session_number)
    return kind if isinstance(kind, str) else None


def _laps_left(values: Mapping[str, float], cars: list[Car]) -> float | None:
    own = next((car for car in cars if car.entry.own), None)
    limits = {each.channel: value(each, values) for each in CHANNELS if each.channel in _LIMITS}
    return cars_of.laps_left(
        limits.get("SessionLapsRemainEx"),
        limits.get("SessionTimeRemain"),
        own.median_lap_s if own is not None else None,
    )


def _at_the_tick(value: object) -> object:
    """A channel's value; of one that iRacing logs at 360 Hz, the last of its six samples."""
    return value[-1] if isinstance(value, list) and value else value

"""The running simulator: found, read, lost and found again."""

from __future__ import annotations

import contextlib
import io
import logging
import mmap
import struct
import sys
import time
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

import irsdk

from iracing_pipeline.analysis.fuel import WET_FROM
from iracing_pipeline.errors import PipelineError
from iracing_pipeline.metrics.live import field as cars_of
from iracing_pipeline.metrics.live.about import SECTIONS, About, about
from iracing_pipeline.metrics.live.channels import CHANNELS, FLAGS
from iracing_pipeline.metrics.live.field import Car, FieldWatch
from iracing_pipeline.metrics.live.fuel import FuelWatch
from iracing_pipeline.metrics.live.memory import LayoutError, SharedMemory, TornReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from iracing_pipeline.metrics.live.memory import Record

logger = logging.getLogger(__name__)

_MORE = (
    "SessionFlags",
    "SessionUniqueID",
    "SessionNum",
    "SessionState",
    "SessionTime",
    "SessionTimeTotal",
    "Lap",
    "FuelLevel",
    "OnPitRoad",
    "IsOnTrack",
    "IsOnTrackCar",
)
WANTED = frozenset(
    {name for each in CHANNELS for name in (each.channel, each.valid) if name}
    | set(_MORE)
    | set(cars_of.CHANNELS)
)
_CAUTION = FLAGS["caution"] | FLAGS["caution_waving"]
_STILL_S = 5.0
"""Seconds without a tick after which the simulator counts as closed; iRacing writes 60 a second."""
_SESSION_INFO_EVERY_S = 1.0  # it is a long text, and is replaced every few seconds


class NoSimulatorError(PipelineError):
    """There can be no simulator here."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The session at one moment.

    Attributes:
        at: When it was read, in seconds since 1970.
        session: SessionUniqueID and SessionNum.
        session_time_s: Session time; None where it is not given.
        values: Channel to value; what the car lacks, or is no number, is left out.
        about: What the session info says.
        race: Whether this is a race.
        fuel_per_lap: Fuel that a lap takes, in litres; None when not known yet.
        laps_of_fuel: Laps that the fuel lasts; None when not known yet.
        cars: Every car of the session, in order of position.
        irating_change: What the race would change if it ended in this order; None when not known,
            and in a race in which drivers share cars.
        torn: Copies of the memory that were thrown away since the start, as iRacing wrote to it.
    """

    at: float
    session: tuple[int, int]
    session_time_s: float | None
    values: Mapping[str, float]
    about: About
    race: bool
    fuel_per_lap: float | None
    laps_of_fuel: float | None
    cars: tuple[Car, ...] = ()
    irating_change: float | None = None
    torn: int = 0

    @property
    def own(self) -> Car | None:
        """The player's car."""
        return next((car for car in self.cars if car.entry.own), None)


@dataclass(slots=True)
class Simulator:
    """iRacing's shared memory.

    Attributes:
        file: A file to read as the memory instead: a copy of it, or one that is written to.
        clock: Seconds since 1970.
        monotonic: Seconds of a clock that only runs forwards.
    """

    file: Path | None = None
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    fuel: FuelWatch = field(default_factory=FuelWatch)
    field_watch: FieldWatch = field(default_factory=FieldWatch)
    torn: int = 0
    _view: Any = None
    _memory: SharedMemory | None = None
    _tick: int = 0
    _moved: bool = False
    _moved_at: float = 0.0
    _session: tuple[int, int] | None = None
    _about: About = field(default_factory=About)
    _sections: Mapping[str, bytes] = field(default_factory=dict)
    _update: int | None = None
    _updated_at: float = float("-inf")
    _last: Reading | None = None

    def read(self) -> Reading | None:
        """The session as it is; None while no simulator runs. Never raises for one that goes away.

        Raises:
            NoSimulatorError: If iRacing cannot run on this system.
        """
        try:
            if self._memory is None and not self._connect():
                return None
            assert self._memory is not None  # noqa: S101 - connected
            record = self._memory.latest()
            if not self._runs(record.tick, connected=self._memory.connected):
                self._leave()
                return None
            self.torn += record.torn
            self._last = self._reading(self._memory, record)
        except TornReadError:
            self.torn += 1
            return self._last
        except (OSError, ValueError, IndexError, struct.error, LayoutError) as error:
            # The memory is written to while it is read; when the simulator ends, it goes away.
            logger.info("The simulator has gone: %s", error)
            self._leave()
            return None
        return self._last

    def close(self) -> None:
        """Let the memory go."""
        self._leave()

    def _connect(self) -> bool:
        self._view = _racing_pc() if self.file is None else _mapped(self.file)
        if self._view is None:
            return False
        try:
            self._memory = SharedMemory(self._view, WANTED)
            self._tick = self._memory.latest().tick
        except (LayoutError, TornReadError) as error:
            logger.info("This is no memory of the simulator: %s", error)
            self._leave()
            return False
        self._moved, self._moved_at = False, self.monotonic()
        if not self._memory.connected:
            self._leave()
            return False
        logger.info(
            "Connected to the simulator; it has %d of the channels", len(self._memory.channels)
        )
        return True

    def _runs(self, tick: int, *, connected: bool) -> bool:
        """Whether the simulator runs: its status is connected and its ticks advance.

        The tick of a copy stands still from the start, and the copy is read.
        """
        now = self.monotonic()
        if tick != self._tick:
            self._moved, self._moved_at, self._tick = True, now, tick
        return connected and not (self._moved and now - self._moved_at > _STILL_S)

    def _leave(self) -> None:
        self._memory, self._last = None, None
        if self._view is not None:
            with contextlib.suppress(OSError, ValueError, BufferError):
                self._view.close()
        self._view = None
        self._forget()
        self._session, self._update, self._about = None, None, About()
        self._sections = {}

    def _forget(self) -> None:
        """Discard the figures of the last session."""
        self.fuel, self.field_watch = FuelWatch(), FieldWatch()
        self._updated_at = float("-inf")

    def _reading(self, memory: SharedMemory, record: Record) -> Reading:
        values = {
            name: float(value)
            for name, found in record.values.items()
            if name not in cars_of.CHANNELS
            and isinstance(value := _at_the_tick(found), int | float)
            and isfinite(value)
        }
        session = int(values.get("SessionUniqueID", 0)), int(values.get("SessionNum", 0))
        if session != self._session:
            self._forget()
            self._session = session
        self._look_up(memory)
        race = self._about.race(session[1])
        lap, fuel = values.get("Lap"), values.get("FuelLevel")
        if lap is not None and fuel is not None:
            driven = bool(values.get("IsOnTrack") or values.get("IsOnTrackCar"))
            self.fuel.see(
                int(lap),
                fuel,
                on_track=driven and not values.get("OnPitRoad"),
                share=_share(values.get("LapDistPct")),
                caution=bool(int(values.get("SessionFlags", 0)) & _CAUTION),
                wet=(values.get("TrackWetness") or 0) >= WET_FROM,
                driver_id=self._about.driver_id,
            )
        time_s = values.get("SessionTime")
        cars = self.field_watch.see(
            self._about.entries, record.values, race=race, session_time_s=time_s
        )
        return Reading(
            at=self.clock(),
            session=session,
            session_time_s=time_s,
            values=values,
            about=self._about,
            race=race,
            fuel_per_lap=self.fuel.per_lap,
            laps_of_fuel=None if fuel is None else self.fuel.laps_left(fuel),
            cars=tuple(cars),
            irating_change=cars_of.irating_now(cars) if race and not self._about.team else None,
            torn=self.torn,
        )

    def _look_up(self, memory: SharedMemory) -> None:
        """Read the session info if it was replaced; one that is cut short is read again later."""
        now = self.monotonic()
        update = memory.session_info_update
        if update == self._update or now - self._updated_at < _SESSION_INFO_EVERY_S:
            return
        self._updated_at = now
        found = memory.session_info(SECTIONS)
        if found is None:
            return
        self._update, sections = found
        if sections != self._sections:
            self._sections = sections
            self._about = about(sections)


def _share(value: float | None) -> float | None:
    return value if value is not None and 0 <= value <= 1 else None


def _mapped(path: Path) -> mmap.mmap | None:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _racing_pc() -> mmap.mmap | None:
    """The memory of the simulator on this PC; None where it does not run.

    Raises:
        NoSimulatorError: If iRacing cannot run on this system.
    """
    if sys.platform != "win32":
        raise NoSimulatorError(
            "iRacing runs on Windows alone: start this on the racing PC, watch a simulated race"
            " with --simulate, or read a copy of its memory with --file."
        )
    sdk = irsdk.IRSDK()
    try:
        # pyirsdk prints a line at each attempt while there is no simulator. To open the memory of
        # none would make one, so pyirsdk is asked first.
        with contextlib.redirect_stdout(io.StringIO()):
            found = bool(sdk.startup()) and bool(sdk.is_connected)
        if not found:
            return None
        return mmap.mmap(0, irsdk.MEMMAPFILESIZE, irsdk.MEMMAPFILE, access=mmap.ACCESS_READ)
    finally:
        sdk.shutdown()


def _at_the_tick(value: object) -> object:
    """A channel's value; of one that iRacing logs at 360 Hz, the last of its six samples."""
    return value[-1] if isinstance(value, list) and value else value

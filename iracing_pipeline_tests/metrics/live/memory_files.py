"""Memories of a simulator in files, written as iRacing writes its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iracing_pipeline.demo.live_race.entries import Entries
from iracing_pipeline.demo.live_race.memory import MemoryWriter
from iracing_pipeline.demo.live_race.moments import Moments, channels
from iracing_pipeline.demo.live_race.timing import RaceSetup, Timing, draw
from iracing_pipeline.ibt.layout import Channel, ChannelType
from iracing_pipeline.ibt.writer import lay_out

if TYPE_CHECKING:
    from pathlib import Path

VALUES: dict[str, Any] = {
    "Speed": 50.0,
    "Lap": 3,
    "FuelLevel": 20.0,
    "OnPitRoad": False,
    "IsOnTrack": True,
    "SessionUniqueID": 1,
    "SessionNum": 0,
    "SessionFlags": 0x4008,
    "PlayerCarPosition": 0,
    "SessionTimeRemain": 604800.0,
    "SessionLapsRemainEx": 32767,
    "LapDeltaToBestLap": 0.4,
    "LapDeltaToBestLap_OK": False,
    "LapLastLapTime": -1.0,
    "LFpressure": 180.0,
}
INFO = """---
WeekendInfo:
 TrackDisplayName: Tsukuba
 TrackConfigName: 1K

SessionInfo:
 Sessions:
 - SessionNum: 0
   SessionType: Practice

DriverInfo:
 DriverCarIdx: 7
 Drivers:
 - CarIdx: 7
   CarNumber: "17"
   CarScreenName: Formula Vee
...
"""
_KINDS = {bool: ChannelType.BOOL, int: ChannelType.INT, float: ChannelType.DOUBLE}


class Car:
    """The memory of a car with a few channels."""

    def __init__(self, path: Path, values: dict[str, Any] | None = None, info: str = INFO) -> None:
        self.path = path
        self.values = dict(VALUES if values is None else values)
        self.writer = self._writer()
        self.writer.set_session_info(info)
        self.writer.connect()
        self.write()

    def write(self, **values: Any) -> None:
        """Write a record with some values changed."""
        self.values |= values
        self.writer.write(self.values)

    def restart(self, info: str = INFO) -> None:
        """Restart the simulator: its ticks start from zero."""
        self.writer.close()
        self.writer = self._writer()
        self.writer.set_session_info(info)
        self.writer.connect()
        self.write()

    def _writer(self) -> MemoryWriter:
        def channel(name: str, value: Any) -> Channel:
            many = isinstance(value, list)
            kind = _KINDS[type(value[0] if many else value)]
            count = len(value) if many else 1
            return Channel(name, kind, 0, count, count_as_time=many, unit="", description="")

        return MemoryWriter(self.path, lay_out(channel(*each) for each in self.values.items()))


class Race:
    """The memory of a simulated race, moved on by hand."""

    def __init__(self, path: Path, setup: RaceSetup | None = None) -> None:
        self.path = path
        self.timing: Timing = draw(setup or RaceSetup(cars=12, minutes=12.0, seed=4))
        self.moments = Moments(self.timing, session=self.timing.setup.seed + 1)
        self.entries = Entries(self.moments)
        self.writer = MemoryWriter(path, channels())
        self._tick = 0
        self._shown: object = None
        self.writer.connect()

    def at(self, session_time_s: float) -> None:
        """Move on to a session time."""
        state = self.entries.state(session_time_s)
        if state != self._shown:
            self.writer.set_session_info(self.entries.text(session_time_s))
            self._shown = state
        self._tick += 1
        self.writer.write(self.moments.values(session_time_s, self._tick))

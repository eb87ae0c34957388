"""What a driver sets out to do in one stay in the car, and what befalls him."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Session(Enum):
    """Simsession that the stay in the car belongs to."""

    PRACTICE = "practice"
    QUALIFY = "qualify"
    RACE = "race"


class Ending(Enum):
    """How the recording ends."""

    PITS = "in the pit stall"
    TRACK = "out on the track, part of a lap after the last one"
    LINE = "a few records after the line, before iRacing gives the lap time"


@dataclass(frozen=True, slots=True)
class OffTrack:
    """Runs wide after a corner: an incident point, and the lap is invalid outside a race."""

    lap: int
    corner: int
    points: int = 1


@dataclass(frozen=True, slots=True)
class Spin:
    """Loses the car at a corner's exit and stands still for a moment."""

    lap: int
    corner: int
    points: int = 2
    standstill_s: float = 2.6


@dataclass(frozen=True, slots=True)
class Contact:
    """Hits another car at a corner's apex and loses speed."""

    lap: int
    corner: int
    points: int = 4


@dataclass(frozen=True, slots=True)
class Reset:
    """Stops part way round a lap and resets to the pits: new tyres and fuel, the same lap."""

    lap: int
    at: float
    standstill_s: float = 2.0


Mishap = OffTrack | Spin | Contact


@dataclass(frozen=True, slots=True)
class Stop:
    """A pit stop at the end of a lap."""

    lap: int
    fuel_l: float = 0.0
    tyres: bool = True


@dataclass(frozen=True, slots=True)
class Resumed:
    """What iRacing shows of earlier laps when the driver gets into the car again."""

    lap: int
    lap_clock_s: float
    last_lap_time_s: float
    best_lap_time_s: float
    best_lap: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One stay in the car.

    Attributes:
        session: Kind of simsession; a race begins with a pace lap, the others in the pit stall.
        laps: Laps from line to line.
        fuel_l: Fuel at the start, and after a reset.
        stops: Pit stops.
        mishaps: Off-tracks, spins and contacts; lap numbers as iRacing counts them.
        resets: Resets to the pits.
        ending: How the recording ends.
        experience_laps: Laps that the driver has driven here before.
        resumed: State of an earlier stay in the same session; None for the first.
        loaded: Whether the car is there already in the first record, so that no glitch row
            precedes it.
        dropped_ticks: Records that iRacing misses.
        clock_slips: Times that SessionTime gains a tick on the physics.
        session_time_s: SessionTime of the first record.
        positions: Race position on the grid and after each lap.
    """

    session: Session
    laps: int
    fuel_l: float
    stops: tuple[Stop, ...] = ()
    mishaps: tuple[Mishap, ...] = ()
    resets: tuple[Reset, ...] = ()
    ending: Ending = Ending.PITS
    experience_laps: int = 0
    resumed: Resumed | None = None
    loaded: bool = False
    dropped_ticks: int = 0
    clock_slips: int = 0
    session_time_s: float = 187.033333969
    positions: tuple[int, ...] = ()

    @property
    def first_lap(self) -> int:
        """Lap number in the first record: 0 in a fresh session."""
        return self.resumed.lap if self.resumed else 0

    @property
    def last_lap(self) -> int:
        """Number of the last lap driven from line to line."""
        return self.first_lap + self.laps

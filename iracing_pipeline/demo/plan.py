"""Plan of a driver for one stay in the car, with its incidents."""

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


class StartKind(Enum):
    """How a race begins."""

    ROLLING = "behind the pace car, with the green before the line"
    STANDING = "from the grid, with the lights"
    PIT_LANE = "from the pit stall, after the green"


class LapClockFrom(Enum):
    """Start of ``LapCurrentLapTime`` on lap 1 of a race; the official time runs from the green."""

    GREEN = "the green flag"
    LINE = "the line after it"


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a race.

    Attributes:
        kind: How it begins.
        parade_laps: Whole laps behind the pace car before the one with the green.
        grid_at: Where the car stands in the first record, as a part of the lap before the line;
            over 1 on a grid beyond the line.
        clock: What the lap clock runs from.
    """

    kind: StartKind = StartKind.ROLLING
    parade_laps: int = 0
    grid_at: float = 0.62
    clock: LapClockFrom = LapClockFrom.GREEN


@dataclass(frozen=True, slots=True)
class Caution:
    """A full-course caution: behind the pace car, from part way round a lap on."""

    first_lap: int
    last_lap: int
    at: float = 0.3


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
    """Stops part way round a lap and resets to the pits: new tyres and fuel, the same lap.

    Attributes:
        tow: Whether it is a tow, shown by a tow time.
        tow_late: Records after the arrival in which the tow time is first shown.
    """

    lap: int
    at: float
    standstill_s: float = 2.0
    tow: bool = False
    tow_late: int = 0


Mishap = OffTrack | Spin | Contact


@dataclass(frozen=True, slots=True)
class Stop:
    """A pit stop at the end of a lap.

    Attributes:
        drive_through: Whether the car drives through without stopping.
        black_flag: Whether a black flag is shown from the lap before until then.
        driver: The team mate who drives on to the end; None for the same driver.
    """

    lap: int
    fuel_l: float = 0.0
    tyres: bool = True
    drive_through: bool = False
    black_flag: bool = False
    driver: str | None = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """Earlier laps that iRacing shows when the driver gets into the car again."""

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
        start: How a race begins.
        cautions: Full-course cautions.
        leader_ahead_s: How long before the car finishes SessionState turns: when the leader of a
            race does, or when the time of another session is up; 0 for no flag there.
        cooldown_laps: Whole laps after the flag, slowly.
        counted_late: The most records by which ``Lap`` rises after the line.
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
    start: Start = Start()
    cautions: tuple[Caution, ...] = ()
    leader_ahead_s: float = 0.0
    cooldown_laps: int = 0
    counted_late: int = 0

    @property
    def flagged(self) -> bool:
        """Whether the chequered flag is shown."""
        racing = self.session is Session.RACE and self.ending is not Ending.LINE
        return racing or self.leader_ahead_s > 0

    @property
    def first_lap(self) -> int:
        """Lap number in the first record: 0 in a fresh session."""
        return self.resumed.lap if self.resumed else 0

    @property
    def last_lap(self) -> int:
        """Number of the last lap driven from line to line."""
        return self.first_lap + self.laps

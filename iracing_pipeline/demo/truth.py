"""The truth of a simulated session, to compare with an analysis."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LapTruth:
    """One lap, or the part of it driven in one stint; times on the SessionTime clock, seconds.

    A reset to the pits parts a lap in two: one that it ended, and one that began in the stall.

    Attributes:
        number: Lap, as iRacing counts it.
        stint: From 1: a new one begins when the car leaves its stall after a stop or a reset.
        kind: ``timed``, ``out`` (began in the pits or on the road out of them), ``in`` (ended
            there), ``pit`` (both, or a stop in between), ``reset`` or ``tow`` (ended by one),
            ``partial``, and of a race ``pace`` (before the green), ``start`` (lap 1, from the
            green) and ``cooldown`` (after the car's own finish).
        start_s: When it began at the line or the green; None if it began elsewhere.
        end_s: When it ended at the line; None if it ended elsewhere.
        lap_time_s: Exact time from line to line; None where either is missing.
        official_s: LapLastLapTime as iRacing gives it; None where it gives -1 or nothing.
        shown: Whether LapLastLapTime arrived before the recording ended.
        fuel_used_l: Litres burnt in it.
        fuel_start_l: Litres at its start.
        tyre_km: Kilometres on the tyres at its start.
        incidents: Incident points in it.
        off_track: Whether the car left the track in it.
        corner_times_s: Seconds from start to end of each corner of the circuit; None where the
            corner was not driven from start to end in it.
        caution: Whether part of it was driven under a caution.
        driver: The team mate who drove at its end; None for who records.
        energy_deployed_j: Joules that the battery of a hybrid gave to the motor; None without.
        energy_used_j: Joules that the battery lost.
        team_mate: Whether a team mate drove for a second or more of it.
        tyre_set: Set of tyres on the car, from 1.
    """

    number: int
    stint: int
    kind: str
    start_s: float | None
    end_s: float | None
    lap_time_s: float | None
    official_s: float | None
    shown: bool
    fuel_used_l: float
    fuel_start_l: float
    tyre_km: float
    incidents: int
    off_track: bool
    corner_times_s: tuple[float | None, ...]
    caution: bool = False
    driver: str | None = None
    team_mate: bool = False
    energy_deployed_j: float | None = None
    energy_used_j: float | None = None
    tyre_set: int = 1

    @property
    def clean(self) -> bool:
        """Whether it was timed, and nothing happened in it."""
        trouble = self.incidents or self.off_track or self.caution or self.team_mate
        return self.kind == "timed" and not trouble


@dataclass(frozen=True, slots=True)
class PitStopTruth:
    """A stop in the pit stall.

    Attributes:
        lap: Lap at whose end the car turned in.
        entry_s: SessionTime at the entry cone.
        exit_s: SessionTime at the exit cone.
        stationary_s: Time in the stall.
        fuel_added_l: Litres taken on.
        new_tyres: Whether the tyres were changed.
        loss_s: Time from cone to cone over that of a flawless lap without stop.
        stint: Stint that it ended.
    """

    lap: int
    entry_s: float
    exit_s: float
    stationary_s: float
    fuel_added_l: float
    new_tyres: bool
    loss_s: float
    stint: int = 1


@dataclass(frozen=True, slots=True)
class IncidentTruth:
    """Incident points: 1 off-track, 2 loss of control, 4 contact."""

    lap: int
    session_time_s: float
    points: int
    corner: str


@dataclass(frozen=True, slots=True)
class PaceLaw:
    """Cost of fuel and tyres, for an average driver.

    Attributes:
        seconds_per_litre: Lap time for each litre on board.
        seconds_per_tyre_lap: Lap time for each lap driven on the tyres, once they are warm.
        fuel_l_per_lap: Litres that a lap burns.
    """

    seconds_per_litre: float
    seconds_per_tyre_lap: float
    fuel_l_per_lap: float


@dataclass(frozen=True, slots=True)
class SessionTruth:
    """A whole recording.

    Attributes:
        laps: In driving order.
        stops: Pit stops in which the car left again.
        incidents: In order of time.
        law: Cost of fuel and tyres.
        records: Records in the file.
        glitch_records: Indices of the rows that iRacing writes while it loads the car.
        dropped_before: Indices of the records before which one is missing.
        slipped_at: Indices of the records at which SessionTime gained a tick.
    """

    laps: tuple[LapTruth, ...]
    stops: tuple[PitStopTruth, ...]
    incidents: tuple[IncidentTruth, ...]
    law: PaceLaw
    records: int
    glitch_records: tuple[int, ...]
    dropped_before: tuple[int, ...]
    slipped_at: tuple[int, ...]

    @property
    def best_lap_time_s(self) -> float | None:
        """Fastest clean lap."""
        return min(
            (lap.lap_time_s for lap in self.laps if lap.clean and lap.lap_time_s), default=None
        )

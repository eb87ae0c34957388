"""The event around a stay in the car: when, in what weather, in which session of which race."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iracing_pipeline.demo.plan import Session

if TYPE_CHECKING:
    from iracing_pipeline.demo.career import Race

_SESSION_LENGTHS_S = {Session.PRACTICE: 900.0, Session.QUALIFY: 480.0, Session.RACE: 1800.0}
_SESSION_NUMBERS = {Session.PRACTICE: 0, Session.QUALIFY: 1, Session.RACE: 2}


@dataclass(frozen=True, slots=True)
class Weather:
    """Weather at the line, with units in the names; ``skies`` is 0 clear to 3 overcast."""

    air_c: float = 21.0
    track_c: float = 31.0
    pressure_pa: float = 98_600.0
    humidity: float = 0.48
    wind_mps: float = 1.9
    wind_from_rad: float = 3.1415927
    skies: int = 1


@dataclass(frozen=True, slots=True)
class Event:
    """Circumstances of the drive.

    Attributes:
        weather: Weather at the start.
        race: The official race weekend; None for a test drive offline.
        time_of_day_s: Simulated time of day at SessionTime 0, seconds since midnight.
        incidents_before: Incident points of earlier stays in the same session.
        practice_position: Position shown outside a race once a lap time stands.
    """

    weather: Weather = Weather()
    race: Race | None = None
    time_of_day_s: float = 50_400.0
    incidents_before: int = 0
    practice_position: int = 1

    @property
    def car_index(self) -> int:
        """CarIdx of the player."""
        return self.race.car_index if self.race else 0

    def session_number(self, session: Session) -> int:
        """SessionNum: a race weekend has practice, qualifying and race in one subsession."""
        return _SESSION_NUMBERS[session] if self.race else 0

    def session_length_s(self, session: Session) -> float | None:
        """Length of the session; None for an unlimited one."""
        return _SESSION_LENGTHS_S[session] if self.race else None

    def first_tick(self, session_time_s: float) -> int:
        """SessionTick of the first record: a little ahead of SessionTime, as in real files."""
        return round(session_time_s * 60) + 174

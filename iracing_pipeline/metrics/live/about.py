"""Car, track, drivers and limits of a session, from any session info."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iracing_pipeline.ibt import session_info
from iracing_pipeline.metrics.history.session import track_label
from iracing_pipeline.metrics.live.field import Entry, entries

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTIONS = ("WeekendInfo", "SessionInfo", "DriverInfo")
RACE = "Race"
_MOST_LIMIT = 99_999


@dataclass(frozen=True, slots=True)
class About:
    """A session; None where the session info gives no value.

    Attributes:
        entries: Its cars.
        car: Name of the player's car.
        car_id: CarID.
        track: Name of the track, with the configuration.
        track_id: TrackID.
        subsession_id: SubSessionID; None offline.
        kinds: SessionType of each simsession, by SessionNum.
        team: Whether drivers share cars.
        driver_id: Who is in the player's car.
        recorder_id: Whose simulator this is.
        tank_l: What the rules allow in the tank.
        incident_limit: Points at which the session disqualifies.
        incident_warning: Points of the first penalty.
        incident_step: Points from one penalty to the next.
    """

    entries: tuple[Entry, ...] = ()
    car: str | None = None
    car_id: int | None = None
    track: str | None = None
    track_id: int | None = None
    subsession_id: int | None = None
    kinds: Mapping[int, str] | None = None
    team: bool = False
    driver_id: int | None = None
    recorder_id: int | None = None
    tank_l: float | None = None
    incident_limit: int | None = None
    incident_warning: int | None = None
    incident_step: int | None = None

    def race(self, session_number: int) -> bool:
        """Whether a simsession is a race."""
        return (self.kinds or {}).get(session_number) == RACE


def about(sections: Mapping[str, bytes]) -> About:
    """Read the sections of a session info; what they lack, or hold as nonsense, is None."""
    info: dict[str, Any] = {}
    for name, raw in sections.items():
        info |= session_info.parse(session_info.decode(raw), {name})
    drivers, weekend = _mapping(info.get("DriverInfo")), _mapping(info.get("WeekendInfo"))
    options = _mapping(weekend.get("WeekendOptions"))
    rows = [row for row in _list(drivers.get("Drivers")) if isinstance(row, dict)]
    own: dict[str, Any] = next(
        (row for row in rows if row.get("CarIdx") == drivers.get("DriverCarIdx")), {}
    )
    tank, share = drivers.get("DriverCarFuelMaxLtr"), drivers.get("DriverCarMaxFuelPct")
    return About(
        entries=tuple(entries(drivers)),
        car=_text(own.get("CarScreenName")),
        car_id=_count(own.get("CarID")),
        track=track_label(
            _text(weekend.get("TrackDisplayName")), _text(weekend.get("TrackConfigName"))
        ),
        track_id=_count(weekend.get("TrackID")),
        subsession_id=_count(weekend.get("SubSessionID")) or None,
        kinds={
            number: str(row.get("SessionType"))
            for row in _list(_mapping(info.get("SessionInfo")).get("Sessions"))
            if isinstance(row, dict) and isinstance(number := row.get("SessionNum"), int)
        },
        team=weekend.get("TeamRacing") == 1,
        driver_id=_count(own.get("UserID")),
        recorder_id=_count(drivers.get("DriverUserID")),
        tank_l=_litres(tank, share),
        incident_limit=_limit(options.get("IncidentLimit")),
        incident_warning=_limit(options.get("IncidentWarningInitialLimit")),
        incident_step=_limit(options.get("IncidentWarningSubsequentLimit")),
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    """Text of at most 100 characters without control characters."""
    if not isinstance(value, str):
        return None
    return "".join(each for each in value if each.isprintable())[:100] or None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 2**31 else None


def _limit(value: object) -> int | None:
    """A limit of incident points; None for ``unlimited`` and 0."""
    return value if isinstance(value, int) and 0 < value <= _MOST_LIMIT else None


def _litres(tank: object, share: object) -> float | None:
    if not isinstance(tank, int | float) or not 0 < tank <= 1000:
        return None
    part = share if isinstance(share, int | float) and 0 < share <= 1 else 1.0
    return float(tank) * part

"""The cars of the session as they are now, from iRacing's ``CarIdx`` channels.

Positions, laps and times are iRacing's own. What takes more than one moment (the median lap, the
stint, how fast a gap closes) is watched from reading to reading and starts anew with each session.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field, replace
from math import isfinite
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.analysis.irating import changes
from iracing_pipeline.metrics.live.chart import CarChart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_CARS = 64
"""Cars that iRacing has room for; an index beyond is not read."""
CHANNELS = (
    "CarIdxBestLapTime",
    "CarIdxClassPosition",
    "CarIdxEstTime",
    "CarIdxF2Time",
    "CarIdxLap",
    "CarIdxLapCompleted",
    "CarIdxLapDistPct",
    "CarIdxLastLapTime",
    "CarIdxOnPitRoad",
    "CarIdxPosition",
    "CarIdxTrackSurface",
)
_NOT_IN_WORLD, _IN_STALL = -1, 1
_LAPS = 5
_KEPT = 40
_NUMBER = re.compile(r"[0-9]{1,4}")
_LONGEST_LAP_S = 3600.0
_MOST_LAPS = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A car of the session, by the session info.

    Attributes:
        index: Its place in the ``CarIdx`` channels.
        number: Number on the car.
        car_class: Short name of its class; its number where it has none.
        class_id: CarClassID.
        estimated_lap_s: CarClassEstLapTime; None where iRacing gives none.
        irating: iRating of the driver in the car; None offline and for AI.
        own: Whether it is the player's car.
        incidents: TeamIncidentCount: points of all its drivers; None in old versions.
        driver_id: Who is in the car; None for AI.
    """

    index: int
    number: str
    car_class: str
    class_id: int
    estimated_lap_s: float | None
    irating: int | None
    own: bool
    incidents: int | None
    driver_id: int | None = None


@dataclass(frozen=True, slots=True)
class Car:
    """A car at one moment; None where iRacing gives no value.

    Attributes:
        entry: Which car.
        position: Place in the race, from 1.
        class_position: Place in class, from 1.
        laps: Laps completed.
        laps_down: Whole laps behind the leader of its class.
        last_lap_s: The last lap.
        best_lap_s: The best lap.
        median_lap_s: Median of the last five laps without pit road.
        stint_laps: Laps completed since it left the pits, or since it was first seen.
        on_pit_road: Whether it is on pit road.
        in_world: Whether it is in the world at all.
        behind_leader_s: Time behind the leader of the race, by iRacing.
        ahead_s: Time by which it is ahead of the player's car in the race; below zero behind.
        track_ahead_s: The same on the track, whatever the lap: within half a lap.
        closing_s: What the gap to the player's car shrank by over the player's last lap.
    """

    entry: Entry
    position: int | None
    class_position: int | None
    laps: int | None
    laps_down: int | None
    last_lap_s: float | None
    best_lap_s: float | None
    median_lap_s: float | None
    stint_laps: int
    on_pit_road: bool
    in_world: bool
    behind_leader_s: float | None
    ahead_s: float | None
    track_ahead_s: float | None
    closing_s: float | None


@dataclass(slots=True)
class _Watch:
    """Values of a car that are kept between readings."""

    completed: int | None = None
    last_lap_s: float | None = None
    pitted: bool = False
    stint_laps: int = 0
    laps: deque[float] = field(default_factory=lambda: deque(maxlen=_LAPS))
    ahead_s: float | None = None
    closing_s: float | None = None
    chart: CarChart = field(default_factory=CarChart)


@dataclass(slots=True)
class FieldWatch:
    """The cars of one session, from reading to reading.

    Attributes:
        gaps: Laps that the own car completed last, and the gap of each car then, by CarIdx.
    """

    _cars: dict[int, _Watch] = field(default_factory=dict)
    _own_completed: int | None = None
    _time_s: float | None = None
    gaps: deque[tuple[int, dict[int, float]]] = field(default_factory=lambda: deque(maxlen=_KEPT))

    @property
    def charts(self) -> Mapping[int, CarChart]:
        """The lap chart of each car, by CarIdx."""
        return {index: watch.chart for index, watch in self._cars.items()}

    def see(
        self,
        entries: Sequence[Entry],
        values: Mapping[str, Any],
        *,
        race: bool,
        session_time_s: float | None = None,
    ) -> list[Car]:
        """The cars as they are, in order of position; cars without one come last.

        Args:
            entries: Cars by the session info.
            values: The ``CarIdx`` channels, by name.
            race: Whether this is a race: only then do times behind the leader mean gaps.
            session_time_s: Session time; without it there is no lap chart.
        """
        self._time_s = session_time_s
        cars = [self._car(entry, values, race=race) for entry in entries[:MOST_CARS]]
        leaders = _leaders(cars)
        own = next((car for car in cars if car.entry.own), None)
        completed = own.laps if own is not None else None
        crossed = None not in (completed, self._own_completed) and completed != self._own_completed
        self._own_completed = completed
        cars = [self._beside(car, own, leaders, values, crossed=crossed) for car in cars]
        if crossed and completed is not None:
            ahead = {car.entry.index: car.ahead_s for car in cars if car.ahead_s is not None}
            self.gaps.append((completed, ahead))
        return sorted(cars, key=lambda car: car.position or MOST_CARS + 1)

    def _car(self, entry: Entry, values: Mapping[str, Any], *, race: bool) -> Car:
        watch = self._cars.setdefault(entry.index, _Watch())
        completed = _whole(values, "CarIdxLapCompleted", entry.index, least=0, most=_MOST_LAPS)
        last = _number(values, "CarIdxLastLapTime", entry.index, 1e-3, _LONGEST_LAP_S)
        on_pit_road = bool(_at(values, "CarIdxOnPitRoad", entry.index))
        surface = _at(values, "CarIdxTrackSurface", entry.index)
        # CarIdxOnPitRoad is not always set; a car in its stall is on pit road.
        on_pit_road = on_pit_road or surface == _IN_STALL
        _note(watch, completed, last, on_pit_road=on_pit_road)
        if self._time_s is not None:
            share = _number(values, "CarIdxLapDistPct", entry.index, 0.0, 1.0)
            started = completed
            if completed is None and _at(values, "CarIdxLap", entry.index) == 0:
                started = -1  # before the line for the first time
            watch.chart.see(self._time_s, started, share, last, on_pit_road=on_pit_road)
        return Car(
            entry=entry,
            position=_whole(values, "CarIdxPosition", entry.index, least=1, most=MOST_CARS),
            class_position=_whole(
                values, "CarIdxClassPosition", entry.index, least=1, most=MOST_CARS
            ),
            laps=completed,
            laps_down=None,
            last_lap_s=last,
            best_lap_s=_number(values, "CarIdxBestLapTime", entry.index, 1e-3, _LONGEST_LAP_S),
            median_lap_s=median(watch.laps) if watch.laps else None,
            stint_laps=watch.stint_laps,
            on_pit_road=on_pit_road,
            in_world=surface is not None and surface != _NOT_IN_WORLD,
            behind_leader_s=_number(values, "CarIdxF2Time", entry.index, 0.0, 1e6)
            if race
            else None,
            ahead_s=None,
            track_ahead_s=None,
            closing_s=watch.closing_s,
        )

    def _beside(
        self,
        car: Car,
        own: Car | None,
        leaders: Mapping[int, float],
        values: Mapping[str, Any],
        *,
        crossed: bool,
    ) -> Car:
        """The car with what it is beside the leader of its class and the player's car."""
        watch = self._cars[car.entry.index]
        driven, leader = _driven(car, values), leaders.get(car.entry.class_id)
        down = None if driven is None or leader is None else max(int(leader - driven), 0)
        ahead = track = None
        # A car that has left the world keeps its last lap: the time since is no gap.
        if own is not None and car is not own and car.in_world:
            if car.behind_leader_s is not None and own.behind_leader_s is not None:
                ahead = own.behind_leader_s - car.behind_leader_s
            track = _on_track(car, own, values)
        if crossed:
            gaps = watch.ahead_s, ahead
            watch.closing_s = (
                None if gaps[0] is None or gaps[1] is None else abs(gaps[0]) - abs(gaps[1])
            )
            watch.ahead_s = ahead
        return replace(
            car, laps_down=down, ahead_s=ahead, track_ahead_s=track, closing_s=watch.closing_s
        )


def entries(driver_info: Mapping[str, Any]) -> list[Entry]:
    """The cars of the session info, without pace car, spectators and rows of nonsense."""
    own = driver_info.get("DriverCarIdx")
    rows = driver_info.get("Drivers")
    found: dict[int, Entry] = {}
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict) or row.get("CarIsPaceCar") or row.get("IsSpectator"):
            continue
        index = row.get("CarIdx")
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < MOST_CARS:
            continue
        found[index] = _entry(row, index, own=index == own)
    return _apart(found[index] for index in sorted(found))


def _apart(found: Iterable[Entry]) -> list[Entry]:
    """The entries with numbers that no two share: a number names a car everywhere."""
    taken: set[str] = set()
    entries = []
    for entry in found:
        number = f"idx{entry.index}" if entry.number in taken else entry.number
        taken.add(number)
        entries.append(replace(entry, number=number))
    return entries


def irating_now(cars: Iterable[Car]) -> float | None:
    """Change of the player's iRating if the race ended in this order.

    None where a rating of the class, the player's place or a completed lap is missing.
    """
    field_of = [car for car in cars if car.class_position is not None]
    own = next((car for car in field_of if car.entry.own), None)
    if own is None:
        return None
    of_class = sorted(
        (car for car in field_of if car.entry.class_id == own.entry.class_id),
        key=lambda car: car.class_position or 0,
    )
    ratings = [car.entry.irating for car in of_class]
    if any(rating is None for rating in ratings) or len(of_class) < 2:
        return None
    completed = np.array([bool(car.laps) for car in of_class])
    change = changes(np.array(ratings, np.float64), completed)
    return float(change[of_class.index(own)]) if completed.any() else None


def _entry(row: Mapping[str, Any], index: int, *, own: bool) -> Entry:
    number = str(row.get("CarNumber") or "")
    class_id = row.get("CarClassID")
    lap = row.get("CarClassEstLapTime")
    rating, incidents = row.get("IRating"), row.get("TeamIncidentCount")
    who = row.get("UserID")
    name = re.sub(r"[^\w .+-]", "", str(row.get("CarClassShortName") or class_id or ""))[:24]
    return Entry(
        index=index,
        number=number if _NUMBER.fullmatch(number) else f"idx{index}",
        car_class=name,
        class_id=class_id if isinstance(class_id, int) else 0,
        estimated_lap_s=float(lap) if isinstance(lap, int | float) and 1 < lap < 3600 else None,
        irating=rating
        if isinstance(rating, int) and 1 < rating < 20_000 and not row.get("CarIsAI")
        else None,
        own=own,
        incidents=incidents if isinstance(incidents, int) and 0 <= incidents < 10_000 else None,
        driver_id=who if isinstance(who, int) and 0 < who < 2**31 else None,
    )


def _note(
    watch: _Watch, completed: int | None, last_lap_s: float | None, *, on_pit_road: bool
) -> None:
    """Remember a completed lap. iRacing writes its time up to two seconds after the line."""
    if on_pit_road:
        watch.stint_laps = 0
        watch.pitted = True
    if completed is not None and watch.completed is not None:
        if completed < watch.completed:  # the session began anew
            watch.laps.clear()
            watch.stint_laps = 0
        elif completed > watch.completed and not on_pit_road:
            watch.stint_laps += completed - watch.completed
    watch.completed = completed
    if last_lap_s is not None and last_lap_s != watch.last_lap_s:
        if watch.last_lap_s is not None or watch.stint_laps:
            if not watch.pitted:
                watch.laps.append(last_lap_s)
            watch.pitted = on_pit_road
        watch.last_lap_s = last_lap_s


def _leaders(cars: Sequence[Car]) -> dict[int, float]:
    """Laps of the leader of each class."""
    leaders: dict[int, float] = {}
    for car in cars:
        if car.laps is not None and car.in_world:
            leaders[car.entry.class_id] = max(leaders.get(car.entry.class_id, 0), car.laps)
    return leaders


def _driven(car: Car, values: Mapping[str, Any]) -> float | None:
    """Laps and part of a lap that the car has driven."""
    share = _number(values, "CarIdxLapDistPct", car.entry.index, 0.0, 1.0)
    return None if car.laps is None else car.laps + (share or 0.0)


def _on_track(car: Car, own: Car, values: Mapping[str, Any]) -> float | None:
    """Time from the player's car forward to another on the track; below zero for one behind."""
    times = [
        _number(values, "CarIdxEstTime", each.entry.index, 0.0, _LONGEST_LAP_S)
        for each in (car, own)
    ]
    lap, other_lap = own.entry.estimated_lap_s, car.entry.estimated_lap_s
    if times[0] is None or times[1] is None or lap is None or other_lap is None:
        return None
    if not (car.in_world and own.in_world):
        return None
    gap = times[0] * lap / other_lap - times[1]
    return float((gap + lap / 2) % lap - lap / 2)


def _at(values: Mapping[str, Any], name: str, index: int) -> object:
    row = values.get(name)
    return row[index] if isinstance(row, list) and index < len(row) else None


def _number(
    values: Mapping[str, Any], name: str, index: int, least: float, most: float
) -> float | None:
    value = _at(values, name, index)
    if not isinstance(value, int | float) or not isfinite(value) or not least <= value <= most:
        return None
    return float(value)


def _whole(
    values: Mapping[str, Any], name: str, index: int, *, least: int, most: int
) -> int | None:
    value = _number(values, name, index, least, most)
    return None if value is None else int(value)

"""A race at one moment, in iRacing's channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.demo.channels import CONTROLS as _CONTROLS
from iracing_pipeline.demo.channels import ENGINE, LAP, PLACE, SESSION, TYRES, WEATHER
from iracing_pipeline.demo.channels import MOTION as _MOTION
from iracing_pipeline.demo.lap import reference_lap
from iracing_pipeline.demo.live_race.timing import PARADE_S
from iracing_pipeline.ibt.layout import Channel, ChannelType
from iracing_pipeline.ibt.writer import lay_out

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Bools, Floats, Ints
    from iracing_pipeline.demo.live_race.timing import Stop, Timing

INDICES = 64
"""Cars that iRacing has room for."""
COOL_DOWN_S = 20.0
_TIME_IS_WRITTEN_S = 1.2  # after the line
_NO_LIMIT_S, _NO_LIMIT_LAPS = 604800.0, 32767
_BOOL, _INT, _FLOAT = ChannelType.BOOL, ChannelType.INT, ChannelType.FLOAT
_OF_CARS = (
    ("CarIdxLap", _INT, -1),
    ("CarIdxLapCompleted", _INT, -1),
    ("CarIdxLapDistPct", _FLOAT, -1.0),
    ("CarIdxTrackSurface", _INT, -1),
    ("CarIdxOnPitRoad", _BOOL, False),
    ("CarIdxPosition", _INT, 0),
    ("CarIdxClassPosition", _INT, 0),
    ("CarIdxClass", _INT, 0),
    ("CarIdxF2Time", _FLOAT, 0.0),
    ("CarIdxEstTime", _FLOAT, 0.0),
    ("CarIdxLastLapTime", _FLOAT, -1.0),
    ("CarIdxBestLapTime", _FLOAT, -1.0),
)
_OWN = (
    "SessionTime",
    "SessionTick",
    "SessionNum",
    "SessionState",
    "SessionUniqueID",
    "SessionFlags",
    "SessionTimeRemain",
    "SessionLapsRemainEx",
    "SessionTimeTotal",
    "SessionLapsTotal",
    "IsOnTrack",
    "IsOnTrackCar",
    "PlayerCarIdx",
    "PlayerCarPosition",
    "PlayerCarClassPosition",
    "PlayerCarTeamIncidentCount",
    "PlayerCarMyIncidentCount",
    "PlayerCarDriverIncidentCount",
    "Lap",
    "LapCompleted",
    "LapDist",
    "LapDistPct",
    "LapBestLapTime",
    "LapLastLapTime",
    "LapCurrentLapTime",
    "OnPitRoad",
    "PlayerTrackSurface",
    "PlayerCarInPitStall",
    "PitstopActive",
    "Speed",
    "Throttle",
    "Brake",
    "Gear",
    "RPM",
    "FuelLevel",
    "FuelLevelPct",
    "FuelUsePerHour",
    "TrackTempCrew",
    "AirTemp",
    "TrackWetness",
    "Precipitation",
)
"""Channels of the player's car that are simulated; others are left out of the memory."""


def channels() -> tuple[Channel, ...]:
    """The channels of the memory, laid out."""
    rows = {
        row[0]: row
        for row in (*SESSION, *LAP, *PLACE, *_MOTION, *_CONTROLS, *ENGINE, *TYRES, *WEATHER)
    }
    own = [
        Channel(name, kind, 0, 1, count_as_time=False, unit=unit, description=text)
        for name, kind, unit, text in (rows[name] for name in _OWN)
    ]
    cars = [
        Channel(name, kind, 0, INDICES, count_as_time=False, unit="", description="Of each car")
        for name, kind, _ in _OF_CARS
    ]
    return lay_out([*own, *cars])


class Moments:
    """The channels of a race at any session time; times must not run backwards.

    Args:
        timing: The race.
        session: SessionUniqueID.
    """

    def __init__(self, timing: Timing, session: int) -> None:
        setup = timing.setup
        self.timing, self._session, self._setup = timing, session, setup
        self._lap = reference_lap(setup.car, setup.circuit)
        self._length = setup.circuit.length_m
        nodes = len(self._lap.elapsed)
        self._share = np.linspace(0.0, 1.0, nodes)  # of the distance
        self._phase = self._lap.elapsed / self._lap.elapsed[-1]  # of the time
        self._limit = setup.circuit.pit.speed_limit_mps
        cars = setup.cars
        self._done = np.full(cars, -2)
        self._place: Ints = np.arange(1, cars + 1)
        self._class_place: Ints = self._place
        self._finished_s = float(np.nanmax(timing.finished_s))
        # From (t0, u0) to (t1, u1) a car drives at speed: seconds since the line, phase of the lap.
        self._t0, self._u0, self._t1, self._u1 = (np.zeros(cars) for _ in range(4))
        self._lap_s = np.array(timing.class_lap_s)[timing.class_of] * timing.skill
        self._in: list[Stop | None] = [None] * cars
        self._out: list[Stop | None] = [None] * cars
        self._best, self._lasts = np.full(cars, -1.0), np.full(cars, -1.0)
        self._before = np.full(cars, -1.0)
        # CarIdx 0 is the pace car's.
        self.index_of = np.arange(1, cars + 1)

    @property
    def over_s(self) -> float:
        """Session time at which the race is over and done with."""
        return self._finished_s + COOL_DOWN_S

    def values(self, t: float, tick: int) -> dict[str, Any]:
        """Every channel at a session time."""
        timing = self.timing
        done = timing.done(t)
        if (done != self._done).any():
            for car in np.flatnonzero(done != self._done):
                self._begin_lap(int(car), int(done[car]))
            self._done = done
            self._place = timing.place(t)
            self._class_place = self._places_in_class()
        tau = t - timing.crossed_s[np.arange(len(done)), done]
        share, pit, stall = self._where(tau)
        parade = tau < 0
        finished = t >= timing.finished_s
        gone = finished & (tau > np.where(done < timing.laps.max() - 3, 0.3, 1.2) * self._lap_s)
        place = self._place
        flag = t >= timing.flag_s
        seen = np.where(tau >= _TIME_IS_WRITTEN_S, self._lasts, self._before)
        surface = np.where(gone, -1, np.where(stall, 1, np.where(pit, 2, 3)))
        columns = {
            "CarIdxLap": np.where(parade, 0, done + 1),
            "CarIdxLapCompleted": np.where(parade, -1, done),
            "CarIdxLapDistPct": np.where(gone, -1.0, share),
            "CarIdxTrackSurface": surface,
            "CarIdxOnPitRoad": pit & ~gone,
            "CarIdxPosition": place,
            "CarIdxClassPosition": self._class_place,
            "CarIdxClass": 4000 + timing.class_of,
            "CarIdxF2Time": self._behind_leader(t, share, done, place),
            "CarIdxEstTime": np.interp(share, self._share, self._lap.elapsed)
            * np.array(timing.class_lap_s)[timing.class_of]
            / timing.class_lap_s[0],
            "CarIdxLastLapTime": seen,
            "CarIdxBestLapTime": np.where(tau >= _TIME_IS_WRITTEN_S, self._best, -1.0),
        }
        values: dict[str, Any] = {
            name: _spread(columns[name], self.index_of, empty) for name, _, empty in _OF_CARS
        }
        own = timing.own
        values |= self._of_session(t, tick, flag=flag)
        values |= self._of_own(own, t, float(tau[own]), float(share[own]), columns)
        values |= {
            "PlayerCarPosition": int(place[own]),
            "PlayerCarClassPosition": int(columns["CarIdxClassPosition"][own]),
            "OnPitRoad": bool(pit[own]),
            "PlayerTrackSurface": int(surface[own]),
            "PlayerCarInPitStall": bool(stall[own]),
            "PitstopActive": bool(stall[own]),
        }
        return values

    def incidents(self, car: int, t: float) -> int:
        """Incident points of a car so far."""
        row = self.timing.crossed_s[car]
        done = int((row[1:] <= t).sum())
        return sum(points for lap, points in self.timing.mistakes[car].items() if lap <= done)

    def driver(self, car: int, t: float) -> int:
        """Which of its drivers is in a car, from 0."""
        since = [
            stop
            for stop in self.timing.stops[car]
            if self.timing.crossed_s[car, stop.lap] + stop.stall_s <= t
        ]
        return len(since) % max(self._setup.drivers, 1)

    def _begin_lap(self, car: int, done: int) -> None:
        timing, pit = self.timing, self._setup.circuit.pit
        row = timing.crossed_s[car]
        following = row[done + 1] if done + 1 < len(row) else np.nan
        lap_s = following - row[done] if np.isfinite(following) else 1.15 * self._lap_s[car]
        stops = {stop.lap: stop for stop in timing.stops[car]}
        self._out[car], self._in[car] = stops.get(done), stops.get(done + 1)
        if not np.isfinite(following):
            self._in[car] = None
        self._t0[car], self._u0[car], self._t1[car], self._u1[car] = 0.0, 0.0, lap_s, 1.0
        if (out := self._out[car]) is not None:
            self._t0[car] = out.exit_s
            self._u0[car] = float(np.interp(pit.exit_m / self._length, self._share, self._phase))
        if (stop := self._in[car]) is not None:
            self._t1[car] = lap_s - stop.before_s
            self._u1[car] = float(np.interp(pit.entry_m / self._length, self._share, self._phase))
        self._before[car] = self._lasts[car]
        self._lasts[car] = row[done] - row[done - 1] if done >= 1 else -1.0
        times = np.diff(row[: done + 1])
        self._best[car] = float(times.min()) if len(times) else -1.0

    def _where(self, tau: Floats) -> tuple[Floats, Bools, Bools]:
        """Share of the lap, whether on pit road, and whether in the stall; shape (cars,)."""
        u = self._u0 + (self._u1 - self._u0) * (tau - self._t0) / (self._t1 - self._t0)
        share = np.interp(np.clip(u, 0.0, 0.99999), self._phase, self._share)
        ahead = tau < 0  # on the way to the start, nose to tail
        share = np.where(ahead, 1.0 + tau * 20.0 / self._length, share)
        pit, stall = np.zeros(len(tau), np.bool_), np.zeros(len(tau), np.bool_)
        for car, (out, stop) in enumerate(zip(self._out, self._in, strict=True)):
            if out is not None and 0 <= tau[car] < out.exit_s:
                pit[car] = True
                stall[car] = out.stall_s <= tau[car] < out.leaves_s
                since = tau[car] - max(min(tau[car], out.leaves_s) - out.stall_s, 0.0)
                share[car] = since * self._limit / self._length
            elif stop is not None and tau[car] >= self._t1[car]:
                pit[car] = True
                left = self._t1[car] + stop.before_s - tau[car]
                share[car] = min(1.0 - left * self._limit / self._length, 0.99999)
        return share % 1.0, pit, stall

    def _places_in_class(self) -> Ints:
        place = self._place
        result = np.empty_like(place)
        for car_class in np.unique(self.timing.class_of):
            members = np.flatnonzero(self.timing.class_of == car_class)
            result[members[np.argsort(place[members])]] = np.arange(1, len(members) + 1)
        return result

    def _behind_leader(self, t: float, share: Floats, done: Ints, place: Ints) -> Floats:
        leader = int(np.argmin(place))
        row = self.timing.crossed_s[leader]
        known = np.where(np.isfinite(row), row, np.nanmax(row))
        ends = known[np.minimum(done + 1, len(known) - 1)]
        phase = np.interp(share, self._share, self._phase)
        there = known[done] + phase * (ends - known[done])
        behind = np.maximum(t - there, 0.0)
        behind[leader] = 0.0
        return np.asarray(behind)

    def _of_session(self, t: float, tick: int, *, flag: bool) -> dict[str, Any]:
        timing, setup = self.timing, self._setup
        racing = t >= PARADE_S
        leader_done = int(self._done.max())
        last = int(timing.laps.max()) - 1
        bits = 0x1 if flag else 0x4 if racing else 0
        if racing and not flag and leader_done >= last:
            bits |= 0x2
        ended = t >= self._finished_s
        state = 3 if not racing else 4 if not flag else 6 if ended else 5
        total = None if setup.minutes is None else 60.0 * setup.minutes
        rain = 0.0 if timing.rain_s is None else float(np.clip((t - timing.rain_s) / 180.0, 0, 1))
        return {
            "SessionTime": t,
            "SessionTick": tick,
            "SessionNum": 2,
            "SessionState": state,
            "SessionUniqueID": self._session,
            "SessionFlags": bits,
            "SessionTimeTotal": _NO_LIMIT_S if total is None else total,
            "SessionTimeRemain": _NO_LIMIT_S
            if total is None
            else float(np.clip(PARADE_S + total - t, 0.0, total)),
            "SessionLapsTotal": setup.laps or _NO_LIMIT_LAPS,
            "SessionLapsRemainEx": _NO_LIMIT_LAPS
            if setup.laps is None
            else max(setup.laps - leader_done, 0),
            "TrackTempCrew": 31.0 - 6.0 * rain,
            "AirTemp": 21.0 - 2.0 * rain,
            "TrackWetness": 1 + round(4 * rain),
            "Precipitation": 0.35 * rain,
        }

    def _of_own(
        self, own: int, t: float, tau: float, share: float, columns: dict[str, Any]
    ) -> dict[str, Any]:
        timing, car = self.timing, self._setup.car
        done = int(self._done[own])
        fuel, use = self._fuel(own, done, tau, share)
        speed, ahead = self._speed(own, tau, share), self._speed(own, tau, (share + 0.003) % 1.0)
        gears = [ratio for ratio in car.engine.rpm_per_mps if ratio * speed < car.engine.shift_rpm]
        ratio = gears[0] if gears else car.engine.rpm_per_mps[-1]
        points = self.incidents(own, t)
        mine = self.driver(own, t) == 0
        return {
            "IsOnTrack": mine,
            "IsOnTrackCar": True,
            "PlayerCarIdx": int(self.index_of[own]),
            "PlayerCarTeamIncidentCount": points,
            "PlayerCarMyIncidentCount": points,
            "PlayerCarDriverIncidentCount": points,
            "Lap": int(columns["CarIdxLap"][own]),
            "LapCompleted": int(columns["CarIdxLapCompleted"][own]),
            "LapDist": share * self._length,
            "LapDistPct": share,
            "LapBestLapTime": float(columns["CarIdxBestLapTime"][own]),
            "LapLastLapTime": float(columns["CarIdxLastLapTime"][own]),
            "LapCurrentLapTime": max(tau, 0.0),
            "Speed": speed,
            "Throttle": 1.0 if ahead > speed else 0.2,
            "Brake": 0.8 if ahead < speed - 1.0 else 0.0,
            "Gear": car.engine.rpm_per_mps.index(ratio) + 1 if speed else 0,
            "RPM": max(ratio * speed, car.engine.idle_rpm),
            "FuelLevel": fuel,
            "FuelLevelPct": fuel / car.tank_l,
            "FuelUsePerHour": use * 3600.0 * 0.75 if timing.laps[own] > done else 0.0,
        }

    def _fuel(self, own: int, done: int, tau: float, share: float) -> tuple[float, float]:
        """Litres in the tank, and litres a second."""
        timing = self.timing
        level = float(timing.fuel_l[own, done])
        if (out := self._out[own]) is not None:
            filled = (tau - out.stall_s) / max(out.leaves_s - out.stall_s, 1e-9)
            level += out.litres * float(np.clip(filled, 0.0, 1.0))
        if done >= timing.laps[own] or tau < 0:
            return level, 0.0
        burns = float(timing.burnt_l[own, done + 1])
        return level - burns * share, burns / max(float(self._t1[own]), 1.0)

    def _speed(self, own: int, tau: float, share: float) -> float:
        out, stop = self._out[own], self._in[own]
        if out is not None and 0 <= tau < out.exit_s:
            return 0.0 if out.stall_s <= tau < out.leaves_s else self._limit
        if stop is not None and tau >= self._t1[own]:
            return self._limit
        slower = (
            (self._u1[own] - self._u0[own])
            * self._lap.elapsed[-1]
            / (self._t1[own] - self._t0[own])
        )
        return float(np.interp(share, self._share, self._lap.speed) * slower)


def _spread(column: Any, indices: Ints, empty: float) -> list[Any]:
    """A value of each car at its CarIdx, and iRacing's placeholder elsewhere."""
    row = np.full(INDICES, empty, dtype=column.dtype if column.dtype != np.bool_ else np.bool_)
    row[indices] = column
    return list(row.tolist())

"""The truth of a drive, told from the distance grid rather than from the records."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.drive import tyre_grip
from iracing_pipeline.demo.lap import reference_lap
from iracing_pipeline.demo.plan import OffTrack
from iracing_pipeline.demo.truth import (
    IncidentTruth,
    LapTruth,
    PaceLaw,
    PitStopTruth,
    SessionTruth,
)

if TYPE_CHECKING:
    from iracing_pipeline.demo.car import Car
    from iracing_pipeline.demo.circuit import Circuit
    from iracing_pipeline.demo.drive import Drive, Halt, Leg
    from iracing_pipeline.demo.driver import Driver
    from iracing_pipeline.demo.plan import Stop
    from iracing_pipeline.demo.records import Records
    from iracing_pipeline.demo.timing import Crossing


def account(drive: Drive, records: Records, crossings: tuple[Crossing, ...]) -> SessionTruth:
    """Tell what happened in a drive."""
    teller = _Teller(drive, records, crossings)
    return SessionTruth(
        laps=teller.laps(),
        stops=teller.stops(),
        incidents=teller.incidents(),
        law=pace_law(drive.car, drive.circuit, drive.driver),
        records=len(records),
        glitch_records=tuple(np.flatnonzero(records.glitch).tolist()),
        dropped_before=tuple(records.dropped_before.tolist()),
        slipped_at=tuple(records.slipped_at.tolist()),
    )


def pace_law(car: Car, circuit: Circuit, driver: Driver) -> PaceLaw:
    """What fuel and tyres cost a driver at his average, by differences of the reference lap."""
    grip = driver.pace**2
    base = reference_lap(car, circuit, fuel_l=20.0, grip=grip)
    heavy = reference_lap(car, circuit, fuel_l=30.0, grip=grip)
    warm = np.array([5.0, 15.0]) * car.tyre.warm_up_m
    new, old = tyre_grip(car, warm)
    younger = reference_lap(car, circuit, fuel_l=20.0, grip=grip * float(new))
    older = reference_lap(car, circuit, fuel_l=20.0, grip=grip * float(old))
    laps = (warm[1] - warm[0]) / circuit.length_m
    return PaceLaw(
        seconds_per_litre=(heavy.time_s - base.time_s) / 10.0,
        seconds_per_tyre_lap=(older.time_s - younger.time_s) / float(laps),
        fuel_l_per_lap=base.fuel_l,
    )


@dataclass(frozen=True, slots=True)
class _Moment:
    """A node of a leg: where a lap begins or ends."""

    leg: int
    node: int
    crossing: Crossing | None


@dataclass(frozen=True)
class _Teller:
    drive: Drive
    records: Records
    crossings: tuple[Crossing, ...]

    def laps(self) -> tuple[LapTruth, ...]:
        legs = self.drive.legs
        moments = [
            _Moment(0, 0, None),
            *(_Moment(c.leg, c.node, c) for c in self.crossings),
            _Moment(len(legs) - 1, len(legs[-1].speed) - 1, None),
        ]
        first = self.drive.plan.first_lap
        return tuple(
            self._lap(first + i, begin, end) for i, (begin, end) in enumerate(pairwise(moments))
        )

    def _lap(self, number: int, begin: _Moment, end: _Moment) -> LapTruth:
        start_s = begin.crossing.session_time if begin.crossing else None
        end_s = end.crossing.session_time if end.crossing else None
        official = end.crossing.official_s if end.crossing else None
        mishaps = [m for m in self.drive.plan.mishaps if m.lap == number]
        began = self.drive.legs[begin.leg]
        return LapTruth(
            number=number,
            stint=self._stint(end),
            kind=self._kind(begin, end),
            start_s=start_s,
            end_s=end_s,
            lap_time_s=end_s - start_s if end_s is not None and start_s is not None else None,
            official_s=official if official is not None and official > 0 else None,
            shown=end.crossing is not None and end.crossing.shown_at < len(self.records),
            fuel_used_l=self._burnt(end) - self._burnt(begin),
            fuel_start_l=float(began.fuel_arrive[begin.node]),
            tyre_km=float(began.tyre_m[begin.node]) / 1000.0,
            incidents=sum(m.points for m in mishaps),
            off_track=any(isinstance(m, OffTrack) for m in mishaps),
            corner_times_s=self._corner_times(number),
        )

    def _kind(self, begin: _Moment, end: _Moment) -> str:
        if begin.leg != end.leg:
            return "reset"
        leg = self.drive.legs[begin.leg]
        from_pits = bool(leg.on_pit_road[begin.node])
        to_pits = bool(leg.on_pit_road[end.node])
        stopped = any(h.stop and begin.node < h.node < end.node for h in leg.halts)
        if begin.crossing is None or end.crossing is None:
            return self._unfinished_kind(begin, from_pits=from_pits, to_pits=to_pits)
        if from_pits != to_pits:
            return "out" if from_pits else "in"
        return "pit" if from_pits or stopped else "timed"

    @staticmethod
    def _unfinished_kind(begin: _Moment, *, from_pits: bool, to_pits: bool) -> str:
        """Kind of the first or the last lap, of which the recording holds a part."""
        if begin.crossing is None:
            return "out" if from_pits else "partial"
        return "in" if to_pits and not from_pits else "partial"

    def _stint(self, end: _Moment) -> int:
        legs = self.drive.legs
        stops = sum(
            1
            for i, leg in enumerate(legs[: end.leg + 1])
            for halt in leg.halts
            if halt.stop and (i < end.leg or halt.node < end.node)
        )
        return 1 + end.leg + stops

    def _burnt(self, moment: _Moment) -> float:
        """Litres burnt since the start of the recording."""
        before = sum(_burnt(leg, len(leg.speed) - 1) for leg in self.drive.legs[: moment.leg])
        return before + _burnt(self.drive.legs[moment.leg], moment.node)

    def _corner_times(self, lap: int) -> tuple[float | None, ...]:
        circuit = self.drive.circuit
        times: list[float | None] = []
        for corner in circuit.corners:
            start = lap * circuit.nodes + circuit.node(corner.start_m)
            end = lap * circuit.nodes + circuit.node(corner.end_m)
            driven = [leg for leg in self.drive.legs if leg.first <= start and end <= leg.last]
            # Driven in two legs of one lap, before and after a reset: the time is neither's.
            times.append(self._seconds(driven[0], start, end) if len(driven) == 1 else None)
        return tuple(times)

    def _seconds(self, leg: Leg, start: int, end: int) -> float:
        nodes = leg.arrive[[start - leg.first, end - leg.first]]
        begin_s, end_s = self.records.clock.session_time(nodes)
        return float(end_s - begin_s)

    def stops(self) -> tuple[PitStopTruth, ...]:
        return tuple(
            self._stop(leg, halt, halt.stop)
            for leg in self.drive.legs
            for halt in leg.halts
            if halt.stop
        )

    def _stop(self, leg: Leg, halt: Halt, stop: Stop) -> PitStopTruth:
        road = np.flatnonzero(~leg.on_pit_road)
        entry = int(road[road < halt.node].max()) + 1
        leave = int(road[road > halt.node].min())
        entry_s, exit_s = self.records.clock.session_time(leg.arrive[[entry, leave]])
        reference = reference_lap(self.drive.car, self.drive.circuit)
        n = self.drive.circuit.nodes
        laps, at = np.divmod(np.array([entry, leave]) + leg.first, n)
        usual = laps * reference.time_s + reference.elapsed[at]
        return PitStopTruth(
            lap=stop.lap,
            entry_s=float(entry_s),
            exit_s=float(exit_s),
            stationary_s=halt.seconds,
            fuel_added_l=stop.fuel_l,
            new_tyres=stop.tyres,
            loss_s=float(exit_s - entry_s - (usual[1] - usual[0])),
        )

    def incidents(self) -> tuple[IncidentTruth, ...]:
        corners = self.drive.circuit.corners
        return tuple(
            IncidentTruth(
                lap=incident.lap,
                session_time_s=float(
                    self.records.clock.session_time(leg.arrive[[incident.node]])[0]
                ),
                points=incident.points,
                corner=corners[incident.corner].name,
            )
            for leg in self.drive.legs
            for incident in leg.incidents
        )


def _burnt(leg: Leg, node: int) -> float:
    """Litres burnt from the leg's start to a node."""
    taken = np.sum(leg.fuel_leave[: node + 1] - leg.fuel_arrive[: node + 1])
    return float(leg.fuel_arrive[0] + taken - leg.fuel_leave[node])

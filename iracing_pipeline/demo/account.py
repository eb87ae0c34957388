"""The truth of a drive, computed from the distance grid rather than from the records."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.drive import tyre_grip
from iracing_pipeline.demo.driver import average_form
from iracing_pipeline.demo.lap import flying_lap, reference_lap
from iracing_pipeline.demo.signals.energy import flows_j
from iracing_pipeline.demo.timing import green_time
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
    from iracing_pipeline.demo.drive import Drive, Leg
    from iracing_pipeline.demo.driver import Driver
    from iracing_pipeline.demo.itinerary import Halt
    from iracing_pipeline.demo.lap import FlyingLap
    from iracing_pipeline.demo.plan import Stop
    from iracing_pipeline.demo.records import Records
    from iracing_pipeline.demo.timing import Crossing


_TEAM_MATE_S = 1.0
"""From here on a lap that a team mate drove in part is no longer the driver's own."""


def account(drive: Drive, records: Records, crossings: tuple[Crossing, ...]) -> SessionTruth:
    """Tell what happened in a drive."""
    recorder = _TruthRecorder(drive, records, crossings)
    return SessionTruth(
        laps=recorder.laps(),
        stops=recorder.stops(),
        incidents=recorder.incidents(),
        law=pace_law(drive.car, drive.circuit, drive.driver),
        records=len(records),
        glitch_records=tuple(np.flatnonzero(records.glitch).tolist()),
        dropped_before=tuple(records.dropped_before.tolist()),
        slipped_at=tuple(records.slipped_at.tolist()),
    )


def pace_law(car: Car, circuit: Circuit, driver: Driver) -> PaceLaw:
    """Compute the cost of fuel and tyres for an average driver, from differences of laps."""
    pace, braking = (values[0] for values in average_form(driver, circuit).at_nodes(circuit))

    def lap(fuel_l: float, tyre_m: float) -> FlyingLap:
        grip = pace**2 * tyre_grip(car, np.array([tyre_m]))
        return flying_lap(car, circuit, fuel_l=fuel_l, grip=grip, braking=braking)

    young, old = 5.0 * car.tyre.warm_up_m, 15.0 * car.tyre.warm_up_m
    base = lap(20.0, young)
    return PaceLaw(
        seconds_per_litre=(lap(30.0, young).time_s - base.time_s) / 10.0,
        seconds_per_tyre_lap=(lap(20.0, old).time_s - base.time_s)
        / ((old - young) / circuit.length_m),
        fuel_l_per_lap=base.fuel_l,
    )


@dataclass(frozen=True, slots=True)
class _Moment:
    """A node of a leg at which a lap, or what a leg has of it, begins or ends."""

    leg: int
    node: int
    crossing: Crossing | None = None
    green_s: float | None = None

    @property
    def time_s(self) -> float | None:
        """SessionTime, where a lap is timed from it."""
        return self.crossing.session_time if self.crossing else self.green_s


@dataclass(frozen=True)
class _TruthRecorder:
    drive: Drive
    records: Records
    crossings: tuple[Crossing, ...]

    def laps(self) -> tuple[LapTruth, ...]:
        truths: list[LapTruth] = []
        for index, leg in enumerate(self.drive.legs):
            lines = [_Moment(c.leg, c.node, c) for c in self.crossings if c.leg == index]
            moments = [_Moment(index, 0), *lines, _Moment(index, len(leg.speed) - 1)]
            if index == 0 and self.drive.green is not None:
                moments = self._from_green(moments)
            truths += [self._lap(begin, end) for begin, end in pairwise(moments)]
        return tuple(truths)

    def _from_green(self, moments: list[_Moment]) -> list[_Moment]:
        """The moments of a race: the green is one, the lines up to the one after it are not."""
        assert self.drive.green is not None  # noqa: S101 - by the caller
        first_lap = self.drive.plan.first_lap
        green = _Moment(0, self.drive.green[0], green_s=green_time(self.drive, self.records))
        kept = [m for m in moments[1:] if m.crossing is None or m.crossing.lap > first_lap + 1]
        return [moments[0], green, *kept]

    def _lap(self, begin: _Moment, end: _Moment) -> LapTruth:
        leg = self.drive.legs[begin.leg]
        start_s = begin.time_s
        end_s = end.crossing.session_time if end.crossing else None
        official = end.crossing.official_s if end.crossing else None
        taken = [i for i in leg.incidents if begin.node <= i.node < end.node]
        return LapTruth(
            number=self._number(leg, begin, end),
            stint=self._stint(end),
            kind=self._kind(begin, end),
            start_s=start_s,
            end_s=end_s,
            lap_time_s=end_s - start_s if end_s is not None and start_s is not None else None,
            official_s=official if official is not None and official > 0 else None,
            shown=end.crossing is not None and end.crossing.shown_at < len(self.records),
            fuel_used_l=_burnt(leg, end.node) - _burnt(leg, begin.node),
            fuel_start_l=float(leg.fuel_arrive[begin.node]),
            tyre_km=float(leg.tyre_m[begin.node]) / 1000.0,
            incidents=sum(incident.points for incident in taken),
            off_track=self._off_track(leg, begin, end),
            corner_times_s=self._corner_times(leg, begin.node, end.node),
            caution=self._caution(leg, begin.node, end.node),
            driver=self._driver(end),
            team_mate=self._team_mate(leg, begin.node, end.node),
            **self._energy(leg, begin.node, end.node),
            tyre_set=int(leg.tyre_set[max(end.node - 1, begin.node)]) + 1,
        )

    def _off_track(self, leg: Leg, begin: _Moment, end: _Moment) -> bool:
        """Whether a record shows it: an excursion may go on over the line."""
        inside = self.records.leg == begin.leg
        inside &= self.records.node >= leg.first + begin.node
        inside &= self.records.node < leg.first + end.node
        return bool(self.records.off_track[inside].any())

    def _number(self, leg: Leg, begin: _Moment, end: _Moment) -> int:
        if end.green_s is not None:
            return self.drive.plan.first_lap
        if begin.green_s is not None:
            return self.drive.plan.first_lap + 1
        return (leg.first + begin.node) // self.drive.circuit.nodes

    def _caution(self, leg: Leg, first: int, last: int) -> bool:
        n = self.drive.circuit.nodes
        return any(
            leg.first + first < (each.last_lap + 1) * n
            and leg.first + last > round((each.first_lap + each.at) * n)
            for each in self.drive.plan.cautions
        )

    def _energy(self, leg: Leg, first: int, last: int) -> dict[str, float]:
        if self.drive.car.hybrid is None:
            return {}
        given, charged = flows_j(self.drive.car.hybrid, self.drive.circuit, leg)
        deployed = float(given[last] - given[first])
        return {
            "energy_deployed_j": deployed,
            "energy_used_j": deployed - float(charged[last] - charged[first]),
        }

    def _team_mate(self, leg: Leg, first: int, last: int) -> bool:
        since = max(min(self.drive.handovers, default=np.inf), leg.arrive[first])
        return bool(leg.leave[last] - since >= _TEAM_MATE_S)

    def _driver(self, end: _Moment) -> str | None:
        """Who drives at the end of a lap: who got in at the last stop before."""
        stint = self._stint(end)
        swaps = [stop for stop in self.drive.plan.stops if stop.driver is not None]
        left = [s.driver for s in swaps if self._stint_after(s) <= stint]
        return left[-1] if left else None

    def _stint_after(self, stop: Stop) -> int:
        earlier = [each for each in self.drive.plan.stops if each.lap <= stop.lap]
        resets = [each for each in self.drive.plan.resets if each.lap <= stop.lap]
        return 1 + len(earlier) + len(resets)

    def _kind(self, begin: _Moment, end: _Moment) -> str:
        legs = self.drive.legs
        leg = legs[begin.leg]
        flagged = begin.crossing and (begin.leg, begin.node) >= self.drive.finish
        cut_off = end.crossing is None and end.green_s is None and begin.leg < len(legs) - 1
        of_the_weekend = {
            "cooldown": flagged and self.drive.plan.flagged,
            "tow": cut_off and self.drive.plan.resets[begin.leg].tow,
            "reset": cut_off,
            "pace": end.green_s is not None,
            "start": begin.green_s is not None,
        }
        return next((each for each, holds in of_the_weekend.items() if holds), None) or (
            self._by_pits(leg, begin, end)
        )

    def _by_pits(self, leg: Leg, begin: _Moment, end: _Moment) -> str:
        left, entered = bool(leg.near_pits[begin.node]), bool(leg.near_pits[end.node])
        through = leg.on_pit_road[begin.node : end.node].any() and not left and not entered
        if through or (left and entered):
            return "pit"
        if left and end.crossing:
            return "out"
        if entered and begin.crossing:
            return "in"
        return "timed" if begin.crossing and end.crossing else "partial"

    def _stint(self, end: _Moment) -> int:
        legs = self.drive.legs
        exits = sum(
            int(np.count_nonzero(pit[:-1] & ~pit[1:])) - bool(pit[0] and not pit.all())
            for i, leg in enumerate(legs[: end.leg + 1])
            for pit in [leg.on_pit_road[: end.node + 1] if i == end.leg else leg.on_pit_road]
        )
        return 1 + end.leg + exits

    def _corner_times(self, leg: Leg, first: int, last: int) -> tuple[float | None, ...]:
        """Times of the corners that lie whole between two nodes of a leg, of one lap."""
        circuit = self.drive.circuit
        line = (leg.first + first) // circuit.nodes * circuit.nodes - leg.first
        times: list[float | None] = []
        for corner in circuit.corners:
            start = line + circuit.node(corner.start_m)
            end = line + circuit.node(corner.end_m)
            whole = first <= start and end <= last
            times.append(self._seconds(leg, start, end) if whole else None)
        return tuple(times)

    def _seconds(self, leg: Leg, start: int, end: int) -> float:
        begin_s, end_s = self.records.clock.session_time(leg.arrive[[start, end]])
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
            stint=self._stint(_Moment(self.drive.legs.index(leg), halt.node)),
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

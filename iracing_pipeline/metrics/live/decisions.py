"""The decisions of a race, reading by reading, and since when each is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis import pit_wall
from iracing_pipeline.analysis.fuel import WET_FROM
from iracing_pipeline.analysis.fuel_to_flag import per_lap
from iracing_pipeline.analysis.pit_wall import Advice, Fuel, Moment, Penalty, Pit, Why, Window
from iracing_pipeline.analysis.race_replay import Distance
from iracing_pipeline.metrics.live.channels import CHANNELS, value
from iracing_pipeline.metrics.live.known import Known
from iracing_pipeline.metrics.live.outlooks import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from iracing_pipeline.analysis.fuel_to_flag import PerLap
    from iracing_pipeline.analysis.race_outlook import Spread
    from iracing_pipeline.analysis.samples import Floats
    from iracing_pipeline.metrics.live.chart import CarChart
    from iracing_pipeline.metrics.live.field import Car
    from iracing_pipeline.metrics.live.fuel import FuelWatch
    from iracing_pipeline.metrics.live.outlooks import Answered
    from iracing_pipeline.metrics.live.simulator import Reading

RACING, CHEQUERED = 4, 5
"""SessionState."""
_CHEQUERED_FLAG = 0x1
_RAIN = 0.02
_ASKED_EVERY_S = 20.0
_OLD_S = 300.0
"""Session time after which an outlook is not shown any more."""
_KNOWN_SHARE = 0.8
"""Of the cars, whose last lap has to be in the lap chart."""
_ENDS = ("SessionTimeRemain", "SessionLapsRemainEx")
_LIMITS = {each.channel: each for each in CHANNELS if each.channel in _ENDS}


@dataclass(frozen=True, slots=True)
class Decision:
    """One figure of a decision.

    Attributes:
        name: Its name, with its unit, such as ``fuel_to_flag_liters``.
        value: The figure; None where it is not known.
        low: Lower end of its interval; None for a figure without one.
        high: Upper end.
        since: Since when it is known, in seconds since 1970.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Decisions:
    """Everything that is decided at one moment.

    Attributes:
        figures: Each decision, by name.
        fuel: Fuel to the flag.
        pit: Stops and window.
        penalty: Points left.
        advice: The one thing to do or to know.
        use: What a lap burns; None where not known.
        rain: Whether it rains.
    """

    figures: Mapping[str, Decision]
    fuel: Fuel
    pit: Pit
    penalty: Penalty
    advice: Advice
    use: PerLap | None = None
    rain: bool = False

    def of(self, name: str) -> float | None:
        """A figure; None where it is not known."""
        found = self.figures.get(name)
        return None if found is None else found.value


NO_RACE = Decisions(
    {}, Fuel(why=Why.NO_RACE), Pit(Window.UNKNOWN, Why.NO_RACE), Penalty(), Advice.UNKNOWN
)


@dataclass(slots=True)
class Strategist:
    """Decides at each reading, and asks for outlooks of the race."""

    ask: Callable[[Asked], None] = lambda _: None
    answered: Callable[[], Answered | None] = lambda: None
    _session: tuple[int, int] | None = None
    _since: dict[str, float] = field(default_factory=dict)
    _asked: tuple[int | None, int | None] = (None, None)
    _asked_at: float = float("-inf")
    _flag_s: float | None = None
    _dry: bool | None = None

    def decide(
        self,
        reading: Reading,
        fuel: FuelWatch,
        charts: Mapping[int, CarChart],
        known: Known | None = None,
    ) -> Decisions:
        """Decide for the moment of a reading.

        Args:
            reading: The moment.
            fuel: What the laps of the own car burnt.
            charts: The lap chart, by CarIdx.
            known: What earlier sessions say.
        """
        if reading.session != self._session:
            self._session, self._since = reading.session, {}
            self._asked, self._asked_at = (None, None), float("-inf")
            self._flag_s, self._dry = None, None
        own = reading.own
        known = known or Known()
        about = reading.about
        points = pit_wall.penalty(
            reading.values.get("PlayerCarMyIncidentCount")
            if not about.team
            else reading.values.get("PlayerCarTeamIncidentCount"),
            about.incident_limit,
            about.incident_warning,
            about.incident_step,
        )
        if not reading.race or own is None:
            return NO_RACE if not reading.race else self._only(points, reading)
        wet = (reading.values.get("TrackWetness") or 0) >= WET_FROM
        use = per_lap(None if wet else known.prior, fuel.clean(wet=wet))
        moment = self._moment(reading, own, charts, known)
        answer = self.answered()
        if answer is not None and not _current(answer, reading):
            answer = None
        outlook = None if answer is None else answer.outlook
        laps = None
        if outlook is not None and own.laps is not None:
            laps = np.asarray(outlook.laps - own.laps, np.float64)
        left = pit_wall.laps_to_flag(moment, laps)
        burn = pit_wall.fuel(moment, use, left)
        stop = pit_wall.pit(moment, use, left, known.place)
        self._want(reading, own, charts=charts, moment=moment, use=use, stop=stop, known=known)
        racing = reading.values.get("SessionState") == RACING
        rain = self._rain(reading)
        current = outlook if outlook is not None and outlook.laps_done == own.laps else None
        after = None if current is None or moment.finished else current.place_after_stop
        slower = None if answer is None or outlook is None else answer.pace
        figures = [
            *_of_laps(left, moment),
            *_of_fuel(burn),
            Decision("fuel_use_liters_per_lap", None if use is None else use.mean_l),
            Decision("stops_left", stop.stops),
            Decision("window_opens_laps", stop.opens_in),
            Decision("window_closes_laps", stop.closes_in),
            Decision("stop_add_liters", stop.add_l),
            _spread("place_after_stop", after),
            _spread("finish_class_position", None if outlook is None else outlook.place),
            _spread("irating_change_at_flag", None if outlook is None else outlook.change),
            Decision("irating_change", reading.irating_change),
            *_of_fade(pit_wall.fade(slower, known.place, use)),
            *_of_points(points),
        ]
        return Decisions(
            {each.name: each for each in self._dated(figures, reading.at)},
            burn,
            stop,
            points,
            pit_wall.advice(moment, burn, stop, points, rain=rain, racing=racing),
            use,
            rain,
        )

    def _only(self, points: Penalty, reading: Reading) -> Decisions:
        """Decisions of a race in which the own car is not known."""
        figures = {each.name: each for each in self._dated(_of_points(points), reading.at)}
        return Decisions(figures, NO_RACE.fuel, NO_RACE.pit, points, Advice.UNKNOWN)

    def _dated(self, figures: list[Decision] | Iterator[Decision], at: float) -> Iterator[Decision]:
        for each in figures:
            if each.value is None:
                self._since.pop(each.name, None)
                yield each
            else:
                since = self._since.setdefault(each.name, at)
                yield Decision(each.name, each.value, each.low, each.high, since)

    def _moment(
        self, reading: Reading, own: Car, charts: Mapping[int, CarChart], known: Known
    ) -> Moment:
        values = reading.values
        remaining_s, remaining_laps = _remaining(reading)
        leader = next((car for car in reading.cars if car.position == 1), None)
        into = crossed = None
        if leader is not None and leader.entry.index in charts and reading.session_time_s:
            chart = charts[leader.entry.index].crossings
            crossed = chart[-1].session_time_s if chart else None
            into = None if crossed is None else max(reading.session_time_s - crossed, 0.0)
        lap_s = None if leader is None else leader.median_lap_s or leader.last_lap_s
        flag = int(values.get("SessionFlags", 0)) & _CHEQUERED_FLAG
        state = values.get("SessionState") or 0
        if (flag or state >= CHEQUERED) and self._flag_s is None and crossed is not None:
            self._flag_s = crossed
        ended = charts[own.entry.index].crossings if own.entry.index in charts else []
        finished = bool(
            self._flag_s is not None and ended and ended[-1].session_time_s >= self._flag_s - 0.05
        )
        tank = reading.about.tank_l or (known.place or {}).get("tank_l")
        share = values.get("LapDistPct")
        return Moment(
            fuel_l=values.get("FuelLevel"),
            tank_l=tank,
            # Before the line for the first time, no lap is begun.
            share=0.0 if own.laps is None or share is None else min(max(share, 0.0), 1.0),
            remaining_s=remaining_s,
            remaining_laps=remaining_laps,
            leader_lap_s=lap_s,
            leader_into_lap_s=into,
            lap_s=own.median_lap_s or own.last_lap_s,
            class_lap_s=own.entry.estimated_lap_s,
            finished=finished,
        )

    def _want(
        self,
        reading: Reading,
        own: Car,
        *,
        charts: Mapping[int, CarChart],
        moment: Moment,
        use: PerLap | None,
        stop: Pit,
        known: Known,
    ) -> None:
        """Ask for an outlook after a lap of the own car or of the leader, and now and then."""
        if own.laps is None or own.laps < 1 or moment.finished or reading.session_time_s is None:
            return
        if not _whole(reading, charts):
            return
        leader_laps = reading.cars[0].laps if reading.cars else None
        key = own.laps, leader_laps
        if key == self._asked and reading.at - self._asked_at < _ASKED_EVERY_S:
            return
        if moment.remaining_laps is not None and leader_laps is not None:
            distance = Distance(laps=leader_laps + int(moment.remaining_laps))
        elif moment.remaining_s is not None:
            distance = Distance(clock_s=reading.session_time_s + moment.remaining_s)
        else:
            return
        self._asked, self._asked_at = key, reading.at
        loss = (known.place or {}).get("pit_loss_s")
        stint = None
        if use is not None and moment.tank_l is not None:
            stint = max(floor(moment.tank_l / use.mean_l), 1)
        self.ask(
            Asked(
                reading.session,
                reading.about.entries,
                {index: tuple(chart.crossings) for index, chart in charts.items()},
                own.entry.index,
                distance,
                tuple(own.laps + lap for lap in stop.latest),
                None if loss is None or stop.standing_s is None else loss + stop.standing_s,
                stint,
                team=reading.about.team,
                session_time_s=reading.session_time_s,
            )
        )

    def _rain(self, reading: Reading) -> bool:
        """Whether rain began in this session: not where it fell from the start."""
        falling = (reading.values.get("Precipitation") or 0.0) > _RAIN
        if self._dry is None:
            self._dry = not falling
        return falling and self._dry


def _current(answer: Answered, reading: Reading) -> bool:
    """Whether an outlook is of this session, and not too old."""
    now = reading.session_time_s
    return (
        answer.session == reading.session
        and now is not None
        and 0 <= now - answer.session_time_s <= _OLD_S
    )


def _whole(reading: Reading, charts: Mapping[int, CarChart]) -> bool:
    """Whether the lap chart has the last laps: not so right after a gap between readings."""
    there = [car for car in reading.cars if car.in_world and car.laps]
    known = 0
    for car in there:
        chart = charts.get(car.entry.index)
        last = chart.crossings[-1].lap if chart is not None and chart.crossings else None
        known += last == car.laps
        if car.entry.own and last != car.laps:
            return False
    return known >= _KNOWN_SHARE * len(there)


def _remaining(reading: Reading) -> tuple[float | None, float | None]:
    """Time and laps left; of both the one that ends the race."""
    seconds, laps = (
        value(_LIMITS[name], reading.values)
        for name in ("SessionTimeRemain", "SessionLapsRemainEx")
    )
    if seconds is not None and laps is not None:
        leader = reading.cars[0] if reading.cars else None
        lap_s = None if leader is None else leader.median_lap_s or leader.entry.estimated_lap_s
        if lap_s is None or laps <= seconds / lap_s + 1:
            return None, laps
        return seconds, None
    return seconds, laps


def _of_laps(left: Floats | None, moment: Moment) -> Iterator[Decision]:
    if left is None:
        yield Decision("laps_left", None)
        return
    share = moment.share or 0.0
    whole = np.round(left + share) if not moment.finished else left
    low, middle, high = np.quantile(whole, [0.025, 0.5, 0.975], method="nearest")
    yield Decision("laps_left", float(middle), float(low), float(high))


def _of_fuel(burn: Fuel) -> Iterator[Decision]:
    needed = burn.needed
    if needed is None:
        yield Decision("fuel_to_flag_liters", None)
    else:
        yield Decision("fuel_to_flag_liters", needed.value, needed.low, needed.high)
    yield Decision("fuel_spare_liters", burn.spare_l)
    yield Decision("fuel_spare_laps", burn.spare_laps)
    yield Decision("saving_liters_per_lap", burn.saving_l)


def _of_fade(fade: pit_wall.Fade | None) -> Iterator[Decision]:
    if fade is None:
        yield Decision("fade_seconds_per_lap", None)
        yield Decision("expected_fade_seconds_per_lap", None)
        return
    half = 1.959964 * fade.error_s
    yield Decision("fade_seconds_per_lap", fade.fade_s, fade.fade_s - half, fade.fade_s + half)
    yield Decision("expected_fade_seconds_per_lap", fade.expected_s)


def _of_points(points: Penalty) -> Iterator[Decision]:
    yield Decision("points_to_penalty", points.to_penalty)
    yield Decision("points_to_disqualification", points.to_disqualification)


def _spread(name: str, found: Spread | None) -> Decision:
    return (
        Decision(name, None)
        if found is None
        else Decision(name, found.value, found.low, found.high)
    )

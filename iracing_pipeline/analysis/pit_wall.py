"""Fuel, stops, pit window and penalties at one moment of a race.

Each decision has its value, its interval where it is an estimate, and why it is not known where it
is not: the words of `Why`, and never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.analysis import strategy
from iracing_pipeline.analysis.fuel import laps_of_timed_race
from iracing_pipeline.analysis.fuel_to_flag import to_flag
from iracing_pipeline.analysis.race_plans import RESERVE_LAPS, assumptions
from iracing_pipeline.analysis.strategy import Assumptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.analysis.fuel_to_flag import Litres, PerLap
    from iracing_pipeline.analysis.race_pace import CarPace
    from iracing_pipeline.analysis.samples import Floats

PLANNED_SHARE = 0.65
"""Share of the laps that burn less than what a plan takes for each, as in `race_plans`."""
SOON_LAPS = 2
NEAR_POINTS = 4
_RACES = 64
_ROUNDING = 1e-6
_LEAST_PACE_SPREAD = 0.004  # of a lap, before laps of this race show it
_UNKNOWN_PACE_SPREAD = 0.015  # of the estimate that a class has before the race


class Why(StrEnum):
    """Why a decision is what it is, or why there is none."""

    NO_RACE = "no race"
    NO_LENGTH = "length of the race unknown"
    NO_FUEL_USE = "fuel use unknown"
    NO_TANK = "tank unknown"
    NO_PLAN = "no plan"
    NO_STOP_NEEDED = "no stop needed"
    TOO_EARLY = "too early for the fuel"
    OPEN = "open"
    TOO_LATE = "the tank is too small for what is left"
    LAST_LAP = "last lap of the window"


class Window(StrEnum):
    """State of the pit window."""

    UNKNOWN = "unknown"
    NOT_NEEDED = "not_needed"
    CLOSED = "closed"
    OPEN = "open"
    CLOSING = "closing"
    MISSED = "missed"


class Advice(StrEnum):
    """The one thing to do or to know, most urgent first."""

    LIMIT_NEAR = "limit_near"
    BOX = "box"
    FUEL_SHORT = "fuel_short"
    WINDOW_CLOSES = "window_closes"
    RAIN = "rain"
    SAVE = "save"
    WINDOW_OPEN = "window_open"
    STAY_OUT = "stay_out"
    FUEL_LASTS = "fuel_lasts"
    FINISHED = "finished"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Moment:
    """The own car and the clock, as they are; None where it is not known.

    Attributes:
        fuel_l: Fuel in the tank.
        tank_l: What the tank holds, by the rules of the race.
        share: Share of the lap driven.
        remaining_s: Time on the clock; None in a race by laps.
        remaining_laps: Laps that the leader has to drive; None in a race by the clock.
        leader_lap_s: Lap of the leader.
        leader_spread_s: Standard deviation of it.
        leader_into_lap_s: Seconds since the leader crossed the line.
        lap_s: Lap of the own car.
        class_lap_s: What the class is expected to lap in.
        finished: Whether the own car has taken the flag.
    """

    fuel_l: float | None = None
    tank_l: float | None = None
    share: float | None = None
    remaining_s: float | None = None
    remaining_laps: float | None = None
    leader_lap_s: float | None = None
    leader_spread_s: float | None = None
    leader_into_lap_s: float | None = None
    lap_s: float | None = None
    class_lap_s: float | None = None
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Pit:
    """Stops that are left, and the window of the next one.

    Attributes:
        window: Its state.
        why: Why it is so.
        stops: Stops that are left; None where no plan is known.
        opens_in: Laps to be completed before a stop can be made; 0 when it can be made at the end
            of this lap.
        closes_in: Laps after which it is too late; 0 when the end of this lap is the last chance.
        add_l: Litres to take at the next stop.
        standing_s: What that stop stands; None where it is not known.
        latest: Laps after the last line at which each stop can be made at the latest.
    """

    window: Window
    why: Why
    stops: int | None = None
    opens_in: int | None = None
    closes_in: int | None = None
    add_l: float | None = None
    standing_s: float | None = None
    latest: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Fuel:
    """Fuel to the flag.

    Attributes:
        needed: What the rest of the race burns; None where it is not known.
        spare_l: What is left of the tank at the flag without another stop.
        spare_laps: The same in laps.
        saving_l: What each lap has to burn less to reach the flag without another stop; 0 where it
            does anyway.
        saving: The same as a share of what a lap burns.
        why: Why it is not known; None where it is.
    """

    needed: Litres | None = None
    spare_l: float | None = None
    spare_laps: float | None = None
    saving_l: float | None = None
    saving: float | None = None
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Penalty:
    """Points left on the ladder of penalties.

    Attributes:
        to_penalty: Points to the next penalty; None without one.
        to_disqualification: Points to disqualification; None without a limit.
    """

    to_penalty: int | None = None
    to_disqualification: int | None = None


def laps_to_flag(moment: Moment, laps: Floats | None = None) -> Floats | None:
    """Laps to the flag, the rest of this lap included, in some equally likely races.

    Args:
        moment: The moment.
        laps: Laps from the last line to the flag, by a replay; None before there was one.

    Returns:
        None where the length of the race, or any lap time, is not known.
    """
    if moment.finished:
        return np.zeros(1)
    share = moment.share or 0.0
    if laps is not None:
        return np.asarray(np.maximum(laps - share, 0.0))
    lap = moment.leader_lap_s or moment.class_lap_s
    own = moment.lap_s or moment.class_lap_s or lap
    if lap is None or own is None or not (lap > 0 and own > 0):
        return None
    spread = lap * (_UNKNOWN_PACE_SPREAD if moment.leader_lap_s is None else _LEAST_PACE_SPREAD)
    into = moment.leader_into_lap_s or 0.0
    deviates = np.random.default_rng(1).standard_normal(_RACES)
    left = []
    for leader in np.maximum(lap + spread * deviates, lap / 2).tolist():
        if moment.remaining_laps is not None:
            whole = moment.remaining_laps
        elif moment.remaining_s is not None:
            whole = laps_of_timed_race(moment.remaining_s, leader, into_lap_s=into).likely
        else:
            return None
        # The own car ends at its first line after the leader's flag.
        flag_s = max(whole * leader - into, 0.0)
        left.append(ceil(flag_s * lap / (leader * own) + share - _ROUNDING) - share)
    return np.asarray(np.maximum(np.array(left), 0.0))


def fuel(moment: Moment, use: PerLap | None, laps: Floats | None) -> Fuel:
    """The fuel to the flag, and what to save to get there.

    Args:
        moment: The moment.
        use: What a lap burns.
        laps: From :func:`laps_to_flag`.
    """
    if laps is None:
        return Fuel(why=Why.NO_LENGTH)
    if use is None or moment.fuel_l is None:
        return Fuel(why=Why.NO_FUEL_USE)
    needed = to_flag(use, laps)
    spare = moment.fuel_l - needed.value
    left = float(laps.mean())
    short = max(-spare, 0.0)
    saving = short / left if left > 0 else 0.0
    return Fuel(needed, spare, spare / use.mean_l, saving, saving / use.mean_l)


def pit(
    moment: Moment,
    use: PerLap | None,
    laps: Floats | None,
    place: Mapping[str, Any] | None = None,
) -> Pit:
    """The window of the next stop, by the plans of `strategy.plans`.

    Laps are counted from the last line: lap 1 is this one.

    Args:
        moment: The moment.
        use: What a lap burns.
        laps: From :func:`laps_to_flag`.
        place: Row of ``racing.car_track``, if there is one.
    """
    if laps is None or use is None or moment.fuel_l is None or moment.tank_l is None:
        why = Why.NO_LENGTH if laps is None else Why.NO_FUEL_USE
        known = laps is not None and use is not None and moment.fuel_l is not None
        return Pit(Window.UNKNOWN, Why.NO_TANK if known else why)
    share = moment.share or 0.0
    whole = round(float(np.quantile(laps, 0.5, method="nearest")) + share)
    if moment.finished or whole < 1 or moment.fuel_l >= to_flag(use, laps).high:
        return Pit(Window.NOT_NEEDED, Why.NO_STOP_NEEDED, stops=0)
    race = _assumed(moment, use, place, whole)
    # At the line the tank held what this lap has burnt since.
    race = replace(race, start_fuel_l=moment.fuel_l + share * race.fuel_per_lap_l)
    try:
        plans = strategy.plans(race)
    except ValueError:
        plans = []
    plans = [plan for plan in plans if plan.stops]
    if not plans:
        return Pit(Window.MISSED, Why.TOO_LATE)
    # A stop more is for the desk, not for the wheel: the fewest that the fuel allows.
    plan = min(plans, key=lambda each: each.stops)
    window, add = plan.windows[0], plan.fuel_l[1]
    known = place is not None and bool(place.get("refuel_lps"))
    shared: dict[str, Any] = {
        "stops": plan.stops,
        "opens_in": max(window.first - 1, 0),
        "closes_in": max(window.last - 1, 0),
        "add_l": add,
        "standing_s": strategy.standing_s(race, add) if known else None,
        "latest": tuple(each.last for each in plan.windows),
    }
    state, why = Window.OPEN, Why.OPEN
    if window.first > 1:
        state, why = Window.CLOSED, Why.TOO_EARLY
    elif window.last <= 1:
        state, why = Window.CLOSING, Why.LAST_LAP
    return Pit(state, why, **shared)


def penalty(
    points: float | None, limit: int | None, warning: int | None, step: int | None
) -> Penalty:
    """Points left to the next penalty and to disqualification.

    Args:
        points: Points so far.
        limit: Points that disqualify.
        warning: Points of the first penalty.
        step: Points from one penalty to the next.
    """
    if points is None or not isfinite(points):
        return Penalty()
    taken = int(points)
    following = None
    if warning is not None:
        following = warning
        if taken >= warning:
            following = None if not step else warning + step * ((taken - warning) // step + 1)
    out = None if limit is None else max(limit - taken, 0)
    ahead = None if following is None else following - taken
    if ahead is not None and limit is not None and following is not None and following >= limit:
        ahead = None
    return Penalty(ahead, out)


@dataclass(frozen=True, slots=True)
class Fade:
    """How the laps of the stints get slower.

    Attributes:
        fade_s: Seconds that each lap of a stint adds, in this race.
        error_s: Its standard error.
        expected_s: The same by earlier sessions, the lighter car included; None where not known.
    """

    fade_s: float
    error_s: float
    expected_s: float | None


def fade(pace: CarPace | None, place: Mapping[str, Any] | None, use: PerLap | None) -> Fade | None:
    """The fade of a car in this race beside what earlier sessions let expect; None if unknown."""
    if pace is None or not all(map(isfinite, pace.fade)):
        return None
    expected = None
    if place is not None and place.get("degradation_s_per_lap") is not None and use is not None:
        lighter = (place.get("fuel_effect_s_per_l") or 0.0) * use.mean_l
        expected = float(place["degradation_s_per_lap"]) - lighter
    return Fade(float(pace.fade[0]), float(pace.fade[1]), expected)


def advice(
    moment: Moment, burn: Fuel, stop: Pit, points: Penalty, *, rain: bool, racing: bool
) -> Advice:
    """The one thing to do or to know now."""
    limit, closes, needed = points.to_disqualification, stop.closes_in, burn.needed
    is_open = stop.window is Window.OPEN
    in_order = (
        (Advice.FINISHED, moment.finished),
        (Advice.LIMIT_NEAR, limit is not None and limit <= NEAR_POINTS),
        (Advice.UNKNOWN, not racing),
        (Advice.BOX, stop.window is Window.CLOSING),
        (Advice.FUEL_SHORT, stop.window is Window.MISSED),
        (Advice.WINDOW_CLOSES, is_open and closes is not None and closes <= SOON_LAPS),
        (Advice.RAIN, rain),
        (Advice.WINDOW_OPEN, is_open),
        (Advice.STAY_OUT, stop.window is Window.CLOSED),
        (Advice.UNKNOWN, needed is None or moment.fuel_l is None),
        (Advice.SAVE, needed is not None and (moment.fuel_l or 0.0) < needed.high),
    )
    return next((each for each, holds in in_order if holds), Advice.FUEL_LASTS)


def _assumed(
    moment: Moment, use: PerLap, place: Mapping[str, Any] | None, laps: int
) -> Assumptions:
    """Inputs of the plans: fuel and pace of this race, the pits by earlier sessions."""
    per_lap = use.quantile(PLANNED_SHARE)
    usual: dict[str, Any] = {}
    if place is not None and None not in (place.get("base_lap_s"), place.get("fuel_p65_l")):
        before = assumptions(place, laps)
        usual = {
            "pit_loss_s": before.pit_loss_s,
            "refuel_lps": before.refuel_lps,
            "tyre_change_s": before.tyre_change_s,
            "fuel_effect_s_per_l": before.fuel_effect_s_per_l,
            "degradation_s_per_lap": before.degradation_s_per_lap,
        }
    unknown = {"pit_loss_s": 0.0, "refuel_lps": float("inf"), "tyre_change_s": 0.0}
    return Assumptions(
        laps=laps,
        base_lap_s=moment.lap_s or moment.class_lap_s or 1.0,
        fuel_per_lap_l=per_lap,
        tank_l=moment.tank_l or 0.0,
        reserve_l=RESERVE_LAPS * per_lap,
        **(unknown | usual),
    )

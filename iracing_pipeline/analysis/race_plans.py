"""Plans for a ladder of race lengths, from the figures of a car on a track."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import ceil
from typing import TYPE_CHECKING, Any

from iracing_pipeline.analysis import strategy
from iracing_pipeline.analysis.car_track import assumed
from iracing_pipeline.analysis.fuel import fuel_needed, saving_ladder
from iracing_pipeline.analysis.robust import Z95
from iracing_pipeline.analysis.strategy import Assumptions
from iracing_pipeline.tables.strategy import FUEL_SAVING, RACE_LENGTH, RACE_PLAN, RACE_PLAN_STOP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import polars as pl

    from iracing_pipeline.analysis.strategy import Odds, Plan

MINUTES = (20, 30, 40, 45, 60, 90, 120, 180, 240, 360)
"""The ladder of races by the clock."""
RESERVE_LAPS = 0.5
"""Fuel that stays in the tank, in laps."""
RACES = 2000
"""Races that plans are simulated in."""
_SEED = 2026


@dataclass(frozen=True, slots=True)
class Length:
    """Length of a race: by time, or by laps.

    Attributes:
        time_s: On the clock; None for a race by laps.
        laps: Its laps; None for a race by the clock.
        driven: Whether the driver raced it there.
    """

    time_s: float | None = None
    laps: int | None = None
    driven: bool = False

    @property
    def words(self) -> str:
        """As it is written: ``45 min``, ``28 laps``."""
        return f"{self.laps} laps" if self.time_s is None else f"{self.time_s / 60:g} min"


LADDER = tuple(Length(time_s=60.0 * minutes) for minutes in MINUTES)


@dataclass(frozen=True, slots=True)
class Planned:
    """Rows of ``racing.race_length``, ``race_plan``, ``race_plan_stop`` and ``fuel_saving``."""

    lengths: pl.DataFrame
    plans: pl.DataFrame
    stops: pl.DataFrame
    savings: pl.DataFrame


def race_plans(
    places: pl.DataFrame, raced: Mapping[tuple[int, int], Iterable[int]] | None = None
) -> Planned:
    """Plan the ladder, and the lengths that were raced, for each car and track.

    Args:
        places: Rows of ``racing.car_track``; those without pace, fuel or tank give no plans.
        raced: Laps of the driver's own races by car and track.
    """
    lengths, plans, stops, savings = [], [], [], []
    for car_track in places.rows(named=True):
        if None in (car_track["base_lap_s"], car_track["fuel_p65_l"], car_track["tank_l"]):
            continue
        savings += list(_savings(car_track))
        own = sorted(set((raced or {}).get((car_track["car_id"], car_track["track_id"]), ())))
        for length in (*LADDER, *(Length(laps=laps, driven=True) for laps in own)):
            planned = _plan(car_track, length)
            if planned is not None:
                lengths.append(planned[0])
                plans += planned[1]
                stops += planned[2]
    return Planned(
        RACE_LENGTH.frame(lengths),
        RACE_PLAN.frame(plans),
        RACE_PLAN_STOP.frame(stops),
        FUEL_SAVING.frame(savings),
    )


def assumptions(car_track: Mapping[str, Any], laps: int) -> Assumptions:
    """Return the assumptions of the plans of a race; ``unknown`` lists those for unknown figures.

    Args:
        car_track: A row of ``racing.car_track``.
        laps: Laps of the race.
    """

    def error(low: float | None, high: float | None) -> float:
        return 0.0 if low is None or high is None else (high - low) / (2 * Z95)

    return Assumptions(
        laps=laps,
        base_lap_s=car_track["base_lap_s"],
        fuel_per_lap_l=car_track["fuel_p65_l"],
        tank_l=car_track["tank_l"],
        reserve_l=RESERVE_LAPS * car_track["fuel_p65_l"],
        pit_loss_s=car_track["pit_loss_s"] or 0.0,
        refuel_lps=car_track["refuel_lps"] or float("inf"),
        tyre_change_s=car_track["tyre_change_s"] or 0.0,
        fuel_effect_s_per_l=assumed(car_track["fuel_effect_s_per_l"]),
        degradation_s_per_lap=assumed(car_track["degradation_s_per_lap"]),
        spread_s=car_track["lap_spread_s"] or 0.0,
        caution_chance=car_track["caution_chance"] or 0.0,
        fuel_effect_error_s_per_l=error(
            car_track["fuel_effect_low_s_per_l"], car_track["fuel_effect_high_s_per_l"]
        ),
        degradation_error_s_per_lap=error(
            car_track["degradation_low_s_per_lap"], car_track["degradation_high_s_per_lap"]
        ),
        pit_loss_spread_s=car_track["pit_loss_spread_s"] or 0.0,
    )


def _plan(
    car_track: dict[str, Any], length: Length
) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]] | None:
    """Rows of a length, its plans and their stops; None where the tank lasts for no lap."""
    base = assumptions(car_track, 1)
    if base.stint_laps < 1:
        return None
    timed = car_track["pit_loss_s"] is not None and bool(car_track["refuel_lps"])
    laps = length.laps or _laps(base, length.time_s or 0.0, 0.0, stops=timed)
    most = length.laps or _laps(base, length.time_s or 0.0, 2.0 * base.spread_s, stops=timed)
    race = replace(base, laps=laps)
    candidates = strategy.plans(race)
    # Where nobody knows how tyres fade, odds would only repeat that they do not.
    has_odds = timed and car_track["degradation_s_per_lap"] is not None
    odds = strategy.simulate(race, candidates, races=RACES, seed=_SEED) if has_odds else []
    key = {**{name: car_track[name] for name in ("car_id", "track_id")}, "race": length.words}
    row = {
        **key,
        "race_time_s": length.time_s,
        "driven": length.driven,
        "laps": laps,
        "laps_most": most,
        "fuel_l": fuel_needed(laps, car_track["fuel_p65_l"]),
        "fuel_most_l": fuel_needed(most, car_track["fuel_p65_l"]),
        "fuel_safe_l": fuel_needed(most, car_track["fuel_p90_l"]),
        "tank_l": car_track["tank_l"],
        "fewest_stops": ceil(laps / race.stint_laps) - 1,
        "fuel_lap_count": car_track["fuel_lap_count"],
    }
    plans = list(_plan_rows(key, car_track, race, candidates, odds, timed=timed))
    return (
        row,
        plans,
        [stop for plan in candidates for stop in _stop_rows(key, race, plan, timed=timed)],
    )


def _laps(base: Assumptions, time_s: float, gain_s: float, *, stops: bool) -> int:
    """Laps of a race by the clock, stops included where they are known.

    It ends when the leader next crosses the line after the clock is out: the fewest laps that take
    so long. ``gain_s`` times the root of the laps is how much faster they may come out.
    """
    pace = base.base_lap_s + base.fuel_effect_s_per_l * base.tank_l / 2

    @cache
    def takes(laps: int) -> float:
        total = laps * pace
        if stops:
            total = strategy.plans(replace(base, laps=laps))[0].total_s
        return float(total - gain_s * laps**0.5)

    laps = max(round(time_s / pace), 1)
    for _ in range(2):  # stops make it longer by about as much a lap
        laps = max(laps + round((time_s - takes(laps)) * laps / takes(laps)), 1)
    while takes(laps) <= time_s:
        laps += 1
    while laps > 1 and takes(laps - 1) > time_s:
        laps -= 1
    return laps


def _plan_rows(
    key: dict[str, Any],
    car_track: dict[str, Any],
    race: Assumptions,
    plans: list[Plan],
    odds: list[Odds],
    *,
    timed: bool,
) -> Iterator[dict[str, Any]]:
    chances = {each.plan.stops: each for each in odds}
    fastest = plans[0].total_s if plans else 0.0
    for rank, plan in enumerate(plans, start=1):
        row = {
            **key,
            "stops": plan.stops,
            "laps": race.laps,
            "stint_laps": list(plan.stints),
            "fuel_start_l": plan.fuel_l[0],
            "total_s": plan.total_s if timed or not plan.stops else None,
            "simulated_races": RACES if odds else 0,
            "base_lap_s": race.base_lap_s,
            "fuel_per_lap_l": race.fuel_per_lap_l,
            "reserve_l": race.reserve_l,
            "fuel_effect_s_per_l": race.fuel_effect_s_per_l,
            "degradation_s_per_lap": race.degradation_s_per_lap,
            "lap_spread_s": race.spread_s,
            "caution_chance": race.caution_chance,
            **{
                name: car_track[name]
                for name in (
                    "tank_l",
                    "pit_loss_s",
                    "refuel_lps",
                    "tyre_change_s",
                    "clean_lap_count",
                    "fuel_lap_count",
                    "pit_stop_count",
                    "degradation_lap_count",
                    "unknown",
                )
            },
        }
        if timed:
            row |= {"rank": rank, "behind_s": plan.total_s - fastest}
        if plan.stops in chances:
            chance = chances[plan.stops]
            row |= {
                "best_share": chance.best_share,
                "median_s": chance.median_s,
                "low_s": chance.low_s,
                "high_s": chance.high_s,
            }
        yield row


def _stop_rows(
    key: dict[str, Any], race: Assumptions, plan: Plan, *, timed: bool
) -> Iterator[dict[str, Any]]:
    after = 0
    for number, (laps, window, litres) in enumerate(
        zip(plan.stints[:-1], plan.windows, plan.fuel_l[1:], strict=True), start=1
    ):
        after += laps
        yield {
            **key,
            "stops": plan.stops,
            "stop": number,
            "after_lap": after,
            "window_first_lap": window.first,
            "window_last_lap": window.last,
            "fuel_added_l": litres,
            "standing_s": strategy.standing_s(race, litres) if timed else None,
        }


def _savings(car_track: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for rung in saving_ladder(car_track["tank_l"], car_track["fuel_median_l"]):
        yield {
            "car_id": car_track["car_id"],
            "track_id": car_track["track_id"],
            "laps": rung.laps,
            "fuel_per_lap_l": rung.per_lap_l,
            "saving": rung.saving,
            "tank_l": car_track["tank_l"],
            "usual_fuel_per_lap_l": car_track["fuel_median_l"],
            "fuel_lap_count": car_track["fuel_lap_count"],
        }

"""Figures of a car on a track over all sessions: the input of race plans.

A session alone seldom separates fuel and tyres. Several sessions do: one regression over
the laps of all of them, in which each session has its own pace, so that weather, rubber and what
the driver learnt from one to the next are in none of the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import robust
from iracing_pipeline.analysis.consistency import lap_spread
from iracing_pipeline.analysis.energy import ELECTRIC, FUEL, HYBRID
from iracing_pipeline.analysis.fuel import CLEAN, energy_use, fuel_use
from iracing_pipeline.analysis.stints import warm_tyres
from iracing_pipeline.tables.strategy import CAR_TRACK

if TYPE_CHECKING:
    from iracing_pipeline.analysis.robust import Estimate

PACE_SESSIONS = 5
"""Number of sessions from which the current pace is computed."""
POOLED_SESSIONS = 60
"""The latest sessions that are pooled, of those of one season of builds."""
FEWEST_SEASON_LAPS = 5
"""Clean laps from which a new season of builds has its own figures."""
FEWEST_RACES = 3
"""Races on a track from which the chance of a caution is computed."""

_LEAST_FUEL_L = 1.0
_LEAST_S = 0.5
_PLACE = ["car_id", "track_id"]


@dataclass(frozen=True, slots=True)
class Driven:
    """Input frames of the figures.

    Attributes:
        sessions: Rows of ``racing.telemetry_session``, without setups.
        laps: Clean laps: columns of ``racing.telemetry_lap``, ``condition`` of ``racing.fuel_lap``
            and ``set_lap`` of ``racing.tyre_lap``, null where unknown.
        stints: Rows of ``racing.stint``.
        cautions: Races on each track: ``track_id``, ``races``, ``laps``, ``cautions``.
    """

    sessions: pl.DataFrame
    laps: pl.DataFrame
    stints: pl.DataFrame
    cautions: pl.DataFrame


def drivers(sessions: pl.DataFrame) -> pl.DataFrame:
    """For each car and track the driver of most clean laps: ``car_id``, ``track_id``, ``cust_id``.

    Args:
        sessions: Rows of ``racing.telemetry_session``; those without car or track are left out.
    """
    return (
        sessions.drop_nulls(_PLACE)
        .group_by(*_PLACE, "cust_id")
        .agg(pl.col("clean_lap_count").sum().alias("laps"), pl.len().alias("sessions"))
        .sort("laps", "sessions", "cust_id", descending=[True, True, False])
        .unique(_PLACE, keep="first", maintain_order=True)
        .select(*_PLACE, "cust_id")
        .sort(_PLACE)
    )


def car_tracks(driven: Driven, *, only: pl.DataFrame | None = None) -> pl.DataFrame:
    """Compute the figures of each car on each track, as rows of ``racing.car_track``.

    Args:
        driven: The driven laps.
        only: Sessions of the cars and tracks that are wanted; None for all.
    """
    chosen = drivers(driven.sessions if only is None else only)
    own = driven.sessions.join(chosen, on=[*_PLACE, "cust_id"], how="semi", nulls_equal=True).sort(
        "start_time", "session_key"
    )
    where = own.select("session_key", *_PLACE, "build_season", session_start="start_time")
    laps = driven.laps.join(where, on="session_key")
    by_place = laps.partition_by(_PLACE, as_dict=True)
    stops = _stops(driven)
    rows = []
    for combination, sessions in own.group_by(_PLACE, maintain_order=True):
        there = by_place.get(combination, laps.clear())
        season = _latest_season(sessions, there)
        row = {
            **dict(zip(_PLACE, combination, strict=True)),
            **_who(sessions),
            **_season(sessions, season),
            **_pace(there.filter(pl.col("build_season").eq_missing(season))),
            **_fuel(there),
            **_energy(there, sessions),
            **_pits(stops, *combination),
            **_cautions(driven.cautions, combination[1]),
        }
        rows.append(row | {"unknown": _unknown(row)})
    return CAR_TRACK.frame(rows).sort(CAR_TRACK.key)


def pooled_effects(laps: pl.DataFrame) -> tuple[Estimate, Estimate] | None:
    """Estimate the cost of a litre of fuel and of a lap on the tyres, from all sessions together.

    Huber regression of the lap times of warm tyres on fuel at the start and laps done by the set,
    with an intercept for each session.

    Args:
        laps: Clean laps on a dry track of one car on one track, with ``session_key``,
            ``lap_time_s``, ``fuel_start_l``, ``set_lap`` and ``distance_m``.

    Returns:
        Fuel effect (s/l) and degradation (s/lap); None where the laps do not tell them apart.
    """
    warm = warm_laps(laps)
    if warm.is_empty():
        return None
    group = warm.get_column("session_key").rank("dense").to_numpy().astype(np.int64) - 1
    columns = warm.select("fuel_start_l", "set_lap").cast(pl.Float64).to_numpy()
    effects = robust.regression(columns, warm.get_column("lap_time_s").to_numpy(), group)
    return None if effects is None else (effects[0], effects[1])


def assumed(effect: float | None) -> float:
    """Return the value that plans assume for a fuel effect or degradation: 0 if unknown or below 0.

    Below 0 it is noise: tyres do not get better for ever, nor a car faster with fuel.
    """
    return max(effect or 0.0, 0.0)


def warm_laps(laps: pl.DataFrame) -> pl.DataFrame:
    """Select laps on warm tyres with known fuel and age of the tyres.

    A session with a single such lap is left out, as it has no lap to compare with.
    """
    complete = laps.drop_nulls(["lap_time_s", "fuel_start_l", "set_lap"])
    warm = complete.filter(warm_tyres())
    return warm.filter(pl.len().over("session_key") > 1)


def _who(sessions: pl.DataFrame) -> dict[str, Any]:
    last = sessions.row(-1, named=True)
    tanks = sessions.get_column("fuel_tank_l").drop_nulls()
    return {
        **{
            name: last[name]
            for name in ("car_name", "track_name", "track_config", "cust_id", "driver_name")
        },
        "session_count": sessions.height,
        "last_session_at": last["start_time"],
        "tank_l": tanks[-1] if len(tanks) else None,
    }


def _latest_season(sessions: pl.DataFrame, laps: pl.DataFrame) -> str | None:
    """Return the season of builds of pace and tyres: the latest with enough clean dry laps.

    A new build may bring another tyre model, so pace, fuel effect and degradation are of one
    season. Litres burnt are of all. A season that has just begun takes over from its
    :data:`FEWEST_SEASON_LAPS`-th lap on, or where there is no other.
    """
    dry = laps.filter(pl.col("condition") != "wet").drop_nulls("lap_time_s")
    seasons = (
        dry.group_by("build_season")
        .agg(pl.col("session_start").max().alias("last"), pl.len().alias("laps"))
        .sort(pl.col("laps") >= FEWEST_SEASON_LAPS, "last", descending=True)
    )
    candidates = seasons if seasons.height else sessions.reverse()
    season: str | None = candidates.get_column("build_season")[0]
    return season


def _season(sessions: pl.DataFrame, season: str | None) -> dict[str, Any]:
    others = sessions.filter(pl.col("build_season").ne_missing(season))
    return {"build_season": season, "other_season_session_count": others.height}


def _energy(laps: pl.DataFrame, sessions: pl.DataFrame) -> dict[str, Any]:
    last = sessions.row(-1, named=True)
    use = energy_use(laps)
    return {
        "power_source": last["power_source"] or FUEL,
        "energy_capacity_kwh": last["energy_capacity_kwh"],
        "energy_lap_count": 0 if use is None else use.laps,
        "energy_median_kwh": None if use is None else use.used_kwh,
        "energy_deployed_median_kwh": None if use is None else use.deployed_kwh,
    }


def _pace(laps: pl.DataFrame) -> dict[str, Any]:
    dry = laps.filter(pl.col("condition") != "wet").drop_nulls("lap_time_s")
    latest = _latest(dry, PACE_SESSIONS)
    row: dict[str, Any] = {
        "clean_lap_count": dry.height,
        "best_lap_time_s": dry.get_column("lap_time_s").min(),
        "median_lap_time_s": latest.get_column("lap_time_s").median(),
        "pace_lap_count": latest.height,
        "base_lap_s": latest.get_column("lap_time_s").median(),
        **_scatter(latest),
        **dict.fromkeys(
            (
                f"{name}_{what}_count"
                for name in ("fuel_effect", "degradation")
                for what in ("lap", "session")
            ),
            0,
        ),
    }
    pooled = _latest(dry, POOLED_SESSIONS)
    effects = pooled_effects(pooled)
    if effects is None:
        return row
    behind = warm_laps(pooled).get_column("session_key").n_unique()
    for name, unit, estimate in zip(
        ("fuel_effect", "degradation"), ("s_per_l", "s_per_lap"), effects, strict=True
    ):
        row |= {
            f"{name}_{unit}": estimate.value,
            f"{name}_low_{unit}": estimate.low,
            f"{name}_high_{unit}": estimate.high,
            f"{name}_lap_count": estimate.count,
            f"{name}_session_count": behind,
        }
    warm = warm_laps(latest)
    if warm.height:
        litre, lap = (assumed(estimate.value) for estimate in effects)
        bare = pl.col("lap_time_s") - litre * pl.col("fuel_start_l") - lap * pl.col("set_lap")
        row["base_lap_s"] = warm.select(bare).to_series().median()
    return row


def _latest(laps: pl.DataFrame, sessions: int) -> pl.DataFrame:
    """The laps of the latest sessions that have any."""
    starts = laps.get_column("session_start").unique().sort(descending=True).head(sessions)
    return laps.filter(pl.col("session_start").is_in(starts.implode()))


def _scatter(laps: pl.DataFrame) -> dict[str, Any]:
    # Stints of several sessions have the same numbers.
    apart = laps.with_columns(stint=pl.struct("session_key", "stint").rank("dense"))
    spread = lap_spread(apart)
    return {
        "lap_spread_s": None if spread is None else spread.value,
        "lap_spread_session_count": 0
        if spread is None
        else laps.get_column("session_key").n_unique(),
    }


def _fuel(laps: pl.DataFrame) -> dict[str, Any]:
    use = fuel_use(laps, CLEAN)
    if use is None:
        return {"fuel_lap_count": 0}
    return {
        "fuel_median_l": use.median_l,
        "fuel_p65_l": use.p65_l,
        "fuel_p90_l": use.p90_l,
        "fuel_lap_count": use.laps,
    }


def _stops(driven: Driven) -> pl.DataFrame:
    """All stops that the car left again: where, what they cost, and whether tyres were changed."""
    where = driven.sessions.select("session_key", *_PLACE)
    return (
        driven.stints.sort("session_key", "stint")
        .with_columns(
            changed=pl.col("tyre_set").shift(-1).over("session_key") != pl.col("tyre_set")
        )
        .join(where, on="session_key")
        .filter(pl.col("pit_stop_s").is_not_null())
        .with_columns(passing=pl.col("pit_loss_s") - pl.col("stationary_s"))
    )


def _pits(stops: pl.DataFrame, car_id: int, track_id: int) -> dict[str, Any]:
    here = stops.filter(pl.col("track_id") == track_id).drop_nulls("passing")
    own = here.filter(pl.col("car_id") == car_id)
    used, whose = (own, "this car") if own.height else (here, "other cars on this track")
    passing = used.get_column("passing").to_numpy()
    spread = robust.spread(passing)
    rig = stops.filter(pl.col("car_id") == car_id)
    fuelled = rig.filter(
        (pl.col("fuel_added_l") >= _LEAST_FUEL_L) & (pl.col("refuel_s") >= _LEAST_S)
    )
    # Where the fuel was in before the car left, it waited for its tyres.
    tyres = rig.filter("changed", pl.col("stationary_s") > pl.col("refuel_s") + _LEAST_S)
    return {
        "pit_loss_s": float(np.median(passing)) if len(passing) else None,
        "pit_loss_spread_s": None if spread is None else spread.value,
        "pit_stop_count": len(passing),
        "pit_loss_from": whose if len(passing) else None,
        "refuel_lps": fuelled.select(pl.col("fuel_added_l") / pl.col("refuel_s"))
        .to_series()
        .median(),
        "refuel_count": fuelled.height,
        "tyre_change_s": tyres.get_column("stationary_s").median(),
        "tyre_change_count": tyres.height,
    }


def _cautions(cautions: pl.DataFrame, track_id: int) -> dict[str, Any]:
    row = cautions.filter(pl.col("track_id") == track_id)
    races = row.get_column("races")[0] if row.height else 0
    laps = row.get_column("laps")[0] if row.height else 0
    enough = races >= FEWEST_RACES and laps > 0
    return {
        "caution_race_count": races,
        "caution_chance": row.get_column("cautions")[0] / laps if enough else None,
    }


def _unknown(row: dict[str, Any]) -> list[str]:
    """List the unknown figures, and the assumptions of plans for them."""
    value_of = row.get
    electric = value_of("power_source") == ELECTRIC
    tank = "litres, as the car is electric" if electric else "what the tank holds"
    cautions = f"chance of a caution, for which it takes {FEWEST_RACES} races here: taken as 0"
    checks = (
        (value_of("pace_lap_count"), "no clean lap on a dry track: no plans"),
        (
            value_of("fuel_p65_l") or electric,
            "fuel of a lap, for which it takes three clean laps: no plans",
        ),
        (value_of("tank_l"), f"{tank}: no plans"),
        (
            value_of("power_source") != HYBRID,
            "what a hybrid saves in fuel by its battery: plans count litres as burnt so far",
        ),
        (
            value_of("fuel_effect_s_per_l") is not None,
            "fuel effect and degradation are not told apart: both taken as 0",
        ),
        (
            value_of("pit_loss_s") is not None,
            "pit loss, as no stop was driven here: plans with stops have no times",
        ),
        (value_of("refuel_lps"), "how fast the car is refuelled: plans with stops have no times"),
        (
            value_of("tyre_change_s"),
            "how long a change of tyres takes beyond refuelling: taken as 0",
        ),
        (value_of("lap_spread_s") is not None, "spread of a lap: taken as 0"),
        (value_of("caution_chance") is not None, cautions),
    )
    unknown = [words for there, words in checks if not there]
    if count := row["other_season_session_count"]:
        unknown.append(
            f"whether the tyres of {count} sessions of other seasons are those of"
            f" {row['build_season'] or 'files without a build'}: left out of pace, fuel effect and"
            " degradation"
        )
    return unknown

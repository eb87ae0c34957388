"""Figures of a car on a track, and plans for races there."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

UTC = pl.Datetime("us", "UTC")

_CAR_TRACK = (
    Column("car_id", pl.Int32, "CarID", required=True),
    Column("track_id", pl.Int32, "TrackID", required=True),
)
_RACE = Column("race", pl.String, "Length of the race, such as 45 min or 28 laps", required=True)


def _estimate(name: str, unit: str, doc: str, what: str) -> tuple[Column, ...]:
    """A pooled figure with its interval and its number of values."""
    suffix = "_" + unit.replace("/", "_per_")
    return (
        Column(f"{name}{suffix}", pl.Float64, doc, unit),
        Column(f"{name}_low{suffix}", pl.Float64, "Lower end of its 95 % interval", unit),
        Column(f"{name}_high{suffix}", pl.Float64, "Upper end of its 95 % interval", unit),
        Column(f"{name}_lap_count", pl.Int32, f"Laps behind the {what}", required=True),
        Column(f"{name}_session_count", pl.Int32, f"Sessions behind the {what}", required=True),
    )


CAR_TRACK = Table(
    name="racing.car_track",
    doc="What is known of one car on one track over all sessions of the driver who drove most"
    " there: what plans rest on.",
    key=("car_id", "track_id"),
    columns=(
        *_CAR_TRACK,
        Column("car_name", pl.String, "Name of the car"),
        Column("track_name", pl.String, "Name of the track"),
        Column("track_config", pl.String, "Configuration; null where the track has only one"),
        Column("cust_id", pl.Int64, "The driver of most clean laps there; null when unknown"),
        Column("driver_name", pl.String, "Name of the driver"),
        Column("session_count", pl.Int32, "Sessions of the driver there", required=True),
        Column("clean_lap_count", pl.Int32, "Clean laps on a dry track", required=True),
        Column(
            "last_session_at",
            UTC,
            "When the latest of these sessions began",
            required=True,
            bounds=bounds.TIME,
        ),
        Column("best_lap_time_s", pl.Float64, "Fastest of these laps", "s", bounds=bounds.LAP_TIME),
        Column(
            "median_lap_time_s",
            pl.Float64,
            "Median of those of the last five sessions that have any",
            "s",
            bounds=bounds.LAP_TIME,
        ),
        Column("pace_lap_count", pl.Int32, "Laps behind the median", required=True),
        Column(
            "base_lap_s",
            pl.Float64,
            "The same laps as if on fresh tyres with an empty tank; their median as it is where"
            " fuel and tyres are not told apart; null without a lap on warm tyres",
            "s",
            bounds=bounds.LAP_TIME,
        ),
        Column(
            "lap_spread_s",
            pl.Float64,
            "Median of the spreads of sessions",
            "s",
            bounds=bounds.SPREAD,
        ),
        Column("lap_spread_session_count", pl.Int32, "Sessions behind the spread", required=True),
        Column("fuel_median_l", pl.Float64, "Half of the clean dry laps burnt less", "l"),
        Column("fuel_p65_l", pl.Float64, "65 % of these burnt less", "l"),
        Column("fuel_p90_l", pl.Float64, "90 % of these burnt less", "l"),
        Column("fuel_lap_count", pl.Int32, "Laps behind the fuel figures", required=True),
        *_estimate(
            "fuel_effect",
            "s/l",
            "Seconds that a litre on board costs; null where fuel and tyres cannot be separated",
            "fuel effect",
        ),
        *_estimate(
            "degradation",
            "s/lap",
            "Seconds of each lap on the tyres; null where fuel and tyres cannot be separated",
            "degradation",
        ),
        Column(
            "tank_l",
            pl.Float64,
            "What the tank holds, by the latest session",
            "l",
            bounds=bounds.TANK,
        ),
        Column(
            "pit_loss_s",
            pl.Float64,
            "Time lost by going through the pits without standing: median",
            "s",
        ),
        Column(
            "pit_loss_spread_s",
            pl.Float64,
            "Robust standard deviation; null below five",
            "s",
            bounds=bounds.SPREAD,
        ),
        Column("pit_stop_count", pl.Int32, "Stops behind the pit loss", required=True),
        Column(
            "pit_loss_from",
            pl.String,
            "Whose stops: this car, or other cars on this track; null without any",
        ),
        Column("refuel_lps", pl.Float64, "Litres a second that the rig gives: median", "l/s"),
        Column("refuel_count", pl.Int32, "Refuellings behind it", required=True),
        Column(
            "tyre_change_s",
            pl.Float64,
            "Time standing of stops with new tyres that refuelling does not explain: median",
            "s",
            bounds=bounds.DURATION,
        ),
        Column("tyre_change_count", pl.Int32, "Stops behind it", required=True),
        Column(
            "caution_chance",
            pl.Float64,
            "Cautions a lap in the races on this track; null for fewer than three races",
            bounds=bounds.CHANCE,
        ),
        Column("caution_race_count", pl.Int32, "Races behind it", required=True),
        Column(
            "unknown",
            pl.List(pl.String),
            "What is not known, and what plans do about it, in words",
            required=True,
        ),
        Column(
            "build_season",
            pl.String,
            "Season of iRacing's builds that pace, fuel effect and degradation are of: the latest"
            " with five clean dry laps; null where its files name none",
        ),
        Column(
            "other_season_session_count",
            pl.Int32,
            "Sessions of other seasons, which pace, fuel effect and degradation leave out",
            required=True,
        ),
        Column(
            "power_source",
            pl.String,
            "fuel, hybrid or electric, by the latest session",
            required=True,
        ),
        Column(
            "energy_median_kwh",
            pl.Float64,
            "Energy that the battery lost a clean dry lap: median; null for fewer than three",
            "kWh",
        ),
        Column(
            "energy_deployed_median_kwh",
            pl.Float64,
            "Energy from the battery to the MGU-K a clean dry lap: median",
            "kWh",
        ),
        Column("energy_lap_count", pl.Int32, "Laps behind the energy figures", required=True),
        Column(
            "energy_capacity_kwh",
            pl.Float64,
            "What the battery holds",
            "kWh",
            bounds=bounds.ENERGY_CAPACITY,
        ),
    ),
)

RACE_LENGTH = Table(
    name="racing.race_length",
    doc="One length of race for one car on one track: its laps, and the fuel for them. The lap more"
    " is what catches people out in a race by the clock.",
    key=("car_id", "track_id", "race"),
    columns=(
        *_CAR_TRACK,
        _RACE,
        Column("race_time_s", pl.Float64, "On the clock; null for a race by laps", "s"),
        Column("driven", pl.Boolean, "Whether the driver raced this length there", required=True),
        Column(
            "laps",
            pl.Int32,
            "Laps at the present pace, stops included",
            required=True,
            bounds=bounds.RACE_LAPS,
        ),
        Column(
            "laps_most",
            pl.Int32,
            "Laps if these come out two standard deviations of their sum faster",
            required=True,
        ),
        Column(
            "fuel_l",
            pl.Float64,
            "Fuel for laps at the 65th percentile",
            "l",
            required=True,
            bounds=bounds.RACE_FUEL,
        ),
        Column(
            "fuel_most_l",
            pl.Float64,
            "Fuel for laps_most at the 65th percentile",
            "l",
            required=True,
            bounds=bounds.RACE_FUEL,
        ),
        Column(
            "fuel_safe_l",
            pl.Float64,
            "Fuel for laps_most at the 90th percentile",
            "l",
            required=True,
            bounds=bounds.RACE_FUEL,
        ),
        Column("tank_l", pl.Float64, "What the tank holds", "l", bounds=bounds.TANK),
        Column("fewest_stops", pl.Int32, "Stops that the tank asks for at fuel_l; null without"),
        Column("fuel_lap_count", pl.Int32, "Laps behind the fuel figures", required=True),
    ),
)

RACE_PLAN = Table(
    name="racing.race_plan",
    doc="One way to drive one length of race: a number of stops, with all that it rests on. Times"
    " are null where the pit loss is not known.",
    key=("car_id", "track_id", "race", "stops"),
    columns=(
        *_CAR_TRACK,
        _RACE,
        Column("stops", pl.Int16, "Stops", required=True, bounds=bounds.STOPS),
        Column(
            "rank",
            pl.Int16,
            "1 for the fastest by the assumptions; null without times",
            bounds=bounds.FROM_ONE,
        ),
        Column("laps", pl.Int32, "Laps of the race", required=True, bounds=bounds.RACE_LAPS),
        Column("stint_laps", pl.List(pl.Int32), "Laps of each stint", required=True),
        Column("fuel_start_l", pl.Float64, "Fuel at the start", "l", required=True),
        Column("total_s", pl.Float64, "Race time by the assumptions, without chance", "s"),
        Column("behind_s", pl.Float64, "The same, behind the fastest plan", "s"),
        Column(
            "best_share",
            pl.Float64,
            "Share of simulated races in which it was the fastest plan; null where degradation is"
            " not known",
            "ratio",
        ),
        Column("median_s", pl.Float64, "Median race time of the simulated races", "s"),
        Column("low_s", pl.Float64, "5 % of these were faster", "s"),
        Column("high_s", pl.Float64, "5 % of these were slower", "s"),
        Column("simulated_races", pl.Int32, "How many were simulated", required=True),
        Column(
            "base_lap_s",
            pl.Float64,
            "Assumed: fresh tyres, empty tank",
            "s",
            required=True,
            bounds=bounds.LAP_TIME,
        ),
        Column(
            "fuel_per_lap_l",
            pl.Float64,
            "Assumed: the 65th percentile of laps",
            "l",
            required=True,
        ),
        Column(
            "tank_l",
            pl.Float64,
            "Assumed: what the tank holds",
            "l",
            required=True,
            bounds=bounds.TANK,
        ),
        Column("reserve_l", pl.Float64, "Assumed: what stays in the tank", "l", required=True),
        Column("pit_loss_s", pl.Float64, "Assumed: through the pits without standing", "s"),
        Column("refuel_lps", pl.Float64, "Assumed: litres a second", "l/s"),
        Column(
            "tyre_change_s",
            pl.Float64,
            "Assumed: time to change tyres",
            "s",
            bounds=bounds.DURATION,
        ),
        Column("fuel_effect_s_per_l", pl.Float64, "Assumed: of a litre", "s/l", required=True),
        Column(
            "degradation_s_per_lap",
            pl.Float64,
            "Assumed: of a lap on the tyres",
            "s/lap",
            required=True,
        ),
        Column(
            "lap_spread_s",
            pl.Float64,
            "Assumed: spread of a lap",
            "s",
            required=True,
            bounds=bounds.SPREAD,
        ),
        Column(
            "caution_chance",
            pl.Float64,
            "Assumed: of a caution to begin in a lap",
            required=True,
            bounds=bounds.CHANCE,
        ),
        Column("clean_lap_count", pl.Int32, "Clean dry laps behind the pace", required=True),
        Column("fuel_lap_count", pl.Int32, "Laps behind the fuel", required=True),
        Column("pit_stop_count", pl.Int32, "Stops behind the pit loss", required=True),
        Column("degradation_lap_count", pl.Int32, "Laps behind the degradation", required=True),
        Column(
            "unknown",
            pl.List(pl.String),
            "What is not known, and what was taken for it, in words",
            required=True,
        ),
    ),
)

RACE_PLAN_STOP = Table(
    name="racing.race_plan_stop",
    doc="One stop of a plan, and its window: the laps after which it can be made so that the fuel"
    " lasts before and after it.",
    key=("car_id", "track_id", "race", "stops", "stop"),
    columns=(
        *_CAR_TRACK,
        _RACE,
        Column("stops", pl.Int16, "Stops of the plan", required=True, bounds=bounds.STOPS),
        Column(
            "stop", pl.Int16, "Number of the stop, from 1", required=True, bounds=bounds.FROM_ONE
        ),
        Column("after_lap", pl.Int32, "Lap after which it is planned", required=True),
        Column("window_first_lap", pl.Int32, "Earliest", required=True),
        Column("window_last_lap", pl.Int32, "Latest", required=True),
        Column("fuel_added_l", pl.Float64, "Fuel to take on", "l", required=True),
        Column(
            "standing_s",
            pl.Float64,
            "Time standing: the longer of fuel and tyres",
            "s",
            bounds=bounds.DURATION,
        ),
    ),
)

FUEL_SAVING = Table(
    name="racing.fuel_saving",
    doc="One rung of the saving ladder of a full tank: what a lap may burn to go so far.",
    key=("car_id", "track_id", "laps"),
    columns=(
        *_CAR_TRACK,
        Column(
            "laps", pl.Int32, "Laps to make the tank last", required=True, bounds=bounds.RACE_LAPS
        ),
        Column("fuel_per_lap_l", pl.Float64, "What a lap may burn for that", "l", required=True),
        Column(
            "saving",
            pl.Float64,
            "Share to save on the median lap; below 0 where fuel is left over",
            "ratio",
            required=True,
            bounds=bounds.SAVING,
        ),
        Column("tank_l", pl.Float64, "What the tank holds", "l", required=True, bounds=bounds.TANK),
        Column("usual_fuel_per_lap_l", pl.Float64, "Median of clean laps", "l", required=True),
        Column("fuel_lap_count", pl.Int32, "Laps behind the median", required=True),
    ),
)

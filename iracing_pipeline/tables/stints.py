"""Stints, the fuel that laps burn, and sets of tyres."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

UTC = pl.Datetime("us", "UTC")

_LAP_KEY = (
    Column("session_key", pl.String, "The session it was driven in", required=True),
    Column("stint", pl.Int32, "Stint that the lap ended in", required=True, bounds=bounds.FROM_ONE),
    Column("lap_number", pl.Int32, "Lap, as iRacing counts it", required=True, bounds=bounds.LAPS),
)

STINT = Table(
    name="racing.stint",
    doc="One stint: from leaving the pits, or being put down, to the next time. It ends with the"
    " stop that follows it.",
    key=("session_key", "stint"),
    columns=(
        Column("session_key", pl.String, "The session it was driven in", required=True),
        Column(
            "stint", pl.Int32, "Number of the stint, from 1", required=True, bounds=bounds.FROM_ONE
        ),
        Column("began", pl.String, "file, pit_exit, reset, tow or session", required=True),
        Column("ended", pl.String, "file, pit_stop, reset, tow or session", required=True),
        Column("start_time", UTC, "When it began", required=True, bounds=bounds.TIME),
        Column("start_session_time_s", pl.Float64, "SessionTime at its start", "s", required=True),
        Column("end_session_time_s", pl.Float64, "SessionTime at its end", "s", required=True),
        Column("cust_id", pl.Int64, "Who drove: who recorded; null when unknown, or a team mate"),
        Column("driver_name", pl.String, "Name of the driver"),
        Column("setup_name", pl.String, "Setup that it was driven on"),
        Column(
            "tyre_set",
            pl.Int32,
            "Set of tyres, as in racing.tyre_set",
            required=True,
            bounds=bounds.FROM_ONE,
        ),
        Column("lap_count", pl.Int32, "Laps and parts of laps in it", required=True),
        Column("timed_lap_count", pl.Int32, "Laps of kind timed", required=True),
        Column("clean_lap_count", pl.Int32, "Laps from which its pace is computed", required=True),
        Column("distance_m", pl.Float64, "Distance driven", "m", bounds=bounds.DISTANCE),
        Column("fuel_start_l", pl.Float64, "Fuel on leaving", "l"),
        Column("fuel_end_l", pl.Float64, "Fuel on coming in, or at the end", "l"),
        Column("fuel_added_l", pl.Float64, "Fuel taken on in the stop at its end", "l"),
        Column("fuel_per_lap_l", pl.Float64, "Median of its clean laps", "l"),
        Column(
            "pit_stop_s",
            pl.Float64,
            "Time on pit road in the stop at its end",
            "s",
            bounds=bounds.DURATION,
        ),
        Column(
            "pit_loss_s",
            pl.Float64,
            "The same minus the time that clean laps take from entry to exit",
            "s",
        ),
        Column("best_lap_time_s", pl.Float64, "Fastest clean lap", "s", bounds=bounds.LAP_TIME),
        Column("mean_lap_time_s", pl.Float64, "Mean of clean laps", "s", bounds=bounds.LAP_TIME),
        Column(
            "median_lap_time_s", pl.Float64, "Median of clean laps", "s", bounds=bounds.LAP_TIME
        ),
        Column(
            "spread_s",
            pl.Float64,
            "Robust standard deviation of clean laps",
            "s",
            bounds=bounds.SPREAD,
        ),
        Column(
            "pace_trend_s_per_lap",
            pl.Float64,
            "Lap time gained or lost a lap (Theil-Sen), tyres and fuel together; null for fewer"
            " than five laps on warm tyres, or where the track got wetter or drier",
            "s/lap",
        ),
        Column("pace_trend_low_s_per_lap", pl.Float64, "Lower end of its interval", "s/lap"),
        Column("pace_trend_high_s_per_lap", pl.Float64, "Upper end of its interval", "s/lap"),
        Column("trend_lap_count", pl.Int32, "Laps behind the trend", required=True),
        Column(
            "fuel_effect_s_per_l",
            pl.Float64,
            "Seconds that a litre on board costs; null where the session's stints do not tell fuel"
            " and tyres apart",
            "s/l",
        ),
        Column("fuel_effect_low_s_per_l", pl.Float64, "Lower end of its interval", "s/l"),
        Column("fuel_effect_high_s_per_l", pl.Float64, "Upper end of its interval", "s/l"),
        Column(
            "fuel_corrected_pace_s",
            pl.Float64,
            "Median of clean laps, as if driven with an empty tank",
            "s",
            bounds=bounds.LAP_TIME,
        ),
        Column(
            "degradation_s_per_lap",
            pl.Float64,
            "Lap time lost a lap to the tyres: the trend with the fuel's share taken out",
            "s/lap",
        ),
        Column("degradation_low_s_per_lap", pl.Float64, "Lower end of its interval", "s/lap"),
        Column("degradation_high_s_per_lap", pl.Float64, "Upper end of its interval", "s/lap"),
        Column(
            "stationary_s",
            pl.Float64,
            "Time standing in the stop at its end",
            "s",
            bounds=bounds.DURATION,
        ),
        Column(
            "refuel_s",
            pl.Float64,
            "Time that the fuel rose in that stop",
            "s",
            bounds=bounds.DURATION,
        ),
    ),
)

FUEL_LAP = Table(
    name="racing.fuel_lap",
    doc="The fuel that one lap burnt, and whether it says what a racing lap burns.",
    key=("session_key", "stint", "lap_number"),
    columns=(
        *_LAP_KEY,
        Column(
            "condition",
            pl.String,
            "clean (a clean lap), wet (a clean lap on a wet track), caution (timed, and nothing"
            " against it but a caution) or other, which no average uses",
            required=True,
        ),
        Column("fuel_used_l", pl.Float64, "Fuel burnt", "l", bounds=bounds.FUEL_USED),
        Column("fuel_per_km_l", pl.Float64, "The same for each kilometre driven", "l/km"),
        Column("fuel_added_l", pl.Float64, "Fuel taken on during the lap", "l"),
        Column("fuel_end_l", pl.Float64, "Fuel left at its end", "l"),
        Column(
            "laps_left",
            pl.Float64,
            "Laps that this would last by the median of clean laps of the session so far",
            bounds=bounds.LAPS_LEFT,
        ),
        Column("energy_used_kwh", pl.Float64, "Energy that the battery lost in it", "kWh"),
        Column("energy_deployed_kwh", pl.Float64, "Energy from the battery to the MGU-K", "kWh"),
        Column("energy_end_kwh", pl.Float64, "Energy left in the battery at its end", "kWh"),
    ),
)

WHEELS = ("lf", "rf", "lr", "rr")
_NAMES = {"lf": "left front", "rf": "right front", "lr": "left rear", "rr": "right rear"}

TYRE_SET = Table(
    name="racing.tyre_set",
    doc="One set of tyres on the car. Carcass temperature and tread are what was measured in the"
    " pits when the set came off, or at its last stop: iRacing measures them only there.",
    key=("session_key", "tyre_set"),
    columns=(
        Column("session_key", pl.String, "The session it was driven in", required=True),
        Column(
            "tyre_set", pl.Int32, "Number of the set, from 1", required=True, bounds=bounds.FROM_ONE
        ),
        Column(
            "first_stint",
            pl.Int32,
            "Stint that it was first driven in",
            required=True,
            bounds=bounds.FROM_ONE,
        ),
        Column("fitted_session_time_s", pl.Float64, "SessionTime from which it was on", "s"),
        Column("removed_session_time_s", pl.Float64, "SessionTime until which it was on", "s"),
        Column("lap_count", pl.Int32, "Laps completed on it", required=True),
        Column("distance_m", pl.Float64, "Distance driven on it", "m", bounds=bounds.DISTANCE),
        Column(
            "measured_session_time_s",
            pl.Float64,
            "SessionTime of the measurement; null where it was not measured after driving",
            "s",
        ),
        Column(
            "measured_distance_m",
            pl.Float64,
            "Distance on it at the measurement",
            "m",
            bounds=bounds.DISTANCE,
        ),
        *(
            column
            for wheel in WHEELS
            for column in (
                Column(
                    f"{wheel}_cold_pressure_kpa",
                    pl.Float64,
                    f"Cold pressure as fitted, {_NAMES[wheel]}",
                    "kPa",
                ),
                Column(
                    f"{wheel}_tread",
                    pl.List(pl.Float64),
                    f"Tread remaining, {_NAMES[wheel]}: left, middle, right third",
                    "ratio",
                ),
                Column(
                    f"{wheel}_carcass_c",
                    pl.List(pl.Float64),
                    f"Carcass temperature, {_NAMES[wheel]}: left, middle, right third",
                    "°C",
                ),
            )
        ),
    ),
)

TYRE_LAP = Table(
    name="racing.tyre_lap",
    doc="Tyre surfaces and pressures over one lap: means over its records.",
    key=("session_key", "stint", "lap_number"),
    columns=(
        *_LAP_KEY,
        Column(
            "tyre_set",
            pl.Int32,
            "Set of tyres, as in racing.tyre_set",
            required=True,
            bounds=bounds.FROM_ONE,
        ),
        Column(
            "set_lap",
            pl.Int32,
            "Laps completed on the set before this one",
            required=True,
            bounds=bounds.COUNT,
        ),
        *(
            column
            for wheel in WHEELS
            for column in (
                *(
                    Column(
                        f"{wheel}_temp_{third}_c",
                        pl.Float64,
                        f"Surface temperature, {_NAMES[wheel]}, {words} third",
                        "°C",
                    )
                    for third, words in (("l", "left"), ("m", "middle"), ("r", "right"))
                ),
                Column(
                    f"{wheel}_pressure_kpa", pl.Float64, f"Hot pressure, {_NAMES[wheel]}", "kPa"
                ),
            )
        ),
    ),
)

"""The corners of each track configuration, and how each lap took them."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

CORNER_MAP = Table(
    name="racing.corner_map",
    doc="One corner of one track configuration in one version of its map. A version is never"
    " changed: Turn 5 stays Turn 5.",
    key=("track_id", "version", "corner"),
    columns=(
        Column("track_id", pl.Int32, "TrackID; one for each track configuration", required=True),
        Column(
            "version",
            pl.Int16,
            "Version of the map; the highest counts",
            required=True,
            bounds=bounds.FROM_ONE,
        ),
        Column(
            "corner",
            pl.Int16,
            "Number of the corner, from 1 after the line",
            required=True,
            bounds=bounds.FROM_ONE,
        ),
        Column("start_pct", pl.Float64, "LapDistPct at which it starts", "ratio", required=True),
        Column("apex_pct", pl.Float64, "Where the curve is tightest", "ratio", required=True),
        Column(
            "end_pct",
            pl.Float64,
            "Where it ends; less than start_pct in a corner that the line lies in",
            "ratio",
            required=True,
        ),
        Column("start_m", pl.Float64, "Distance from the line to its start", "m", required=True),
        Column("apex_m", pl.Float64, "Distance from the line to its apex", "m", required=True),
        Column("end_m", pl.Float64, "Distance from the line to its end", "m", required=True),
        Column("direction", pl.String, "left or right", required=True),
        Column(
            "turn_rad", pl.Float64, "How far it turns", "rad", required=True, bounds=bounds.TURN
        ),
        Column(
            "radius_m",
            pl.Float64,
            "Radius of the driven line at its apex",
            "m",
            required=True,
            bounds=bounds.RADIUS,
        ),
        Column("lap_count", pl.Int32, "Laps that the map was found from", required=True),
        Column(
            "clean",
            pl.Boolean,
            "Whether these were clean; a map of other laps is replaced when clean ones come",
            required=True,
        ),
        Column("session_key", pl.String, "The session that it was found in", required=True),
    ),
)

LAP_CORNER = Table(
    name="racing.lap_corner",
    doc="One corner of one lap that was driven from line to line.",
    key=("session_key", "stint", "lap_number", "corner"),
    columns=(
        Column("session_key", pl.String, "The session it was driven in", required=True),
        Column(
            "stint", pl.Int32, "Stint that the lap ended in", required=True, bounds=bounds.FROM_ONE
        ),
        Column(
            "lap_number", pl.Int32, "Lap, as iRacing counts it", required=True, bounds=bounds.LAPS
        ),
        Column("corner", pl.Int16, "Number of the corner", required=True, bounds=bounds.FROM_ONE),
        Column("track_id", pl.Int32, "TrackID; null when the file does not name the track"),
        Column("map_version", pl.Int16, "Version of the corner map", required=True),
        Column(
            "time_s",
            pl.Float64,
            "Time from its start to its end",
            "s",
            required=True,
            bounds=bounds.DURATION,
        ),
        Column(
            "straight_s",
            pl.Float64,
            "Time on the straight after it; corners and straights of a lap add up to its lap time",
            "s",
            required=True,
            bounds=bounds.DURATION,
        ),
        Column(
            "brake_point_m",
            pl.Float64,
            "Where the brake passed 5 % before its peak, from the line; below 0 before the line;"
            " null where the driver did not brake",
            "m",
        ),
        Column(
            "peak_brake",
            pl.Float64,
            "Highest brake pedal on the way in",
            "ratio",
            bounds=bounds.PEDAL,
        ),
        Column("entry_speed_mps", pl.Float64, "Speed at its start", "m/s", bounds=bounds.SPEED),
        Column("min_speed_mps", pl.Float64, "Lowest speed in it", "m/s", bounds=bounds.SPEED),
        Column("exit_speed_mps", pl.Float64, "Speed at its end", "m/s", bounds=bounds.SPEED),
        Column("turn_in_m", pl.Float64, "Where steering passed a quarter of its peak", "m"),
        Column("apex_m", pl.Float64, "Where the speed was lowest, from the line", "m"),
        Column(
            "throttle_on_m",
            pl.Float64,
            "Where the throttle passed 20 % after it was last closed before the lowest speed;"
            " null where it was not closed",
            "m",
        ),
        Column(
            "coasting_s",
            pl.Float64,
            "Time with neither pedal, way in included",
            "s",
            bounds=bounds.DURATION,
        ),
        Column("steering_rad", pl.Float64, "Steering work: all movements of the wheel", "rad"),
        Column(
            "abs_s",
            pl.Float64,
            "Time with the ABS at work; null without ABS channel",
            "s",
            bounds=bounds.DURATION,
        ),
        Column(
            "lock_s",
            pl.Float64,
            "Time braking with a wheel 15 % or more slower than the car: a hint of locking",
            "s",
            bounds=bounds.DURATION,
        ),
        Column(
            "wheelspin_s",
            pl.Float64,
            "Time on the throttle with a rear wheel 15 % or more faster than the car: a hint of"
            " wheelspin",
            "s",
            bounds=bounds.DURATION,
        ),
        Column(
            "peak_shock_mps",
            pl.Float64,
            "Fastest that a damper moved from its start to its end, either way: a kerb or a bump",
            "m/s",
        ),
        Column("shock_rate_hz", pl.Int32, "Samples a second behind it: 60 or 360", "Hz"),
        Column(
            "wheel_rate_hz",
            pl.Int32,
            "Samples a second of the wheel speeds behind lock_s and wheelspin_s: 60 or 360",
            "Hz",
        ),
    ),
)

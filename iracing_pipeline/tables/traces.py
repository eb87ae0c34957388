"""Laps on a distance grid, and the grid of each track configuration.

:data:`TRACE_CHANNELS` is the one list of what a trace holds: the resampling reads from it how a
channel may be interpolated, the table its columns, and the documentation its units.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table
from iracing_pipeline.tables.telemetry import UTC

if TYPE_CHECKING:
    from polars._typing import PolarsDataType


class Between(Enum):
    """Interpolation of a channel between two records."""

    CONTINUOUS = "on the straight line between them"
    DISCRETE = "what the record before says"
    ANGLE = "on the shorter arc between them"


@dataclass(frozen=True, slots=True)
class TraceChannel:
    """A channel of a trace.

    Attributes:
        column: Column of ``racing.lap_trace``.
        sources: iRacing's channels; the mean of all of them, so that one that is absent makes
            the trace absent.
        between: How it may be interpolated.
        doc: Its meaning.
        unit: Its unit; None for numbers and flags.
        resolution: It is rounded to a multiple of this, a power of two: far below what can be
            told on track, and rounded numbers pack well on the disk.
        dtype: Type of an element.
    """

    column: str
    sources: tuple[str, ...]
    between: Between
    doc: str
    unit: str | None = None
    resolution: float | None = None
    dtype: PolarsDataType = pl.Float32

    @property
    def in_table(self) -> Column:
        """Its column in a table of laps on the grid."""
        pedal = bounds.PEDAL if self.unit == "ratio" else None
        return Column(self.column, pl.List(self.dtype), self.doc, self.unit, bounds=pedal)


def _wheel(wheel: str, words: str) -> tuple[TraceChannel, TraceChannel]:
    surface = tuple(f"{wheel}temp{third}" for third in "LMR")
    low = wheel.lower()
    return (
        TraceChannel(
            f"{low}_temp_c",
            surface,
            Between.CONTINUOUS,
            f"Surface temperature of the {words} tyre, mean of its three thirds",
            "°C",
            2**-4,
        ),
        TraceChannel(
            f"{low}_ride_height_m",
            (f"{wheel}rideHeight",),
            Between.CONTINUOUS,
            f"Ride height at the {words} wheel",
            "m",
            2**-13,
        ),
    )


TRACE_CHANNELS: tuple[TraceChannel, ...] = (
    TraceChannel("speed_mps", ("Speed",), Between.CONTINUOUS, "Speed", "m/s", 2**-8),
    TraceChannel("throttle", ("Throttle",), Between.CONTINUOUS, "Throttle pedal", "ratio", 2**-10),
    TraceChannel("brake", ("Brake",), Between.CONTINUOUS, "Brake pedal", "ratio", 2**-10),
    TraceChannel(
        "clutch",
        ("Clutch",),
        Between.CONTINUOUS,
        "Clutch: 0 disengaged, 1 engaged",
        "ratio",
        2**-8,
    ),
    TraceChannel(
        "steering_rad",
        ("SteeringWheelAngle",),
        Between.CONTINUOUS,
        "Steering wheel angle, positive to the left",
        "rad",
        2**-10,
    ),
    TraceChannel(
        "gear",
        ("Gear",),
        Between.DISCRETE,
        "Gear: -1 reverse, 0 neutral",
        dtype=pl.Int16,
    ),
    TraceChannel("rpm", ("RPM",), Between.CONTINUOUS, "Engine speed", "1/min", 1.0),
    TraceChannel(
        "lat_accel_mps2",
        ("LatAccel",),
        Between.CONTINUOUS,
        "Lateral acceleration, gravity included",
        "m/s²",
        2**-6,
    ),
    TraceChannel(
        "long_accel_mps2",
        ("LongAccel",),
        Between.CONTINUOUS,
        "Longitudinal acceleration, gravity included",
        "m/s²",
        2**-6,
    ),
    TraceChannel(
        "yaw_rate_radps",
        ("YawRate",),
        Between.CONTINUOUS,
        "Yaw rate, positive to the left",
        "rad/s",
        2**-10,
    ),
    TraceChannel("yaw_rad", ("Yaw",), Between.ANGLE, "Yaw, from -π to π", "rad", 2**-10),
    TraceChannel(
        "abs_active",
        ("BrakeABSactive",),
        Between.DISCRETE,
        "Whether the ABS reduces brake pressure",
        dtype=pl.Boolean,
    ),
    TraceChannel("altitude_m", ("Alt",), Between.CONTINUOUS, "Altitude", "m", 2**-4),
    *_wheel("LF", "left front"),
    *_wheel("RF", "right front"),
    *_wheel("LR", "left rear"),
    *_wheel("RR", "right rear"),
)
"""Channels of a trace apart from elapsed time and position, in the order of its columns."""

POSITION_RESOLUTION_M = 2**-6

TRACK_GRID = Table(
    name="racing.track_grid",
    doc="The distance grid of one track configuration: kept, so that laps of all sessions align.",
    key=("track_id",),
    columns=(
        Column("track_id", pl.Int32, "TrackID; one for each track configuration", required=True),
        Column("track_name", pl.String, "TrackDisplayName"),
        Column("track_config", pl.String, "TrackConfigName"),
        Column(
            "length_m",
            pl.Float64,
            "Length of the lap: median of LapDist / LapDistPct, or TrackLength without these",
            "m",
            required=True,
            bounds=bounds.TRACK_LENGTH,
        ),
        Column(
            "interval_count",
            pl.Int32,
            "Equal intervals that the lap is divided into; there is one more grid point",
            required=True,
            bounds=bounds.GRID,
        ),
        Column(
            "origin_latitude_deg",
            pl.Float64,
            "Latitude of east_m, north_m (0, 0)",
            "°",
            bounds=bounds.LATITUDE,
        ),
        Column("origin_longitude_deg", pl.Float64, "Longitude of east_m, north_m (0, 0)", "°"),
        Column("session_key", pl.String, "The session that it was first made of", required=True),
    ),
)

TRACK_MEASUREMENT = Table(
    name="racing.track_measurement",
    doc="What one session says of its track: the evidence by which its grid and its corners are"
    " kept, or replaced when more sessions agree on others.",
    key=("session_key",),
    columns=(
        Column("session_key", pl.String, "The session", required=True),
        Column("track_id", pl.Int32, "TrackID", required=True, bounds=bounds.IDENTIFIER),
        Column(
            "length_m",
            pl.Float64,
            "Length of the lap that most of its sources agree with",
            "m",
            required=True,
            bounds=bounds.TRACK_LENGTH,
        ),
        Column(
            "witness_count",
            pl.Int16,
            "Other sources that agree with it, less driven paths that do not; 0 is no evidence",
            required=True,
            bounds=bounds.Bounds(0, 3),
        ),
        Column(
            "lap_dist_m",
            pl.Float64,
            "Median of LapDist / LapDistPct",
            "m",
            bounds=bounds.TRACK_LENGTH,
        ),
        Column(
            "driven_m", pl.Float64, "Integral of Speed for a lap", "m", bounds=bounds.TRACK_LENGTH
        ),
        Column("path_m", pl.Float64, "Path of Lat and Lon", "m", bounds=bounds.TRACK_LENGTH),
        Column("declared_m", pl.Float64, "TrackLength", "m", bounds=bounds.TRACK_LENGTH),
        Column(
            "latitude_deg",
            pl.Float64,
            "Latitude of the middle of what was driven",
            "°",
            bounds=bounds.LATITUDE,
        ),
        Column("longitude_deg", pl.Float64, "Longitude of the same", "°"),
        Column(
            "apex_pct",
            pl.List(pl.Float64),
            "Apexes of the corners that its clean laps show; null without clean laps",
            "ratio",
        ),
    ),
)

_GRID = (
    Column(
        "length_m",
        pl.Float64,
        "Length of the grid",
        "m",
        required=True,
        bounds=bounds.TRACK_LENGTH,
    ),
    Column("interval_count", pl.Int32, "Intervals of the grid", required=True, bounds=bounds.GRID),
)
_ON_THE_GRID = (
    Column(
        "origin_latitude_deg",
        pl.Float64,
        "Latitude of east_m, north_m (0, 0)",
        "°",
        bounds=bounds.LATITUDE,
    ),
    Column("origin_longitude_deg", pl.Float64, "Longitude of east_m, north_m (0, 0)", "°"),
    Column(
        "elapsed_s",
        pl.List(pl.Float64),
        "Time since the line when the car first got there",
        "s",
        required=True,
        bounds=bounds.DURATION,
    ),
    Column("east_m", pl.List(pl.Float32), "Metres east of the origin", "m"),
    Column("north_m", pl.List(pl.Float32), "Metres north of the origin", "m"),
    *(each.in_table for each in TRACE_CHANNELS),
)

LAP_TRACE = Table(
    name="racing.lap_trace",
    doc="One lap, line to line, on the distance grid of its track: arrays with one element a point"
    " from the line (0 m) to the line (the lap's length), both included.",
    key=("session_key", "stint", "lap_number"),
    columns=(
        Column("session_key", pl.String, "The session it was driven in", required=True),
        Column("stint", pl.Int32, "Stint it ended in", required=True, bounds=bounds.FROM_ONE),
        Column(
            "lap_number", pl.Int32, "Lap, as iRacing counts it", required=True, bounds=bounds.LAPS
        ),
        Column("track_id", pl.Int32, "TrackID; null when the file does not name the track"),
        *_GRID,
        Column(
            "lap_time_s",
            pl.Float64,
            "Its lap time; equals the last elapsed_s",
            "s",
            required=True,
            bounds=bounds.LAP_TIME,
        ),
        Column(
            "closure_s",
            pl.Float64,
            "What the lap clock and LapDistPct disagree by at the lap's two lines: lap time minus"
            " the time between both by LapDistPct",
            "s",
            required=True,
            bounds=bounds.DIFFERENCE,
        ),
        *_ON_THE_GRID,
    ),
)

REFERENCE_LAP = Table(
    name="racing.reference_lap",
    doc="One lap of another driver, on the grid of its track; never among the laps that"
    " were driven here, so that it is in none of their figures.",
    key=("reference_key",),
    columns=(
        Column("reference_key", pl.String, "Identity by content of the file", required=True),
        Column("source", pl.String, "ibt or garage61", required=True),
        Column("file_name", pl.String, "Name of the file it was read from", required=True),
        Column("track_id", pl.Int32, "TrackID", required=True),
        Column("car_id", pl.Int32, "CarID; null where the file does not tell"),
        Column("car_name", pl.String, "Name of the car"),
        Column("driver_name", pl.String, "Name of the driver"),
        Column(
            "air_temp_c",
            pl.Float64,
            "Air temperature over the lap",
            "°C",
            bounds=bounds.AIR_TEMPERATURE,
        ),
        Column(
            "track_temp_c",
            pl.Float64,
            "Track temperature over the lap",
            "°C",
            bounds=bounds.TRACK_TEMPERATURE,
        ),
        Column(
            "track_wetness",
            pl.Int32,
            "Highest TrackWetness (irsdk_TrackWetness)",
            bounds=bounds.WETNESS,
        ),
        *_GRID,
        Column(
            "lap_time_s",
            pl.Float64,
            "Lap time, the last elapsed_s",
            "s",
            required=True,
            bounds=bounds.LAP_TIME,
        ),
        Column(
            "lap_time_method",
            pl.String,
            "clock, interpolation, file_name (Garage 61 writes it there) or integration (of"
            " distance over speed, good to about a thousandth)",
            required=True,
        ),
        Column(
            "closure_s",
            pl.Float64,
            "What was spread over the lap so that elapsed_s ends at the lap time",
            "s",
            required=True,
            bounds=bounds.DIFFERENCE,
        ),
        *_ON_THE_GRID,
        Column(
            "driven_at",
            UTC,
            "When the lap began; null where the file does not tell",
            bounds=bounds.TIME,
        ),
    ),
)

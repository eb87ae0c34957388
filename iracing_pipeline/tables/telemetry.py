"""The tables that ``.ibt`` files become: one session a file, and its laps."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

UTC = pl.Datetime("us", "UTC")

TELEMETRY_SESSION = Table(
    name="racing.telemetry_session",
    doc="One stay in the car: what one .ibt file says of itself, the event, the car and the track.",
    key=("session_key",),
    columns=(
        Column(
            "session_key",
            pl.String,
            "Identity by content: start in UTC and a digest of what never changes as the file"
            " grows, so a renamed or copied file has the same key",
            required=True,
        ),
        Column("file_name", pl.String, "Name of the file it was read from", required=True),
        Column(
            "start_time",
            UTC,
            "When iRacing opened the file, UTC",
            required=True,
            bounds=bounds.TIME,
        ),
        Column(
            "end_time",
            UTC,
            "Start plus the SessionTime span of the records, UTC",
            bounds=bounds.TIME,
        ),
        Column(
            "duration_s",
            pl.Float64,
            "SessionTime from first to last record",
            "s",
            bounds=bounds.DURATION,
        ),
        Column("tick_rate_hz", pl.Int32, "Records a second, from the header", "Hz", required=True),
        Column("record_count", pl.Int64, "Records read", required=True),
        Column("channel_count", pl.Int32, "Channels in the file", required=True),
        Column("ibt_version", pl.Int16, "Header version: 1 (2015/16) or 2", required=True),
        Column("closed", pl.Boolean, "Whether iRacing closed the file properly", required=True),
        Column("warnings", pl.List(pl.String), "What the reader had to recover or leave out"),
        Column(
            "subsession_id",
            pl.Int64,
            "SubSessionID; null for an offline session",
            bounds=bounds.LONG_IDENTIFIER,
        ),
        Column("simsession_number", pl.Int32, "SessionNum that the records belong to"),
        Column("simsession_type", pl.String, "SessionType, such as Practice, Lone Qualify, Race"),
        Column("event_type", pl.String, "EventType of the weekend: Test, Practice, Race, ..."),
        Column("category", pl.String, "Category: Road, Oval, SportsCar, FormulaCar, DirtOval, ..."),
        Column(
            "series_id",
            pl.Int32,
            "SeriesID; null when the session is of no series",
            bounds=bounds.IDENTIFIER,
        ),
        Column(
            "season_id",
            pl.Int32,
            "SeasonID; null when the session is of no season",
            bounds=bounds.IDENTIFIER,
        ),
        Column(
            "track_id",
            pl.Int32,
            "TrackID; one for each track configuration",
            bounds=bounds.IDENTIFIER,
        ),
        Column("track_name", pl.String, "TrackDisplayName"),
        Column("track_config", pl.String, "TrackConfigName; null where the track has only one"),
        Column("track_length_m", pl.Float64, "TrackLength", "m", bounds=bounds.TRACK_LENGTH),
        Column(
            "pit_speed_limit_mps",
            pl.Float64,
            "TrackPitSpeedLimit",
            "m/s",
            bounds=bounds.SPEED_LIMIT,
        ),
        Column("car_id", pl.Int32, "CarID of the player's car", bounds=bounds.IDENTIFIER),
        Column("car_name", pl.String, "CarScreenName of the player's car"),
        Column("car_path", pl.String, "CarPath of the player's car"),
        Column(
            "cust_id",
            pl.Int64,
            "UserID of the driver who recorded it; null when unknown",
            bounds=bounds.LONG_IDENTIFIER,
        ),
        Column(
            "driver_name",
            pl.String,
            "UserName of the driver who recorded it; null where the file does not name them",
        ),
        Column("team_name", pl.String, "TeamName; null when not a team session"),
        Column(
            "irating",
            pl.Int32,
            "IRating at the start; null offline, where iRacing writes 1",
            bounds=bounds.IRATING,
        ),
        Column("licence_class", pl.String, "Licence class from LicString: R, D, C, B, A or P"),
        Column(
            "safety_rating",
            pl.Float64,
            "Safety Rating from LicSubLevel (321 is 3.21)",
            bounds=bounds.SAFETY_RATING,
        ),
        Column(
            "fuel_tank_l",
            pl.Float64,
            "DriverCarFuelMaxLtr x DriverCarMaxFuelPct",
            "l",
            bounds=bounds.TANK,
        ),
        Column("fuel_density_kg_per_l", pl.Float64, "DriverCarFuelKgPerLtr", "kg/l"),
        Column("setup_name", pl.String, "DriverSetupName"),
        Column("setup", pl.String, "CarSetup tree as iRacing writes it", json=True),
        Column("sector_start_pct", pl.List(pl.Float64), "SectorStartPct of each sector", "ratio"),
        Column("air_temp_c", pl.Float64, "Median AirTemp", "°C", bounds=bounds.AIR_TEMPERATURE),
        Column(
            "track_temp_c",
            pl.Float64,
            "Median TrackTempCrew (TrackTemp in old files)",
            "°C",
            bounds=bounds.TRACK_TEMPERATURE,
        ),
        Column("relative_humidity", pl.Float64, "Median RelativeHumidity", "ratio"),
        Column("wind_speed_mps", pl.Float64, "Median WindVel", "m/s", bounds=bounds.WIND),
        Column("lap_count", pl.Int32, "Rows of racing.telemetry_lap", required=True),
        Column("timed_lap_count", pl.Int32, "Laps of kind timed", required=True),
        Column(
            "clean_lap_count", pl.Int32, "Timed laps with no reason against them", required=True
        ),
        Column("best_lap_time_s", pl.Float64, "Fastest clean lap", "s", bounds=bounds.LAP_TIME),
        Column(
            "incidents",
            pl.Int32,
            "Incident points taken by the driver in this file",
            bounds=bounds.INCIDENTS,
        ),
        Column("frames_uri", pl.String, "Where the full-rate Parquet file lies in the lake"),
        Column(
            "start_source",
            pl.String,
            "Where start_time is from: header (exact), or estimated from file_name (local time of"
            " an unknown zone) or modified (modification time minus duration)",
            required=True,
        ),
        Column(
            "utc_offset_s",
            pl.Int32,
            "Local time of the racing PC minus UTC: time in the file's name minus start_time, to"
            " 15 minutes; null when unknown",
            "s",
            bounds=bounds.UTC_OFFSET,
        ),
        Column(
            "driver_source",
            pl.String,
            "What names the driver: DriverUserID (who recorded), or DriverCarIdx (the row of the"
            " car) in files without it; null when unknown",
        ),
        Column("build_version", pl.String, "BuildVersion of iRacing; null in old files"),
        Column(
            "build_season",
            pl.String,
            "Season that build_version belongs to, by its date, such as 2026 S2",
        ),
        Column("car_version", pl.String, "DriverCarVersion"),
        Column(
            "power_source",
            pl.String,
            "What the car runs on: fuel, hybrid (fuel and a battery) or electric",
            required=True,
        ),
        Column(
            "energy_capacity_kwh",
            pl.Float64,
            "DriverCarFuelMaxKWh x DriverCarMaxFuelPct",
            "kWh",
            bounds=bounds.ENERGY_CAPACITY,
        ),
    ),
)

TELEMETRY_LAP = Table(
    name="racing.telemetry_lap",
    doc="One lap, or part of a lap, driven in one stint of one session, with its classification.",
    key=("session_key", "stint", "lap_number"),
    columns=(
        Column("session_key", pl.String, "The session it was driven in", required=True),
        Column(
            "stint",
            pl.Int32,
            "Stint it ended in, from 1: a new one begins at each pit exit, reset and tow",
            required=True,
            bounds=bounds.FROM_ONE,
        ),
        Column(
            "lap_number", pl.Int32, "Lap, as iRacing counts it", required=True, bounds=bounds.LAPS
        ),
        Column(
            "kind",
            pl.String,
            "timed, out, in, pit (out and in), partial (not driven whole), reset or tow (it ended"
            " in one), start (lap 1 of a race, from the green), pace (before the green) or cooldown"
            " (after the car's own finish)",
            required=True,
        ),
        Column(
            "reasons",
            pl.List(pl.String),
            "Why the lap does not count as clean; empty for a clean lap",
            required=True,
        ),
        Column("clean", pl.Boolean, "Timed, and nothing against it", required=True),
        Column(
            "lap_time_s",
            pl.Float64,
            "Reconstructed lap time; null where no full lap",
            "s",
            bounds=bounds.LAP_TIME,
        ),
        Column(
            "lap_time_method",
            pl.String,
            "clock (SessionTime - LapCurrentLapTime), interpolation (LapDistPct at the line), or of"
            " lap 1 of a race green (SessionState turned to racing) or official (LapLastLapTime)",
        ),
        Column(
            "official_lap_time_s",
            pl.Float64,
            "LapLastLapTime; null where iRacing gave none",
            "s",
            bounds=bounds.LAP_TIME,
        ),
        Column(
            "residual_s",
            pl.Float64,
            "Reconstructed minus official lap time",
            "s",
            bounds=bounds.DIFFERENCE,
        ),
        Column("start_time", UTC, "When the lap began, UTC", required=True, bounds=bounds.TIME),
        Column("start_session_time_s", pl.Float64, "SessionTime at its start", "s", required=True),
        Column("end_session_time_s", pl.Float64, "SessionTime at its end", "s", required=True),
        Column(
            "first_record",
            pl.Int64,
            "Index of its first record in the file",
            required=True,
            bounds=bounds.COUNT,
        ),
        Column("record_count", pl.Int64, "Records it spans", required=True),
        Column(
            "distance_m",
            pl.Float64,
            "Distance driven: integral of Speed",
            "m",
            bounds=bounds.DISTANCE,
        ),
        Column("fuel_start_l", pl.Float64, "FuelLevel at its start", "l"),
        Column("fuel_end_l", pl.Float64, "FuelLevel at its end", "l"),
        Column("fuel_added_l", pl.Float64, "Fuel taken on during the lap", "l"),
        Column("fuel_used_l", pl.Float64, "Start + added - end", "l", bounds=bounds.FUEL_USED),
        Column("max_speed_mps", pl.Float64, "Highest Speed", "m/s", bounds=bounds.SPEED),
        Column("air_temp_c", pl.Float64, "Mean AirTemp", "°C", bounds=bounds.AIR_TEMPERATURE),
        Column(
            "track_temp_c",
            pl.Float64,
            "Mean TrackTempCrew (TrackTemp in old files)",
            "°C",
            bounds=bounds.TRACK_TEMPERATURE,
        ),
        Column(
            "track_wetness",
            pl.Int32,
            "Highest TrackWetness (irsdk_TrackWetness)",
            bounds=bounds.WETNESS,
        ),
        Column(
            "incidents",
            pl.Int32,
            "Incident points taken during the lap; null in old files",
            bounds=bounds.INCIDENTS,
        ),
        Column(
            "position",
            pl.Int32,
            "PlayerCarPosition at its end; null when not racing",
            bounds=bounds.POSITION,
        ),
        Column(
            "off_track_s",
            pl.Float64,
            "Time with the car off track (PlayerTrackSurface)",
            "s",
            bounds=bounds.DURATION,
        ),
        Column("pit_road_s", pl.Float64, "Time on pit road", "s", bounds=bounds.DURATION),
        Column(
            "missed_records",
            pl.Int32,
            "Records that iRacing dropped during the lap",
            bounds=bounds.COUNT,
        ),
        Column(
            "begins_at",
            pl.String,
            "What it begins at: line, green, or what put the car there: file, session, reset, tow",
        ),
        Column("ends_at", pl.String, "What it ends at, in the same words"),
        Column("simsession_number", pl.Int32, "SessionNum that the lap belongs to"),
        Column(
            "simsession_type",
            pl.String,
            "SessionType of that simsession: Practice, Lone Qualify, Race, ...",
        ),
        Column("energy_start_kwh", pl.Float64, "Energy in the battery at its start", "kWh"),
        Column("energy_end_kwh", pl.Float64, "Energy in the battery at its end", "kWh"),
        Column(
            "energy_used_kwh",
            pl.Float64,
            "Energy that the battery lost during the lap; below 0 where it gained. Null where it"
            " was charged in the pits",
            "kWh",
        ),
        Column(
            "energy_deployed_kwh",
            pl.Float64,
            "Energy from the battery to the MGU-K (EnergyBatteryToMGU_KLap)",
            "kWh",
        ),
    ),
)

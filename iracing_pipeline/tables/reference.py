"""The tables of what iRacing races with: tracks, cars, classes, series, seasons, licences."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

UTC = pl.Datetime("us", "UTC")

CATEGORY = Table(
    name="racing.category",
    doc="One licence category. Road (2) was split into Sports Car (5) and Formula Car (6) in 2024.",
    key=("category_id",),
    columns=(
        Column("category_id", pl.Int32, "Category id, which iRacing never changes", required=True),
        Column("name", pl.String, "Name, from constants/categories"),
    ),
)

DIVISION = Table(
    name="racing.division",
    doc="One division: iRacing puts the drivers of a season into divisions by their iRating.",
    key=("division",),
    columns=(
        Column("division", pl.Int32, "Number as results carry it: 0 is Division 1", required=True),
        Column("name", pl.String, "Name, from constants/divisions"),
    ),
)

EVENT_TYPE = Table(
    name="racing.event_type",
    doc="One type of subsession, such as practice or race.",
    key=("event_type",),
    columns=(
        Column(
            "event_type", pl.Int32, "2 practice, 3 qualify, 4 time trial, 5 race", required=True
        ),
        Column("name", pl.String, "Name, from constants/event_types"),
    ),
)

LICENCE_LEVEL = Table(
    name="racing.licence_level",
    doc="One licence level, such as Class D 2.0; a licence class has four.",
    key=("licence_level",),
    columns=(
        Column("licence_level", pl.Int32, "1 (R 1.0) to 28", required=True),
        Column("licence_group", pl.Int32, "1 Rookie to 7 Pro/World Championship"),
        Column("licence_class", pl.String, "R, D, C, B, A, P or W"),
        Column("name", pl.String, "Full name, such as Class D 2.0"),
        Column("short_name", pl.String, "Short name, such as D 2.0"),
        Column("colour", pl.String, "Colour as six hexadecimal digits"),
    ),
)

TRACK = Table(
    name="racing.track",
    doc="One configuration of a track: its length, place, pit boxes and speed limit in the pits.",
    key=("track_id",),
    columns=(
        Column("track_id", pl.Int32, "Track id, one for each configuration", required=True),
        Column("track_name", pl.String, "Name of the place"),
        Column("track_config", pl.String, "Configuration; null where the track has only one"),
        Column("category_id", pl.Int32, "Category the track belongs to"),
        Column(
            "length_m",
            pl.Float64,
            "track_config_length, from miles",
            "m",
            bounds=bounds.TRACK_LENGTH,
        ),
        Column(
            "corners_per_lap",
            pl.Int32,
            "Corners, as iRacing counts them for Safety Rating",
            bounds=bounds.COUNT,
        ),
        Column(
            "pit_speed_limit_mps",
            pl.Float64,
            "pit_road_speed_limit, from mph",
            "m/s",
            bounds=bounds.SPEED_LIMIT,
        ),
        Column(
            "nominal_lap_time_s",
            pl.Float64,
            "Lap time that iRacing plans with",
            "s",
            bounds=bounds.LAP_TIME,
        ),
        Column("is_oval", pl.Boolean, "Whether it is an oval"),
        Column("is_dirt", pl.Boolean, "Whether it is unpaved"),
        Column("track_type", pl.String, "Kind of track, such as Road Course"),
        Column("location", pl.String, "Town and country"),
        Column("latitude_deg", pl.Float64, "Latitude", "°", bounds=bounds.LATITUDE),
        Column("longitude_deg", pl.Float64, "Longitude", "°"),
        Column("time_zone", pl.String, "IANA name of its time zone"),
        Column("grid_stalls", pl.Int32, "Places on the grid"),
        Column("pit_stalls", pl.Int32, "Pit boxes"),
        Column("max_cars", pl.Int32, "Most cars in a session"),
        Column("night_lighting", pl.Boolean, "Whether it has lights"),
        Column("rain_enabled", pl.Boolean, "Whether it can rain"),
        Column("has_joker", pl.Boolean, "Whether it has an optional path (has_opt_path)"),
        Column("retired", pl.Boolean, "Whether it was replaced or withdrawn"),
        Column("track_path", pl.String, "Folder of the track in the simulator"),
        Column("package_id", pl.Int32, "Package it is sold in"),
    ),
)

CAR = Table(
    name="racing.car",
    doc="One car: its names, mass and power, and the licence categories that it races in.",
    key=("car_id",),
    columns=(
        Column("car_id", pl.Int32, "Car id", required=True),
        Column("car_name", pl.String, "Name"),
        Column("abbreviation", pl.String, "Short name"),
        Column("make", pl.String, "Make; null for spec cars"),
        Column("model", pl.String, "Model"),
        Column("mass_kg", pl.Float64, "car_weight, from pounds", "kg"),
        Column("power_w", pl.Float64, "hp, from horsepower", "W"),
        Column("categories", pl.List(pl.String), "Licence categories it races in"),
        Column("car_types", pl.List(pl.String), "Kinds of car, such as openwheel"),
        Column("rain_enabled", pl.Boolean, "Whether it can be driven in the rain"),
        Column("has_headlights", pl.Boolean, "Whether it has headlights"),
        Column("retired", pl.Boolean, "Whether it was replaced or withdrawn"),
        Column("car_path", pl.String, "Folder of the car in the simulator"),
        Column("package_id", pl.Int32, "Package it is sold in"),
    ),
)

CAR_CLASS = Table(
    name="racing.car_class",
    doc="One class of cars that race each other, with its cars.",
    key=("car_class_id",),
    columns=(
        Column("car_class_id", pl.Int32, "Class id", required=True),
        Column("name", pl.String, "Name"),
        Column("short_name", pl.String, "Short name"),
        Column("relative_speed", pl.Int32, "Rank by speed, higher is faster"),
        Column("rain_enabled", pl.Boolean, "Whether the class can be driven in the rain"),
        Column("car_ids", pl.List(pl.Int32), "Cars in it"),
    ),
)

SERIES = Table(
    name="racing.series",
    doc="One series, over all its seasons: its licence category and the licence it asks for.",
    key=("series_id",),
    columns=(
        Column("series_id", pl.Int32, "Series id", required=True),
        Column("series_name", pl.String, "Name"),
        Column("short_name", pl.String, "Short name"),
        Column("category_id", pl.Int32, "Licence category"),
        Column("min_starters", pl.Int32, "Fewest drivers for an official race"),
        Column("max_starters", pl.Int32, "Most drivers in a split"),
        Column("first_season", pl.String, "First season, such as 2025S2"),
        Column("lowest_licence_class", pl.String, "Lowest licence class that may enter"),
    ),
)

SEASON = Table(
    name="racing.season",
    doc="One season of a series.",
    key=("season_id",),
    columns=(
        Column("season_id", pl.Int32, "Season id", required=True),
        Column("series_id", pl.Int32, "Series"),
        Column("season", pl.String, "Year and quarter, such as 2026S1"),
        Column("season_name", pl.String, "Name"),
        Column("short_name", pl.String, "Short name"),
        Column("active", pl.Boolean, "Whether it is running"),
        Column("official", pl.Boolean, "Whether it counts for ratings"),
        Column("fixed_setup", pl.Boolean, "Whether the setup is given"),
        Column("multiclass", pl.Boolean, "Whether several classes race together"),
        Column("driver_changes", pl.Boolean, "Whether drivers share a car"),
        Column("licence_class", pl.String, "Licence class it is meant for; null for any"),
        Column("max_weeks", pl.Int32, "Race weeks"),
        Column("drops", pl.Int32, "Weeks that do not count for the championship"),
        Column("race_week_num", pl.Int32, "Week it is in, from 0 as iRacing counts"),
        Column("car_class_ids", pl.List(pl.Int32), "Classes that race in it"),
        Column("start_date", pl.Date, "First day"),
    ),
)

SEASON_WEEK = Table(
    name="racing.season_week",
    doc="One race week of a season: where and how long it races.",
    key=("season_id", "race_week_num"),
    columns=(
        Column("season_id", pl.Int32, "Season", required=True),
        Column("race_week_num", pl.Int32, "Week, from 0 as iRacing counts", required=True),
        Column("track_id", pl.Int32, "Track configuration"),
        Column("track_name", pl.String, "Name of the track"),
        Column("track_config", pl.String, "Configuration; null where the track has only one"),
        Column("start_date", pl.Date, "First day of the week"),
        Column("week_end_time", UTC, "When the week ends, UTC", bounds=bounds.TIME),
        Column(
            "race_time_limit_s", pl.Float64, "Length of a race by time", "s", bounds=bounds.DURATION
        ),
        Column("race_lap_limit", pl.Int32, "Length of a race by laps", bounds=bounds.LAPS),
        Column("practice_length_s", pl.Float64, "Length of practice", "s", bounds=bounds.DURATION),
        Column("qualify_length_s", pl.Float64, "Length of qualifying", "s", bounds=bounds.DURATION),
        Column("qualify_laps", pl.Int32, "Laps in qualifying", bounds=bounds.LAPS),
        Column("start_type", pl.String, "Rolling or Standing"),
        Column("precipitation_chance_pct", pl.Float64, "Chance of rain", "%"),
    ),
)

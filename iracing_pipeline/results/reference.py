"""Payloads of what iRacing races with: tracks, cars, classes, series, seasons, licences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from iracing_pipeline.results import kinds
from iracing_pipeline.results.reading import Field, Rows, Shape, objects, value_at
from iracing_pipeline.results.season import season_key
from iracing_pipeline.tables.reference import (
    CAR,
    CAR_CLASS,
    CATEGORY,
    DIVISION,
    EVENT_TYPE,
    LICENCE_LEVEL,
    SEASON,
    SEASON_WEEK,
    SERIES,
    TRACK,
)

if TYPE_CHECKING:
    from iracing_pipeline.results.issues import Issues
    from iracing_pipeline.tables import Table

TRACK_SHAPE = Shape(
    where="track/get[]",
    table=TRACK,
    fields=(
        Field("track_id", "track_id", kinds.IDENTIFIER),
        Field("track_name", "track_name", kinds.TEXT),
        Field("track_config", "config_name", kinds.CONFIG, optional=True),
        Field("category_id", "category_id", kinds.IDENTIFIER),
        Field("length_m", "track_config_length", kinds.MILES),
        Field("corners_per_lap", "corners_per_lap", kinds.COUNT),
        Field("pit_speed_limit_mps", "pit_road_speed_limit", kinds.MPH, optional=True),
        Field("nominal_lap_time_s", "nominal_lap_time", kinds.LAP_S, optional=True),
        Field("is_oval", "is_oval", kinds.BOOLEAN),
        Field("is_dirt", "is_dirt", kinds.BOOLEAN),
        Field("track_type", "track_type_text", kinds.TEXT),
        Field("location", "location", kinds.TEXT),
        Field("latitude_deg", "latitude", kinds.NUMBER),
        Field("longitude_deg", "longitude", kinds.NUMBER),
        Field("time_zone", "time_zone", kinds.TEXT),
        Field("grid_stalls", "grid_stalls", kinds.COUNT),
        Field("pit_stalls", "number_pitstalls", kinds.COUNT),
        Field("max_cars", "max_cars", kinds.COUNT),
        Field("night_lighting", "night_lighting", kinds.BOOLEAN),
        Field("rain_enabled", "rain_enabled", kinds.BOOLEAN),
        Field("has_joker", "has_opt_path", kinds.BOOLEAN),
        Field("retired", "retired", kinds.BOOLEAN),
        Field("track_path", "track_dirpath", kinds.TEXT),
        Field("package_id", "package_id", kinds.IDENTIFIER),
    ),
    ignored="ai_enabled allow_pitlane_collisions allow_rolling_start allow_standing_start"
    " award_exempt banking category closes created first_sale folder free_with_subscription"
    " fully_lit has_short_parade_lap has_start_zone has_svg_map is_ps_purchasable lap_scoring logo"
    " opens price price_display priority purchasable qualify_laps restart_on_left search_filters"
    " site_url sku small_image solo_laps start_on_left supports_grip_compound tech_track"
    " track_type track_types",
)

CAR_SHAPE = Shape(
    where="car/get[]",
    table=CAR,
    fields=(
        Field("car_id", "car_id", kinds.IDENTIFIER),
        Field("car_name", "car_name", kinds.TEXT),
        Field("abbreviation", "car_name_abbreviated", kinds.TEXT),
        Field("make", "car_make", kinds.TEXT, optional=True),
        Field("model", "car_model", kinds.TEXT, optional=True),
        Field("mass_kg", "car_weight", kinds.POUNDS),
        Field("power_w", "hp", kinds.HORSEPOWER),
        Field("categories", "categories", kinds.TEXTS),
        Field("car_types", "car_types", kinds.TEXTS),
        Field("rain_enabled", "rain_enabled", kinds.BOOLEAN),
        Field("has_headlights", "has_headlights", kinds.BOOLEAN),
        Field("retired", "retired", kinds.BOOLEAN),
        Field("car_path", "car_dirpath", kinds.TEXT),
        Field("package_id", "package_id", kinds.IDENTIFIER),
    ),
    ignored="ai_enabled allow_number_colors allow_number_font allow_sponsor1 allow_sponsor2"
    " allow_wheel_color award_exempt car_config_defs car_configs created first_sale folder"
    " forum_url free_with_subscription has_multiple_dry_tire_types has_rain_capable_tire_types"
    " is_ps_purchasable logo max_power_adjust_pct max_weight_penalty_kg min_power_adjust_pct"
    " paint_rules patterns price price_display search_filters site_url sku small_image"
    " sponsor_logo",
)

CAR_CLASS_SHAPE = Shape(
    where="carclass/get[]",
    table=CAR_CLASS,
    fields=(
        Field("car_class_id", "car_class_id", kinds.COUNT),
        Field("name", "name", kinds.TEXT),
        Field("short_name", "short_name", kinds.TEXT),
        Field("relative_speed", "relative_speed", kinds.COUNT),
        Field("rain_enabled", "rain_enabled", kinds.BOOLEAN),
        Field("car_ids", "car_ids", kinds.INTEGERS),
    ),
    ignored="cars_in_class cust_id",
)

SERIES_SHAPE = Shape(
    where="series/get[]",
    table=SERIES,
    fields=(
        Field("series_id", "series_id", kinds.IDENTIFIER),
        Field("series_name", "series_name", kinds.TEXT),
        Field("short_name", "series_short_name", kinds.TEXT),
        Field("category_id", "category_id", kinds.IDENTIFIER),
        Field("min_starters", "min_starters", kinds.COUNT, optional=True),
        Field("max_starters", "max_starters", kinds.COUNT, optional=True),
        Field("first_year", "first_season.season_year", kinds.COUNT, optional=True),
        Field("first_quarter", "first_season.season_quarter", kinds.COUNT, optional=True),
        Field("lowest_licence_class", "lowest_group", kinds.LICENCE_GROUP, optional=True),
    ),
    ignored="active allowed_licenses category eligible fixed_setup forum_url license_group"
    " license_group_types logo lowest_group official oval_caution_type road_caution_type"
    " search_filters seasons",
    derived=(("first_season", season_key("first_year", "first_quarter")),),
)

SEASON_SHAPE = Shape(
    where="seasons[]",
    table=SEASON,
    fields=(
        Field("season_id", "season_id", kinds.IDENTIFIER),
        Field("series_id", "series_id", kinds.IDENTIFIER),
        Field("season_year", "season_year", kinds.COUNT),
        Field("season_quarter", "season_quarter", kinds.COUNT),
        Field("season_name", "season_name", kinds.TEXT),
        Field("short_name", "season_short_name", kinds.TEXT, optional=True),
        Field("active", "active", kinds.BOOLEAN, optional=True),
        Field("official", "official", kinds.BOOLEAN),
        Field("fixed_setup", "fixed_setup", kinds.BOOLEAN),
        Field("multiclass", "multiclass", kinds.BOOLEAN, optional=True),
        Field("driver_changes", "driver_changes", kinds.BOOLEAN),
        Field("licence_class", "license_group", kinds.LICENCE_GROUP, optional=True),
        Field("max_weeks", "max_weeks", kinds.COUNT, optional=True),
        Field("drops", "drops", kinds.COUNT, optional=True),
        Field("race_week_num", "race_week", kinds.COUNT, optional=True),
        Field("car_class_ids", "car_class_ids", kinds.INTEGERS, optional=True),
        Field("start_date", "start_date", kinds.DAY, optional=True),
    ),
    ignored="allowed_season_members car_classes car_switching car_types"
    " caution_laps_do_not_count complete connection_black_flag consec_caution_within_nlaps"
    " consec_cautions_single_file cross_license distributed_matchmaking driver_change_rule"
    " elig enable_pitlane_collisions green_white_checkered_limit grid_by_class hardcore_level"
    " has_mpr has_supersessions heat_ses_info ignore_license_for_practice incident_limit"
    " incident_warn_mode incident_warn_param1 incident_warn_param2 is_heat_racing"
    " license_group_types lucky_dog max_team_drivers min_team_drivers"
    " must_use_diff_tire_types_in_race next_race_session num_fast_tows num_opt_laps op_duration"
    " open_practice_session_type_id qualifier_must_start_race race_points"
    " race_week_to_make_divisions race_weeks reg_open_minutes reg_user_count"
    " region_competition restrict_by_member"
    " restrict_to_car restrict_viewing rookie_season schedule_description schedules"
    " send_to_open_practice series_name short_parade_lap start_on_qual_tire start_zone"
    " track_types unsport_conduct_rule_mode",
    derived=(("season", season_key("season_year", "season_quarter")),),
)

SEASON_WEEK_SHAPE = Shape(
    where="schedules[]",
    table=SEASON_WEEK,
    fields=(
        Field("season_id", "season_id", kinds.IDENTIFIER),
        Field("race_week_num", "race_week_num", kinds.COUNT),
        Field("track_id", "track.track_id", kinds.IDENTIFIER),
        Field("track_name", "track.track_name", kinds.TEXT),
        Field("track_config", "track.config_name", kinds.CONFIG),
        Field("start_date", "start_date", kinds.DAY, optional=True),
        Field("week_end_time", "week_end_time", kinds.MOMENT, optional=True),
        Field("race_time_limit_s", "race_time_limit", kinds.MINUTES, optional=True),
        Field("race_lap_limit", "race_lap_limit", kinds.POSITION_FROM_1, optional=True),
        Field("practice_length_s", "practice_length", kinds.MINUTES, optional=True),
        Field("qualify_length_s", "qualify_length", kinds.MINUTES, optional=True),
        Field("qualify_laps", "qualify_laps", kinds.POSITION_FROM_1, optional=True),
        Field("start_type", "start_type", kinds.TEXT, optional=True),
        Field(
            "precipitation_chance_pct",
            "weather.weather_summary.precip_chance",
            kinds.MEASURE,
            optional=True,
        ),
    ),
    ignored="car_restrictions category category_id enable_pitlane_collisions"
    " full_course_cautions qual_attached qual_time_descriptors race_time_descriptors"
    " race_week_car_class_ids race_week_cars restart_type schedule_name season_name series_id"
    " series_name short_parade_lap special_event_type start_zone track_state warmup_length",
)


def read_tracks(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.track`` from ``track/get``."""
    return _read(TRACK_SHAPE, payload, issues)


def read_cars(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.car`` from ``car/get``."""
    cars = [
        {**car, "car_types": [value_at(each, "car_type") for each in objects(car, "car_types")]}
        if isinstance(car, dict) and "car_types" in car
        else car
        for car in _listed(payload)
    ]
    return _read(CAR_SHAPE, cars, issues)


def read_car_classes(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.car_class`` from ``carclass/get``."""
    classes = [
        {**each, "car_ids": [value_at(car, "car_id") for car in objects(each, "cars_in_class")]}
        if isinstance(each, dict)
        else each
        for each in _listed(payload)
    ]
    return _read(CAR_CLASS_SHAPE, classes, issues)


def read_series(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.series`` from ``series/get`` or ``series/past_seasons``."""
    single = value_at(payload, "series")
    listed = [
        {**each, "lowest_group": _lowest_group(each)} if isinstance(each, dict) else each
        for each in ([single] if isinstance(single, dict) else _listed(payload))
    ]
    return _read(SERIES_SHAPE, listed, issues)


def read_seasons(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.season``.

    Args:
        payload: Of ``series/seasons``, ``season/list`` or ``series/past_seasons``.
        issues: Collects what is unexpected in it.

    Returns:
        Rows of ``racing.season``.
    """
    return _read(SEASON_SHAPE, _seasons(payload), issues)


def read_season_weeks(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.season_week``.

    Args:
        payload: Of ``series/seasons``, ``series/season_schedule`` or ``series/past_seasons``.
        issues: Collects what is unexpected in it.

    Returns:
        Rows of ``racing.season_week``.
    """
    rows = Rows(SEASON_WEEK_SHAPE, issues)
    rows.add(objects(payload, "schedules"), {})
    for season in _seasons(payload):
        rows.add(objects(season, "schedules") or objects(season, "race_weeks"), {})
    return rows.frame()


def read_licence_levels(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.licence_level`` from ``lookup/licenses``."""
    shape = Shape(
        where="lookup/licenses[].levels[]",
        table=LICENCE_LEVEL,
        fields=(
            Field("licence_level", "license_id", kinds.IDENTIFIER),
            Field("licence_group", "license_group", kinds.IDENTIFIER),
            Field("name", "license", kinds.TEXT),
            Field("short_name", "short_name", kinds.TEXT),
            Field("colour", "color", kinds.TEXT),
            Field("licence_class", "license_id", kinds.LICENCE_CLASS),
        ),
        ignored="license_letter",
    )
    rows = Rows(shape, issues)
    for group in _listed(payload):
        rows.add(objects(group, "levels"), {})
    return rows.frame()


def read_categories(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.category`` from ``constants/categories``."""
    return _constants(CATEGORY, payload, issues)


def read_divisions(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.division`` from ``constants/divisions``; "ALL" is not one."""
    return _constants(DIVISION, payload, issues).filter(pl.col("division") >= 0)


def read_event_types(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.event_type`` from ``constants/event_types``."""
    return _constants(EVENT_TYPE, payload, issues)


def _constants(table: Table, payload: object, issues: Issues) -> pl.DataFrame:
    shape = Shape(
        where="constants[]",
        table=table,
        fields=(
            Field(table.key[0], "value", kinds.INTEGER),
            Field("name", "label", kinds.TEXT),
        ),
    )
    return _read(shape, payload, issues)


def _read(shape: Shape, payload: object, issues: Issues) -> pl.DataFrame:
    rows = Rows(shape, issues)
    rows.add(payload, {})
    return rows.frame()


def _listed(payload: object) -> list[Any]:
    return payload if isinstance(payload, list) else []


def _seasons(payload: object) -> list[Any]:
    if isinstance(payload, list):
        return payload
    return objects(payload, "seasons") or objects(value_at(payload, "series"), "seasons")


def _lowest_group(series: object) -> int | None:
    groups = [value_at(each, "license_group") for each in objects(series, "allowed_licenses")]
    return min((each for each in groups if type(each) is int), default=None)

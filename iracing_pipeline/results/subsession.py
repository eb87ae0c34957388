"""``results/get`` and its exports: a subsession, its simsessions, and who did what in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from iracing_pipeline.results import kinds
from iracing_pipeline.results.countries import three_letters
from iracing_pipeline.results.reading import Field, Rows, Shape, objects, value_at
from iracing_pipeline.results.season import season_key
from iracing_pipeline.results.source import Source
from iracing_pipeline.tables.results import (
    MEMBER,
    RESULT,
    SIMSESSION,
    SUBSESSION,
    SUBSESSION_CLASS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from iracing_pipeline.results.issues import Issues

MAIN_EVENT = 0
SOURCE_TIME = SUBSESSION.schema["source_time"]

CELSIUS = (
    pl.when(pl.col("temp_units") == 1)
    .then(pl.col("temp_value"))
    .when(pl.col("temp_units") == 0)
    .then((pl.col("temp_value") - 32) / 1.8)
)
_MPH = 0.44704

SUBSESSION_SHAPE = Shape(
    where="results/get",
    table=SUBSESSION,
    fields=(
        Field("subsession_id", "subsession_id", kinds.IDENTIFIER),
        Field("session_id", "session_id", kinds.IDENTIFIER),
        Field("start_time", "start_time", kinds.MOMENT),
        Field("end_time", "end_time", kinds.MOMENT),
        Field("event_type", "event_type", kinds.COUNT),
        Field("official", "official_session", kinds.BOOLEAN),
        Field("season_id", "season_id", kinds.IDENTIFIER),
        Field("season_year", "season_year", kinds.COUNT),
        Field("season_quarter", "season_quarter", kinds.COUNT),
        Field("season_name", "season_name", kinds.TEXT),
        Field("series_id", "series_id", kinds.IDENTIFIER),
        Field("series_name", "series_name", kinds.TEXT),
        Field("race_week_num", "race_week_num", kinds.COUNT),
        Field("category_id", "license_category_id", kinds.IDENTIFIER),
        Field("private_session_id", "private_session_id", kinds.IDENTIFIER),
        Field("session_name", "session_name", kinds.TEXT, optional=True),
        Field("host_cust_id", "host_id", kinds.IDENTIFIER, optional=True),
        Field("league_id", "league_id", kinds.IDENTIFIER, optional=True),
        Field("league_name", "league_name", kinds.TEXT, optional=True),
        Field("league_season_id", "league_season_id", kinds.IDENTIFIER, optional=True),
        Field("league_season_name", "league_season_name", kinds.TEXT, optional=True),
        Field("track_id", "track.track_id", kinds.IDENTIFIER),
        Field("track_name", "track.track_name", kinds.TEXT),
        Field("track_config", "track.config_name", kinds.CONFIG),
        Field("strength_of_field", "event_strength_of_field", kinds.COUNT),
        Field("driver_count", "num_drivers", kinds.COUNT, optional=True),
        Field("max_team_drivers", "max_team_drivers", kinds.COUNT),
        Field("heat_info_id", "heat_info_id", kinds.IDENTIFIER),
        Field("laps_complete", "event_laps_complete", kinds.COUNT),
        Field("average_lap_s", "event_average_lap", kinds.LAP_TICKS),
        Field("best_lap_s", "event_best_lap_time", kinds.LAP_TICKS, optional=True),
        Field("caution_count", "num_cautions", kinds.COUNT),
        Field("caution_laps", "num_caution_laps", kinds.COUNT),
        Field("lead_changes", "num_lead_changes", kinds.COUNT),
        Field("corners_per_lap", "corners_per_lap", kinds.COUNT),
        Field("temp_value", "weather.temp_value", kinds.NUMBER),
        Field("temp_units", "weather.temp_units", kinds.INTEGER),
        Field("wind_value", "weather.wind_value", kinds.MEASURE),
        Field("wind_units", "weather.wind_units", kinds.INTEGER),
        Field("humidity", "weather.rel_humidity", kinds.PERCENT),
        Field("skies", "weather.skies", kinds.COUNT),
        Field("results_restricted", "results_restricted", kinds.BOOLEAN),
    ),
    ignored="allowed_licenses associated_subsession_ids can_protest car_classes caution_type"
    " cooldown_minutes damage_model driver_change_param1 driver_change_param2"
    " driver_change_rule driver_changes event_type_name license_category limit_minutes max_weeks"
    " min_team_drivers num_laps_for_qual_average num_laps_for_solo_average points_type"
    " race_summary restrict_results season_short_name series_logo series_short_name"
    " session_results session_splits special_event_type track_state",
    derived=(
        # Hosted sessions claim to be of 2000S1, in a season with id 0.
        (
            "season",
            pl.when(pl.col("season_id").is_not_null()).then(
                season_key("season_year", "season_quarter")
            ),
        ),
        (
            "race_week_num",
            pl.when(pl.col("season_id").is_not_null()).then(pl.col("race_week_num")),
        ),
        ("air_temp_c", CELSIUS),
        # A forecast leaves the fixed humidity at 0.
        ("relative_humidity", pl.when(pl.col("humidity") > 0).then(pl.col("humidity"))),
        # Under the metric code this value is whole m/s, unlike that of weather_result.
        (
            "wind_speed_mps",
            pl.when(pl.col("wind_units") == 0)
            .then(pl.col("wind_value") * _MPH)
            .otherwise(pl.col("wind_value")),
        ),
        ("heat_race", pl.col("heat_info_id").is_not_null()),
    ),
)

CLASS_SHAPE = Shape(
    where="results/get car_classes[]",
    table=SUBSESSION_CLASS,
    fields=(
        Field("car_class_id", "car_class_id", kinds.COUNT),
        Field("name", "name", kinds.TEXT),
        Field("short_name", "short_name", kinds.TEXT),
        Field("strength_of_field", "strength_of_field", kinds.COUNT, optional=True),
        Field("entry_count", "num_entries", kinds.COUNT, optional=True),
        Field("car_ids", "car_ids", kinds.INTEGERS),
    ),
    ignored="cars_in_class relative_speed",
)

SIMSESSION_SHAPE = Shape(
    where="results/get session_results[]",
    table=SIMSESSION,
    fields=(
        Field("simsession_number", "simsession_number", kinds.INTEGER),
        Field("simsession_type", "simsession_type", kinds.COUNT),
        Field("type_name", "simsession_type_name", kinds.TEXT),
        Field("name", "simsession_name", kinds.TEXT),
        Field("temp_value", "weather_result.avg_temp", kinds.NUMBER, optional=True),
        Field("temp_units", "weather_result.temp_units", kinds.INTEGER, optional=True),
        Field("wind_value", "weather_result.avg_wind_speed", kinds.MEASURE, optional=True),
        Field("wind_units", "weather_result.wind_units", kinds.INTEGER, optional=True),
        Field("relative_humidity", "weather_result.avg_rel_humidity", kinds.PERCENT, optional=True),
        Field("cloud_cover", "weather_result.avg_cloud_cover_pct", kinds.PERCENT, optional=True),
        Field("precipitation", "weather_result.precip_time_pct", kinds.PERCENT, optional=True),
    ),
    ignored="results simsession_subtype",
    derived=(
        ("air_temp_c", CELSIUS),
        (
            "wind_speed_mps",
            pl.when(pl.col("wind_units") == 0)
            .then(pl.col("wind_value") * _MPH)
            .otherwise(pl.col("wind_value") / 3.6),
        ),
    ),
)


def _main_event(column: str) -> tuple[str, pl.Expr]:
    # Every simsession repeats the final ratings: only the main event's row changed them.
    return column, pl.when(pl.col("simsession_number") == MAIN_EVENT).then(pl.col(column))


_RATINGS = (
    Field("irating_before", "oldi_rating", kinds.RATING),
    Field("irating_after", "newi_rating", kinds.RATING),
    Field("licence_class_before", "old_license_level", kinds.LICENCE_CLASS),
    Field("licence_class_after", "new_license_level", kinds.LICENCE_CLASS),
    Field("safety_rating_before", "old_sub_level", kinds.SUB_LEVEL),
    Field("safety_rating_after", "new_sub_level", kinds.SUB_LEVEL),
    Field("cpi_before", "old_cpi", kinds.MEASURE),
    Field("cpi_after", "new_cpi", kinds.MEASURE),
    Field("tt_rating_after", "new_ttrating", kinds.RATING),
)

RESULT_SHAPE = Shape(
    where="results/get session_results[].results[]",
    table=RESULT,
    fields=(
        Field("cust_id", "cust_id", kinds.IDENTIFIER, optional=True),
        Field("team_id", "team_id", kinds.IDENTIFIER, optional=True),
        Field("display_name", "display_name", kinds.TEXT),
        Field("ai", "ai", kinds.BOOLEAN, optional=True),
        Field("car_id", "car_id", kinds.IDENTIFIER),
        Field("car_name", "car_name", kinds.TEXT),
        Field("car_class_id", "car_class_id", kinds.COUNT),
        Field("car_class_name", "car_class_name", kinds.TEXT),
        Field("car_number", "livery.car_number", kinds.TEXT, optional=True),
        Field("flair", "flair_shortname", kinds.TEXT, optional=True),
        Field("country", "country_code", kinds.TEXT, optional=True),
        Field("division", "division", kinds.COUNT),
        Field("starting_position", "starting_position", kinds.POSITION_FROM_0),
        Field("starting_position_in_class", "starting_position_in_class", kinds.POSITION_FROM_0),
        Field("finish_position", "finish_position", kinds.POSITION_FROM_0),
        Field("finish_position_in_class", "finish_position_in_class", kinds.POSITION_FROM_0),
        Field("laps_complete", "laps_complete", kinds.COUNT),
        Field("laps_led", "laps_lead", kinds.COUNT),
        Field("interval_s", "interval", kinds.TICKS),
        Field("class_interval_s", "class_interval", kinds.TICKS),
        Field("average_lap_s", "average_lap", kinds.LAP_TICKS),
        Field("best_lap_s", "best_lap_time", kinds.LAP_TICKS),
        Field("best_lap_number", "best_lap_num", kinds.POSITION_FROM_1),
        Field("qualifying_lap_s", "best_qual_lap_time", kinds.LAP_TICKS),
        Field("qualifying_lap_at", "best_qual_lap_at", kinds.MOMENT),
        Field("incidents", "incidents", kinds.COUNT),
        Field("reason_out_id", "reason_out_id", kinds.COUNT),
        Field("reason_out", "reason_out", kinds.TEXT),
        Field("champ_points", "champ_points", kinds.COUNT),
        Field("aggregate_champ_points", "aggregate_champ_points", kinds.COUNT),
        Field("league_points", "league_points", kinds.COUNT),
        Field("dropped", "drop_race", kinds.BOOLEAN),
        *_RATINGS,
        Field("weight_penalty_kg", "weight_penalty_kg", kinds.MEASURE),
        Field("max_fuel_fill", "max_pct_fuel_fill", kinds.PERCENT),
    ),
    ignored="best_nlaps_num best_nlaps_time best_qual_lap_num car_class_short_name carcfg club_id"
    " club_name club_points club_shortname division_name driver_results flair_id flair_name"
    " friend helmet league_agg_points license_change_oval license_change_road multiplier"
    " old_ttrating opt_laps_complete position qual_lap_time suit watched",
    derived=(
        ("group_id", pl.coalesce("team_id", "cust_id")),
        ("participant_id", pl.coalesce("cust_id", "team_id")),
        ("country_code", three_letters(pl.coalesce("flair", "country"))),
        ("finished", pl.col("reason_out_id") == 0),
        *(_main_event(field.column) for field in _RATINGS),
    ),
)


def _sparse(shape: Shape, **derived: pl.Expr) -> Shape:
    """A shape for a source that lacks most fields, so that none is missed."""
    return replace(
        shape,
        fields=tuple(replace(field, optional=True) for field in shape.fields),
        derived=tuple((name, derived.get(name, rule)) for name, rule in shape.derived),
    )


# The CSV of an event names series and season, but has no ids of them.
_CSV_SUBSESSION = _sparse(
    SUBSESSION_SHAPE,
    season=pl.when(pl.col("series_name").is_not_null()).then(
        season_key("season_year", "season_quarter")
    ),
    race_week_num=pl.col("race_week_num"),
    heat_race=pl.lit(None, pl.Boolean),
)
_CSV_SIMSESSION, _CSV_RESULT = _sparse(SIMSESSION_SHAPE), _sparse(RESULT_SHAPE)


@dataclass(frozen=True, slots=True)
class SubsessionFrames:
    """Frames of ``results/get`` payloads.

    Attributes:
        subsession: Rows of ``racing.subsession``.
        subsession_class: Rows of ``racing.subsession_class``.
        simsession: Rows of ``racing.simsession``.
        result: Rows of ``racing.result``.
        member: Rows of ``racing.member``.
    """

    subsession: pl.DataFrame
    subsession_class: pl.DataFrame
    simsession: pl.DataFrame
    result: pl.DataFrame
    member: pl.DataFrame

    def at(self, times: Mapping[int, datetime]) -> SubsessionFrames:
        """The same, each subsession with the time of its source's data."""
        ids = self.subsession["subsession_id"]
        column = pl.Series("source_time", [times.get(each) for each in ids], SOURCE_TIME)
        return replace(self, subsession=self.subsession.with_columns(column))


def read_subsessions(payloads: Iterable[Any], source: Source, issues: Issues) -> SubsessionFrames:
    """The frames of any number of ``results/get`` payloads.

    Args:
        payloads: The documents, without a wrapper.
        source: Source.
        issues: Collects what is unexpected in them.

    Returns:
        Frames with each key once.
    """
    is_csv = source is Source.EVENT_CSV
    subsessions = Rows(_CSV_SUBSESSION if is_csv else SUBSESSION_SHAPE, issues)
    classes = Rows(CLASS_SHAPE, issues)
    simsessions = Rows(_CSV_SIMSESSION if is_csv else SIMSESSION_SHAPE, issues)
    results = Rows(_CSV_RESULT if is_csv else RESULT_SHAPE, issues)
    for payload in payloads:
        subsessions.add(payload, {**source.columns, **_summary(payload)})
        subsession_id = _whole(value_at(payload, "subsession_id"))
        here: dict[str, object] = {"subsession_id": subsession_id}
        classes.add(
            [_with_car_ids(each) for each in objects(payload, "car_classes")],
            here,
        )
        for simsession in objects(payload, "session_results"):
            entries = objects(simsession, "results")
            given = {**here, **source.columns}
            simsessions.add([simsession], {**given, "entry_count": len(entries)})
            number = _whole(value_at(simsession, "simsession_number"))
            _add_entries(results, entries, {**given, "simsession_number": number})
    result = results.frame()
    subsession = subsessions.frame(keep="last")
    return SubsessionFrames(
        subsession=subsession,
        subsession_class=classes.frame(keep="last"),
        simsession=simsessions.frame(keep="last"),
        result=result,
        member=members(result, subsession),
    )


def members(result: pl.DataFrame, subsession: pl.DataFrame) -> pl.DataFrame:
    """The members met in results, each as last seen.

    Args:
        result: Rows of ``racing.result``.
        subsession: The subsessions they belong to.

    Returns:
        Rows of ``racing.member``.
    """
    seen = (
        result.filter(pl.col("cust_id").is_not_null())
        .join(
            subsession.select("subsession_id", seen_at=pl.coalesce("end_time", "start_time")),
            on="subsession_id",
        )
        .sort("seen_at", nulls_last=False)
        .unique("cust_id", keep="last", maintain_order=True)
        .with_columns(member_since=pl.lit(None, pl.Date))
    )
    return seen.select(MEMBER.names)


def _add_entries(results: Rows, entries: list[Any], given: dict[str, object]) -> None:
    for entry in entries:
        drivers = objects(entry, "driver_results")
        team = value_at(entry, "team_id") is not None
        results.add([entry], {**given, "kind": "team" if team else "driver"})
        if drivers:
            results.add(drivers, {**given, "kind": "team_driver"})


def _summary(payload: object) -> dict[str, object]:
    """Values of a subsession's row from the lists in its payload."""
    main = next(
        (
            each
            for each in objects(payload, "session_results")
            if value_at(each, "simsession_number") == MAIN_EVENT
        ),
        None,
    )
    entries = [each for each in objects(main, "results") if isinstance(each, dict)]
    winner = next((each for each in entries if each.get("finish_position") == 0), {})
    class_ids = {_whole(each.get("car_class_id")) for each in entries} - {None}
    ranked = sorted(
        (
            (-strength, split)
            for each in objects(payload, "session_splits")
            if (strength := _whole(value_at(each, "event_strength_of_field"))) is not None
            and (split := _whole(value_at(each, "subsession_id"))) is not None
        ),
    )
    order = [split for _, split in ranked]
    own = _whole(value_at(payload, "subsession_id"))
    return {
        "split": order.index(own) + 1 if own in order else None,
        "split_count": len(order) or None,
        "car_count": len(entries) if main is not None else None,
        "multiclass": len(class_ids) > 1 if entries else None,
        "winner_group_id": _whole(winner.get("team_id", winner.get("cust_id"))),
        "winner_name": _text(winner.get("display_name")),
    }


def _with_car_ids(car_class: object) -> object:
    if not isinstance(car_class, dict):
        return car_class
    ids = [value_at(each, "car_id") for each in objects(car_class, "cars_in_class")]
    return {**car_class, "car_ids": [each for each in ids if type(each) is int]}


_whole = kinds.whole_number


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

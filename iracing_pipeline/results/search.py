"""Rows of ``results/search_series`` and ``results/search_hosted``, and of the Results Archive.

With a member's id, a search row is that member's own result of the main event; without, only the
subsession is known from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from iracing_pipeline.results import kinds
from iracing_pipeline.results.reading import Field, Rows, Shape
from iracing_pipeline.results.season import season_key
from iracing_pipeline.results.subsession import SubsessionFrames
from iracing_pipeline.tables.results import (
    MEMBER,
    RESULT,
    SIMSESSION,
    SUBSESSION,
    SUBSESSION_CLASS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iracing_pipeline.results.issues import Issues
    from iracing_pipeline.results.source import Source

_RESULT_ONLY = (
    "cust_id starting_position starting_position_in_class finish_position"
    " finish_position_in_class laps_complete laps_led incidents car_id car_name"
    " car_name_abbreviated car_class_id car_class_name car_class_short_name champ_points drop_race"
    " season_license_group season_license_group_name team_id"
)
_SUBSESSION_ONLY = (
    "session_id start_time end_time license_category_id license_category num_drivers num_cautions"
    " num_caution_laps num_lead_changes event_average_lap event_best_lap_time event_laps_complete"
    " driver_changes winner_group_id winner_name winner_ai winner_id winner_license_level track"
    " official_session season_id season_year season_quarter event_type event_type_name series_id"
    " series_name series_short_name race_week_num event_strength_of_field private_session_id"
    " session_name league_id league_name league_season_id league_season_name created"
    " practice_length qualify_length qualify_laps race_length race_laps heat_race host cars farm"
    " car_classes"
)

SUBSESSION_SHAPE = Shape(
    where="search[]",
    table=SUBSESSION,
    fields=(
        Field("subsession_id", "subsession_id", kinds.IDENTIFIER),
        Field("session_id", "session_id", kinds.IDENTIFIER),
        Field("start_time", "start_time", kinds.MOMENT),
        Field("end_time", "end_time", kinds.MOMENT, optional=True),
        Field("event_type", "event_type", kinds.COUNT, optional=True),
        Field("official", "official_session", kinds.BOOLEAN, optional=True),
        Field("season_id", "season_id", kinds.IDENTIFIER, optional=True),
        Field("season_year", "season_year", kinds.COUNT, optional=True),
        Field("season_quarter", "season_quarter", kinds.COUNT, optional=True),
        Field("series_id", "series_id", kinds.IDENTIFIER, optional=True),
        Field("series_name", "series_name", kinds.TEXT, optional=True),
        Field("race_week_num", "race_week_num", kinds.COUNT, optional=True),
        Field("category_id", "license_category_id", kinds.IDENTIFIER, optional=True),
        Field("private_session_id", "private_session_id", kinds.IDENTIFIER, optional=True),
        Field("session_name", "session_name", kinds.TEXT, optional=True),
        Field("host_cust_id", "host.cust_id", kinds.IDENTIFIER, optional=True),
        Field("league_id", "league_id", kinds.IDENTIFIER, optional=True),
        Field("league_name", "league_name", kinds.TEXT, optional=True),
        Field("league_season_id", "league_season_id", kinds.IDENTIFIER, optional=True),
        Field("league_season_name", "league_season_name", kinds.TEXT, optional=True),
        Field("track_id", "track.track_id", kinds.IDENTIFIER),
        Field("track_name", "track.track_name", kinds.TEXT),
        Field("track_config", "track.config_name", kinds.CONFIG),
        Field("strength_of_field", "event_strength_of_field", kinds.COUNT, optional=True),
        Field("driver_count", "num_drivers", kinds.COUNT, optional=True),
        Field("heat_race", "heat_race", kinds.BOOLEAN, optional=True),
        Field("laps_complete", "event_laps_complete", kinds.COUNT, optional=True),
        Field("average_lap_s", "event_average_lap", kinds.LAP_TICKS, optional=True),
        Field("best_lap_s", "event_best_lap_time", kinds.LAP_TICKS, optional=True),
        Field("caution_count", "num_cautions", kinds.COUNT, optional=True),
        Field("caution_laps", "num_caution_laps", kinds.COUNT, optional=True),
        Field("lead_changes", "num_lead_changes", kinds.COUNT, optional=True),
        Field("winner_group_id", "winner_group_id", kinds.IDENTIFIER, optional=True),
        Field("winner_name", "winner_name", kinds.TEXT, optional=True),
    ),
    ignored=f"{_RESULT_ONLY} {_SUBSESSION_ONLY}",
    derived=(
        (
            "season",
            pl.when(pl.col("season_id").is_not_null()).then(
                season_key("season_year", "season_quarter")
            ),
        ),
        # A hosted session is one that no series names.
        (
            "official",
            pl.coalesce(
                "official",
                pl.when(pl.col("private_session_id").is_not_null()).then(pl.lit(value=False)),
            ),
        ),
    ),
)

OWN_RESULT_SHAPE = Shape(
    where="search[]",
    table=RESULT,
    fields=(
        Field("subsession_id", "subsession_id", kinds.IDENTIFIER),
        Field("cust_id", "cust_id", kinds.IDENTIFIER, optional=True),
        Field("team_id", "team_id", kinds.IDENTIFIER, optional=True),
        Field("car_id", "car_id", kinds.IDENTIFIER, optional=True),
        Field("car_name", "car_name", kinds.TEXT, optional=True),
        Field("car_class_id", "car_class_id", kinds.COUNT, optional=True),
        Field("car_class_name", "car_class_name", kinds.TEXT, optional=True),
        Field("starting_position", "starting_position", kinds.POSITION_FROM_0),
        Field(
            "starting_position_in_class",
            "starting_position_in_class",
            kinds.POSITION_FROM_0,
            optional=True,
        ),
        Field("finish_position", "finish_position", kinds.POSITION_FROM_0),
        Field(
            "finish_position_in_class",
            "finish_position_in_class",
            kinds.POSITION_FROM_0,
            optional=True,
        ),
        Field("laps_complete", "laps_complete", kinds.COUNT, optional=True),
        Field("laps_led", "laps_led", kinds.COUNT, optional=True),
        Field("incidents", "incidents", kinds.COUNT, optional=True),
        Field("champ_points", "champ_points", kinds.COUNT, optional=True),
        Field("dropped", "drop_race", kinds.BOOLEAN, optional=True),
    ),
    ignored=f"{_RESULT_ONLY} {_SUBSESSION_ONLY}",
    derived=(
        ("group_id", pl.coalesce("team_id", "cust_id")),
        ("participant_id", pl.col("cust_id")),
        (
            "kind",
            pl.when(pl.col("team_id").is_null())
            .then(pl.lit("driver"))
            .otherwise(pl.lit("team_driver")),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class SearchFrames:
    """Frames of search rows.

    Attributes:
        subsession: Rows of ``racing.subsession``.
        result: Rows of ``racing.result``: the member's own, of the main event.
    """

    subsession: pl.DataFrame
    result: pl.DataFrame

    def as_subsessions(self) -> SubsessionFrames:
        """The same as the frames of whole results, of which there is only this."""
        return SubsessionFrames(
            subsession=self.subsession,
            subsession_class=SUBSESSION_CLASS.frame(),
            simsession=SIMSESSION.frame(),
            result=self.result,
            member=MEMBER.frame(),
        )


def read_search(
    rows: Iterable[Any], source: Source, issues: Issues, *, cust_id: int | None = None
) -> SearchFrames:
    """The frames of search rows.

    Args:
        rows: The rows, of any number of chunks.
        source: Source.
        issues: Collects what is unexpected in them.
        cust_id: Whose rows they are, where the rows do not say.

    Returns:
        Subsessions, and the own results of those rows whose member is known.
    """
    listed = list(rows)
    subsessions = Rows(SUBSESSION_SHAPE, issues)
    subsessions.add(listed, dict(source.columns))
    own = [
        row if row.get("cust_id") is not None else {**row, "cust_id": cust_id}
        for row in listed
        if isinstance(row, dict)
        and (row.get("cust_id") is not None or cust_id is not None)
        and "finish_position" in row
    ]
    results = Rows(OWN_RESULT_SHAPE, issues)
    results.add(own, {"simsession_number": 0, **source.columns})
    return SearchFrames(subsessions.frame(keep="last"), results.frame(keep="last"))

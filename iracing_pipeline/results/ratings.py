"""Development of a member: one rating history from several sources, totals, personal bests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from iracing_pipeline.results import kinds
from iracing_pipeline.results.countries import three_letters
from iracing_pipeline.results.reading import (
    Field,
    Rows,
    Shape,
    objects,
    stacked,
    value_at,
)
from iracing_pipeline.tables.ratings import CAREER, RATING_HISTORY, YEARLY
from iracing_pipeline.tables.results import MEMBER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from iracing_pipeline.results.issues import Issues

ROAD = 2
SPORTS_CAR = 5
FORMULA_CAR = 6
CATEGORIES = (1, 2, 3, 4, 5, 6)
CATEGORY_IDS = {
    "Oval": 1,
    "Road": 2,
    "DirtOval": 3,
    "DirtRoad": 4,
    "SportsCar": 5,
    "FormulaCar": 6,
}
"""Category ids by the names that ``.ibt`` files use."""

_CHART_IRATING = 1
_CHART_TT_RATING = 2
_CHART_LICENCE = 3

CHART_SHAPE = Shape(
    where="member/chart_data data[]",
    table=RATING_HISTORY,
    fields=(Field("day", "when", kinds.DAY), Field("value", "value", kinds.COUNT)),
    derived=(
        ("observed_at", pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")),
        ("recorded_category_id", pl.col("category_id")),
        ("source", pl.lit("chart")),
        ("irating", pl.when(pl.col("chart") == _CHART_IRATING).then("value")),
        ("tt_rating", pl.when(pl.col("chart") == _CHART_TT_RATING).then("value")),
        # A licence is drawn as group x 1000 + Safety Rating x 100: 2266 is D 2.66.
        (
            "licence_class",
            kinds.LICENCE_GROUP.finish(
                pl.when(pl.col("chart") == _CHART_LICENCE).then(pl.col("value") // 1000)
            ),
        ),
        (
            "safety_rating",
            kinds.SUB_LEVEL.finish(
                pl.when(pl.col("chart") == _CHART_LICENCE).then(pl.col("value") % 1000)
            ),
        ),
    ),
)

LICENCE_SHAPE = Shape(
    where="member licenses[]",
    table=RATING_HISTORY,
    fields=(
        Field("category_id", "category_id", kinds.IDENTIFIER),
        Field("irating", "irating", kinds.RATING, optional=True),
        Field("licence_class", "license_level", kinds.LICENCE_CLASS),
        Field("safety_rating", "safety_rating", kinds.SAFETY_RATING),
        Field("cpi", "cpi", kinds.MEASURE),
        Field("tt_rating", "tt_rating", kinds.RATING),
    ),
    ignored="category category_name mpr_num_races mpr_num_tts color group_name group_id"
    " pro_promotable seq",
    derived=(("recorded_category_id", pl.col("category_id")), ("source", pl.lit("member"))),
)

_TOTALS = (
    Field("category_id", "category_id", kinds.IDENTIFIER),
    Field("starts", "starts", kinds.COUNT),
    Field("wins", "wins", kinds.COUNT),
    Field("top5", "top5", kinds.COUNT),
    Field("poles", "poles", kinds.COUNT),
    Field("laps", "laps", kinds.COUNT),
    Field("laps_led", "laps_led", kinds.COUNT),
    Field("average_start", "avg_start_position", kinds.NUMBER),
    Field("average_finish", "avg_finish_position", kinds.NUMBER),
    Field("average_incidents", "avg_incidents", kinds.NUMBER),
    Field("average_points", "avg_points", kinds.NUMBER),
)
_TOTALS_IGNORED = "category win_percentage top5_percentage laps_led_percentage poles_percentage"
# Without a start, iRacing sends averages of 0.
_AVERAGES = tuple(
    (name, pl.when(pl.col("starts") > 0).then(pl.col(name)))
    for name in ("average_start", "average_finish", "average_incidents", "average_points")
)

CAREER_SHAPE = Shape(
    "stats/member_career stats[]", CAREER, _TOTALS, _TOTALS_IGNORED, derived=_AVERAGES
)
YEARLY_SHAPE = Shape(
    "stats/member_yearly stats[]",
    YEARLY,
    (*_TOTALS, Field("year", "year", kinds.COUNT)),
    _TOTALS_IGNORED,
    derived=_AVERAGES,
)

MEMBER_SHAPE = Shape(
    where="member/info",
    table=MEMBER,
    fields=(
        Field("cust_id", "cust_id", kinds.IDENTIFIER),
        Field("display_name", "display_name", kinds.TEXT),
        Field("country_code", "flair_shortname", kinds.TEXT, optional=True),
        Field("ai", "ai", kinds.BOOLEAN, optional=True),
        Field("member_since", "member_since", kinds.DAY),
        Field("seen_at", "last_login", kinds.MOMENT),
    ),
    derived=(("country_code", three_letters(pl.col("country_code"))),),
    ignored="account alpha_tester broadcaster car_packages connection_type dev download_server"
    " email first_name flags flags_hex flair_country_code flair_id flair_name"
    " has_additional_content has_read_comp_rules has_read_nda has_read_pp has_read_tc helmet"
    " hundred_pct_club last_name last_season licenses on_car_name other_owned_packages"
    " rain_tester read_comp_rules read_pp read_tc restrictions suit track_packages"
    " twenty_pct_discount club_id club_name",
)


def chart_points(payloads: Iterable[object], issues: Issues) -> pl.DataFrame:
    """Rating points of ``member/chart_data``: one a week or so, iRating and licence together.

    Args:
        payloads: Charts of any types and categories; a chart says which it is.
        issues: Collects what is unexpected in them.

    Returns:
        Rows of ``racing.rating_history``, not stitched.
    """
    frames = []
    for payload in payloads:
        rows = Rows(CHART_SHAPE, issues)
        given = {name: value_at(payload, name) for name in ("cust_id", "category_id")}
        rows.add(objects(payload, "data"), {**given, "chart": value_at(payload, "chart_type")})
        frames.append(rows.frame(keep="last"))
    key = list(RATING_HISTORY.key)
    merged = stacked(RATING_HISTORY, frames).group_by(key, maintain_order=True)
    values = [name for name in RATING_HISTORY.names if name not in key]
    return (
        merged.agg(pl.col(name).drop_nulls().first() for name in values)
        .select(RATING_HISTORY.names)
        .sort(key)
    )


def member_points(payload: object, observed_at: datetime, issues: Issues) -> pl.DataFrame:
    """Rating points of ``member/info`` or ``member/get``: what they are now.

    Args:
        payload: The answer.
        observed_at: When it was given, UTC.
        issues: Collects what is unexpected in it.

    Returns:
        Rows of ``racing.rating_history``, not stitched.
    """
    rows = Rows(LICENCE_SHAPE, issues)
    for member in objects(payload, "members") or [payload]:
        held = value_at(member, "licenses")
        licences = list(held.values()) if isinstance(held, dict) else held
        given: dict[str, object] = {
            "cust_id": value_at(member, "cust_id"),
            "observed_at": observed_at,
        }
        rows.add(licences, given)
    return rows.frame()


def result_points(result: pl.DataFrame, subsession: pl.DataFrame, cust_id: int) -> pl.DataFrame:
    """Rating points of a member's races, each with what the race changed.

    Args:
        result: Rows of ``racing.result``; only main events of official races give points.
        subsession: Their subsessions.
        cust_id: The member.

    Returns:
        Rows of ``racing.rating_history``, not stitched.
    """
    races = result.filter(
        pl.col("cust_id") == cust_id,
        pl.col("simsession_number") == 0,
        pl.col("irating_after").is_not_null() | pl.col("safety_rating_after").is_not_null(),
    ).join(
        subsession.filter("official").select(
            "subsession_id", "start_time", "end_time", "category_id"
        ),
        on="subsession_id",
    )
    return (
        races.select(
            "cust_id",
            "category_id",
            # The CSV of an event does not say when it ended.
            observed_at=pl.coalesce("end_time", "start_time"),
            source=pl.lit("result"),
            recorded_category_id="category_id",
            irating="irating_after",
            licence_class="licence_class_after",
            safety_rating="safety_rating_after",
            cpi="cpi_after",
            tt_rating="tt_rating_after",
            subsession_id="subsession_id",
            irating_change=pl.col("irating_after") - pl.col("irating_before"),
            safety_rating_change=pl.when(
                pl.col("licence_class_after") == pl.col("licence_class_before")
            )
            .then(pl.col("safety_rating_after") - pl.col("safety_rating_before"))
            .round(2),
        )
        .drop_nulls(RATING_HISTORY.key)
        .unique(RATING_HISTORY.key, keep="last", maintain_order=True)
    )


def telemetry_points(session: pl.DataFrame) -> pl.DataFrame:
    """Rating points of ``.ibt`` files: what the ratings were when the car was entered.

    Args:
        session: Rows of ``racing.telemetry_session``; offline ones give none, as iRacing writes
            placeholders there.

    Returns:
        Rows of ``racing.rating_history``, not stitched.
    """
    online = session.filter(
        pl.col("subsession_id").is_not_null(),
        pl.col("cust_id").is_not_null(),
        pl.col("irating").is_not_null() | pl.col("safety_rating").is_not_null(),
    ).with_columns(
        category_id=pl.col("category").replace_strict(
            CATEGORY_IDS, default=None, return_dtype=pl.Int32
        )
    )
    points = online.select(
        "cust_id",
        "category_id",
        observed_at="start_time",
        source=pl.lit("ibt"),
        recorded_category_id="category_id",
        irating="irating",
        licence_class="licence_class",
        safety_rating="safety_rating",
        cpi=pl.lit(None, pl.Float64),
        tt_rating=pl.lit(None, pl.Int32),
        # The rating on entry is not what a race of this subsession led to.
        subsession_id=pl.lit(None, pl.Int64),
        irating_change=pl.lit(None, pl.Int32),
        safety_rating_change=pl.lit(None, pl.Float64),
    )
    return points.drop_nulls(RATING_HISTORY.key).unique(
        RATING_HISTORY.key, keep="last", maintain_order=True
    )


def stitch_road(points: pl.DataFrame) -> pl.DataFrame:
    """Give Sports Car and Formula Car the history that Road had before it was split.

    Args:
        points: Rows of ``racing.rating_history`` as recorded.

    Returns:
        The same rows, and for each member and each of the two categories the Road points from
        before its own first point, marked by ``recorded_category_id``.
    """
    road = points.filter(pl.col("category_id") == ROAD)
    parts = [points]
    for category in (SPORTS_CAR, FORMULA_CAR):
        first = (
            points.filter(pl.col("category_id") == category)
            .group_by("cust_id")
            .agg(first=pl.col("observed_at").min())
        )
        earlier = road.join(first, on="cust_id").filter(pl.col("observed_at") < pl.col("first"))
        parts.append(earlier.drop("first").with_columns(category_id=pl.lit(category, pl.Int32)))
    return pl.concat(parts).sort(RATING_HISTORY.key)


def read_career(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.career`` from ``stats/member_career``."""
    return _stats(CAREER_SHAPE, payload, issues)


def read_yearly(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.yearly`` from ``stats/member_yearly``."""
    return _stats(YEARLY_SHAPE, payload, issues)


def read_member(payload: object, issues: Issues) -> pl.DataFrame:
    """Rows of ``racing.member`` from ``member/info`` or ``member/get``."""
    rows = Rows(MEMBER_SHAPE, issues)
    rows.add(objects(payload, "members") or payload, {})
    return rows.frame()


def _stats(shape: Shape, payload: object, issues: Issues) -> pl.DataFrame:
    rows = Rows(shape, issues)
    rows.add(objects(payload, "stats"), {"cust_id": value_at(payload, "cust_id")})
    return rows.frame()

"""``results/lap_chart_data``, ``results/lap_data`` and ``results/event_log``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from iracing_pipeline.results import kinds
from iracing_pipeline.results.reading import Field, Rows, Shape
from iracing_pipeline.tables.results import LAP, SESSION_EVENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iracing_pipeline.results.issues import Issues
    from iracing_pipeline.results.source import Source

FLAGS = {
    1: "invalid",
    2: "pitted",
    4: "off track",
    8: "black flag",
    16: "car reset",
    32: "contact",
    64: "car contact",
    128: "lost control",
    256: "discontinuity",
    512: "interpolated crossing",
    1024: "clock smash",
    2048: "tow",
    4096: "driver change",
    8192: "first lap",
    16384: "checkered",
    32768: "optional path",
    65536: "connection meatball",
}
"""Meaning of each bit of a lap's ``flags``."""

INCIDENT_BITS = 4 | 32 | 64 | 128

LAP_SHAPE = Shape(
    where="results/lap_chart_data[]",
    table=LAP,
    fields=(
        Field("group_id", "group_id", kinds.IDENTIFIER),
        Field("lap_number", "lap_number", kinds.COUNT),
        Field("cust_id", "cust_id", kinds.IDENTIFIER),
        Field("car_number", "car_number", kinds.TEXT),
        Field("lap_time_s", "lap_time", kinds.LAP_TICKS),
        Field("session_time_s", "session_time", kinds.TICKS),
        # Only the lap chart has these three; results/lap_data does not.
        Field("position", "lap_position", kinds.POSITION_FROM_1, optional=True),
        Field("interval", "interval", kinds.INTEGER, optional=True),
        Field("interval_units", "interval_units", kinds.TEXT, optional=True),
        Field("flags", "flags", kinds.COUNT),
        Field("personal_best", "personal_best_lap", kinds.BOOLEAN),
        Field("fastest", "fastest_lap", kinds.BOOLEAN, optional=True),
        Field("ai", "ai", kinds.BOOLEAN, optional=True),
    ),
    ignored="name display_name helmet incident lap_events license_level session_start_time"
    " team_fastest_lap",
    derived=(
        (
            "interval_s",
            pl.when(pl.col("interval_units") == "ms").then((pl.col("interval") / -1000.0).round(3)),
        ),
        ("laps_down", pl.when(pl.col("interval_units") == "lap").then(-pl.col("interval"))),
        ("incident", pl.col("flags") & INCIDENT_BITS != 0),
    ),
)

EVENT_SHAPE = Shape(
    where="results/event_log[]",
    table=SESSION_EVENT,
    fields=(
        Field("event_seq", "event_seq", kinds.COUNT),
        Field("session_time_s", "session_time", kinds.TICKS),
        Field("event_code", "event_code", kinds.COUNT),
        Field("group_id", "group_id", kinds.IDENTIFIER),
        Field("cust_id", "cust_id", kinds.IDENTIFIER),
        Field("lap_number", "lap_number", kinds.COUNT),
        Field("description", "description", kinds.TEXT),
        Field("message", "message", kinds.TEXT),
        Field("display_name", "display_name", kinds.TEXT),
    ),
    ignored="subsession_id simsession_number",
)


def read_laps(
    charts: Iterable[tuple[int, int, Any]], source: Source, issues: Issues
) -> pl.DataFrame:
    """The laps of any number of simsessions.

    Args:
        charts: Subsession id, simsession number and the rows of each.
        source: Source.
        issues: Collects what is unexpected in them.

    Returns:
        Rows of ``racing.lap``, each key once.
    """
    rows = Rows(LAP_SHAPE, issues)
    for subsession_id, simsession_number, laps in charts:
        given: dict[str, object] = {
            "subsession_id": subsession_id,
            "simsession_number": simsession_number,
            **source.columns,
        }
        rows.add(laps, given)
    frame = rows.frame()
    # iRacing sends 0 for a lap without flags. Flags that cannot be read become 1, so that the lap
    # is marked invalid and does not count.
    return frame.with_columns(
        flags=pl.col("flags").fill_null(1),
        valid=pl.col("flags").fill_null(1) & 1 == 0,
        pitted=pl.col("flags").fill_null(0) & 2 != 0,
    ).with_columns(events=event_names(pl.col("flags")))


def event_names(flags: pl.Expr) -> pl.Expr:
    """The names of the bits that are set, as a list."""
    names = [pl.when(flags & bit != 0).then(pl.lit(name, pl.String)) for bit, name in FLAGS.items()]
    return pl.concat_list(names).list.drop_nulls()


def read_events(logs: Iterable[tuple[int, int, Any]], issues: Issues) -> pl.DataFrame:
    """The logs of any number of simsessions.

    Args:
        logs: Subsession id, simsession number and the rows of each.
        issues: Collects what is unexpected in them.

    Returns:
        Rows of ``racing.session_event``, each key once.
    """
    rows = Rows(EVENT_SHAPE, issues)
    for subsession_id, simsession_number, events in logs:
        rows.add(events, {"subsession_id": subsession_id, "simsession_number": simsession_number})
    return rows.frame()

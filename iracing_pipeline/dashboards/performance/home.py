"""Home: the last session in one glance."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.fields import (
    ago,
    hidden,
    lap_text,
    moment,
    number,
    seconds,
    text,
    time,
)
from iracing_pipeline.dashboards.links import field
from iracing_pipeline.dashboards.panels import Drawing, Panel, chart, stat, table

NOTHING_YET = "Nothing loaded yet: drive with telemetry on, or run iracing-pipeline demo."
LAST = "(SELECT * FROM grafana.telemetry_sessions ORDER BY start_time DESC LIMIT 1) AS last"
OPEN = links.to(links.SESSION, "Open this session", session=field("session_key"))


def last_session() -> Panel:
    """What it was."""
    return table(
        1,
        "Last session",
        "The session that was driven last; click it for its laps. From grafana.telemetry_sessions.",
        (
            hidden("session_key", "session_key"),
            ago("start_time", "When").linked(OPEN),
            text("simsession_type", "Kind").linked(OPEN),
            text("concat_ws(' · ', track_name, track_config)", "Track").linked(OPEN),
            text("car_name", "Car"),
            text("clean_lap_count || ' of ' || timed_lap_count", "Clean laps"),
            number("incidents", "Incidents"),
        ),
        LAST,
        empty=NOTHING_YET,
        width=16,
        height=4,
    )


def best_lap() -> Panel:
    """Its best lap."""
    return stat(
        2,
        "Best lap",
        "The fastest clean lap of the last session. From grafana.telemetry_sessions.",
        lap_text("best_lap_time_s", "Best lap"),
        LAST,
        empty="No clean lap in the last session: the session's board says why.",
        may_be_empty=True,
    )


def to_own_best() -> Panel:
    """What changed."""
    return stat(
        3,
        "To your best before",
        "The best lap of the last session minus the best clean lap that the same driver had driven"
        " on this track in this car before it: below zero is a new best. From"
        " grafana.telemetry_sessions.",
        seconds("best_lap_time_s - before_s", "Change").less_is_better(),
        f"""
{LAST}
CROSS JOIN LATERAL (
    SELECT min(before.best_lap_time_s) AS before_s FROM grafana.telemetry_sessions AS before
    WHERE before.track_id = last.track_id AND before.car_id = last.car_id
        AND before.start_time < last.start_time
        AND before.cust_id IS NOT DISTINCT FROM last.cust_id
) AS earlier
""",
        empty="The first clean lap here in this car.",
        may_be_empty=True,
    )


def findings() -> Panel:
    """Two things to work on."""
    return table(
        4,
        "What the last race cost",
        "The two dearest findings of the last race that has any, with what they cost over the race."
        " From grafana.race_debriefs.",
        (
            hidden("session_key", "session_key"),
            text("text", "Finding").linked(OPEN),
            seconds("seconds", "Cost", decimals=1).wide(90),
            moment("start_time", "Race"),
        ),
        """
(SELECT * FROM grafana.race_debriefs WHERE rank IS NOT NULL
    ORDER BY start_time DESC, rank LIMIT 2) AS found
ORDER BY start_time DESC, rank
""",
        empty="No finding yet: a race needs three clean laps before it tells something.",
        width=12,
        height=6,
        may_be_empty=True,
    )


def ratings() -> Panel:
    """Where the ratings are."""
    return table(
        5,
        "Last race result",
        "Result of the last race with one, and what it changed in the ratings. From"
        " grafana.race_debriefs.",
        (
            moment("start_time", "Race"),
            number("starting_position", "Started"),
            number("finish_position", "Finished"),
            number("incidents", "Incidents"),
            number("irating_after", "iRating"),
            number("irating_after - irating_before", "±").more_is_better(),
            text(
                "licence_class_after || ' ' || to_char(safety_rating_after, 'FM0.00')",
                "Safety Rating",
            ),
        ),
        "grafana.race_debriefs WHERE finish_position IS NOT NULL\nORDER BY start_time DESC LIMIT 1",
        empty="No race with a result yet: results come from the Data API or from exported files.",
        width=12,
        height=6,
        may_be_empty=True,
    )


def recent() -> Panel:
    """What came before."""
    return table(
        6,
        "Before that",
        "The ten sessions before the last; all of them are on the board Sessions. From"
        " grafana.telemetry_sessions.",
        (
            hidden("session_key", "session_key"),
            moment("start_time", "When").linked(OPEN),
            text("simsession_type", "Kind").linked(OPEN),
            text("concat_ws(' · ', track_name, track_config)", "Track").linked(OPEN),
            text("car_name", "Car"),
            lap_text("best_lap_time_s", "Best lap").wide(100),
            number("clean_lap_count", "Clean laps").wide(90),
        ),
        "grafana.telemetry_sessions ORDER BY start_time DESC LIMIT 10 OFFSET 1",
        empty=NOTHING_YET,
        width=14,
        height=10,
    )


def driving() -> Panel:
    """How much was driven."""
    return chart(
        7,
        "Clean laps a week",
        "Clean and other timed laps of each week in the time range. From"
        " grafana.telemetry_sessions.",
        (
            time("date_trunc('week', start_time)"),
            number("sum(clean_lap_count)", "Clean").coloured(palette.SKY),
            number("sum(timed_lap_count - clean_lap_count)", "Not clean").coloured(palette.ORANGE),
        ),
        "grafana.telemetry_sessions WHERE $__timeFilter(start_time)\nGROUP BY 1 ORDER BY 1",
        empty="No session in this time range.",
        drawing=Drawing(style="bars", stacked=True, fill=80),
        width=10,
        height=10,
    )


BOARD = Board(
    uid=links.HOME,
    title="Home",
    folder=Folder.PERFORMANCE,
    question="How did the last session go, and what changed?",
    sections=(
        Section(
            None,
            (
                last_session(),
                best_lap(),
                to_own_best(),
                findings(),
                ratings(),
                recent(),
                driving(),
            ),
        ),
    ),
)

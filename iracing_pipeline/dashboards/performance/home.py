"""Home: the last session in one glance."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, chart
from iracing_pipeline.dashboards.fields import (
    ago,
    car,
    consumption,
    hidden,
    lap_text,
    length,
    moment,
    number,
    seconds,
    sentence,
    text,
    time,
    track,
)
from iracing_pipeline.dashboards.lap_pair import pair
from iracing_pipeline.dashboards.links import field
from iracing_pipeline.dashboards.panels import Panel, stat, table
from iracing_pipeline.dashboards.trends import ratings

NOTHING_YET = "Nothing loaded yet: drive with telemetry on, or run iracing-pipeline demo."
LAST = "(SELECT * FROM grafana.telemetry_sessions ORDER BY start_time DESC LIMIT 1) AS last"
OPEN = links.to(links.SESSION, "Open this session", session=field("session_key"))


def last_session() -> Panel:
    """The last session."""
    return table(
        1,
        "Last session",
        "The session that was driven last; click it for its laps. From grafana.telemetry_sessions.",
        (
            hidden("session_key", "session_key"),
            ago("start_time", "When").linked(OPEN),
            track(),
            car(),
            text("clean_lap_count || ' of ' || timed_lap_count", "Clean"),
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
        "The fastest clean lap of the last session; without one, its board says why each lap does"
        " not count. From grafana.telemetry_sessions.",
        lap_text("best_lap_time_s", "Best lap"),
        LAST,
        empty="no clean lap",
        height=4,
        may_be_empty=True,
    )


def to_own_best() -> Panel:
    """Change of the own best lap."""
    return stat(
        3,
        "To your best",
        "The best lap of the last session minus the best clean lap that the same driver had driven"
        " on this track in this car before it: green and below zero is a new best. From"
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
        empty="first one here",
        height=4,
        may_be_empty=True,
    )


def losses() -> Panel:
    """Time lost by corner."""
    compare = links.compare(
        "Compare the two laps",
        end=field("clock_end"),
        track=field("track_id"),
        car=field("car_id"),
        reference=field("reference_id"),
        lap=field("lap_id"),
    )
    corner = links.to(
        links.CORNER,
        "This corner over time",
        track=field("track_id"),
        car=field("car_id"),
        corner=field("number"),
    )
    return table(
        4,
        "Where its best lap lost time",
        "The three corners that cost the best lap of the last session most against your fastest"
        " other clean lap with this car here, as the board Lap compare shows them. From"
        " grafana.lap_corner_losses().",
        (
            hidden("track_id", "track_id"),
            hidden("car_id", "car_id"),
            hidden("nullif(corner, 0)", "number"),
            hidden("lap_id", "lap_id"),
            hidden("reference_id", "reference_id"),
            hidden(links.clock_end("reference_time_s"), "clock_end"),
            text("CASE corner WHEN 0 THEN 'Line' ELSE 'T' || corner END", "Corner")
            .wide(60)
            .linked(compare, corner),
            seconds("loss_s", "Lost").less_is_better().wide(70),
            length("brake_point_m - reference_brake_point_m", "Brakes later"),
        ),
        """
pair CROSS JOIN LATERAL grafana.lap_corner_losses(reference_id, lap_id)
WHERE clean AND loss_s > 0.005 ORDER BY loss_s DESC LIMIT 3
""",
        first=f"WITH {pair(LAST).strip()}",
        empty="Nothing to compare: it takes two clean laps with this car here.",
        width=8,
        height=7,
        may_be_empty=True,
    )


def findings() -> Panel:
    """Two things to work on."""
    return table(
        5,
        "What races cost lately",
        "The two latest findings, the costliest of a race first, with what they cost over the race."
        " From grafana.race_debriefs.",
        (
            hidden("subsession_id", "subsession_id"),
            text("to_char(start_time, 'MM-DD')", "Race")
            .wide(80)
            .linked(links.to(links.RACE, "Debrief of this race", race=field("subsession_id"))),
            sentence("text", "Finding", least=190),
            seconds("seconds", "Cost", decimals=1).wide(70),
        ),
        """
(SELECT * FROM grafana.race_debriefs WHERE rank IS NOT NULL
    ORDER BY start_time DESC, rank LIMIT 2) AS found
ORDER BY start_time DESC, rank
""",
        empty="No finding yet: most take a race with telemetry and five clean laps, in which"
        " something cost half a second.",
        width=8,
        height=7,
        may_be_empty=True,
    )


def result() -> Panel:
    """Result of the last race."""
    return table(
        6,
        "Last race",
        "Result of your last race, and what it changed in the ratings. From grafana.career_races.",
        (
            hidden("subsession_id", "subsession_id"),
            moment("start_time", "When").linked(
                links.to(links.RACE, "Debrief of this race", race=field("subsession_id"))
            ),
            text("'P' || starting_position || ' → P' || finish_position", "Grid → flag"),
            number("irating_change", "iRating ±").more_is_better().wide(70),
        ),
        "grafana.career_races ORDER BY start_time DESC LIMIT 1",
        empty="No race with a result yet: results come from the Data API or from exported files.",
        width=8,
        height=7,
    )


def rating() -> Panel:
    """Current ratings."""
    return chart(
        7,
        "iRating",
        "iRating of each category in the time range; the board Ratings has the rest. From"
        " grafana.rating_history.",
        ratings.LINES,
        ratings.IRATING,
        empty=ratings.NONE_IN_RANGE,
        drawing=Drawing(gaps=False, steps=True, decimals=0),
        width=12,
        height=7,
    )


def schedule() -> Panel:
    """Next races."""
    return table(
        8,
        "This week and next",
        "Tracks of this race week and the next in the series that you race, and what you did there"
        " before; best lap and fuel (65 % of laps burnt less) are of the series' own cars. Weeks"
        " turn on Tuesday, 00:00 UTC. From grafana.season_schedule.",
        (
            text("CASE weeks_from_now WHEN 0 THEN 'now' ELSE 'next' END", "Week").wide(60),
            track(),
            text("series_name", "Series").with_(custom__minWidth=200),
            number("track_race_count", "Raced there").wide(90),
            number("best_finish_in_class", "Best finish").wide(90),
            lap_text("best_lap_s", "Best lap").wide(90),
            consumption("fuel_p65_l", "Fuel a lap").wide(90),
        ),
        "grafana.season_schedule WHERE weeks_from_now IN (0, 1) AND series_race_count > 0\n"
        "ORDER BY weeks_from_now, series_race_count DESC LIMIT 10",
        empty="No race week of your series is running or next: the schedule that the Data API gave"
        " has ended, as the demo season's has, or it was never asked for.",
        height=6,
        may_be_empty=True,
    )


def recent() -> Panel:
    """Recent sessions."""
    return table(
        9,
        "Before that",
        "The ten sessions before the last; all of them are on the board Sessions. From"
        " grafana.telemetry_sessions.",
        (
            hidden("session_key", "session_key"),
            moment("start_time", "When").linked(OPEN),
            lap_text("best_lap_time_s", "Best lap").wide(80),
            track(),
            car(),
            text("simsession_type", "Kind").wide(130),
            number("clean_lap_count", "Clean laps").wide(90),
        ),
        "grafana.telemetry_sessions ORDER BY start_time DESC LIMIT 10 OFFSET 1",
        empty=NOTHING_YET,
        height=9,
    )


def driving() -> Panel:
    """How much was driven."""
    return chart(
        10,
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
        drawing=Drawing(style="bars", stacked=True, fill=80, low=0),
        width=12,
        height=7,
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
                losses(),
                findings(),
                result(),
                recent(),
                rating(),
                driving(),
                schedule(),
            ),
        ),
    ),
)

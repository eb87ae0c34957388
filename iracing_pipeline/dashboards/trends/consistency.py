"""Consistency and incidents: how even, how clean."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, by_number, chart
from iracing_pipeline.dashboards.fields import (
    Field,
    hidden,
    number,
    seconds,
    sentence,
    share,
    text,
    time,
    track,
    whole,
)
from iracing_pipeline.dashboards.links import field, variable
from iracing_pipeline.dashboards.panels import Panel, ranked, table
from iracing_pipeline.dashboards.strategy.choices import CAR, HERE, TRACK
from iracing_pipeline.dashboards.variables import ONLY_DRIVER, of_driver

IN_RANGE = f"{HERE} AND {of_driver()} AND $__timeFilter(start_time)"


def spread() -> Panel:
    """How even laps are."""
    return by_number(
        1,
        "Spread of clean laps",
        "Robust standard deviation of the clean laps of each session here, with its 95 % interval:"
        " the smaller, the more alike they are. Needs enough clean laps. From"
        " grafana.session_summaries.",
        (
            whole("row_number() OVER (ORDER BY start_time)", "Session in order"),
            seconds("spread_s", "Spread").coloured(palette.SKY),
            seconds("spread_low_s", "from").coloured(palette.GREY).dashed(),
            seconds("spread_high_s", "to").coloured(palette.GREY).dashed(),
        ),
        f"grafana.session_summaries WHERE {IN_RANGE} AND spread_s IS NOT NULL\nORDER BY start_time",
        empty="No session here with enough clean laps in this time range.",
        may_be_empty=True,
        drawing=Drawing(points=True, gaps=False, low=0),
        width=12,
        height=9,
    )


def clean_share() -> Panel:
    """How clean laps are."""
    return by_number(
        2,
        "Clean laps",
        "Share of the timed laps of each session here that are clean. From"
        " grafana.session_summaries.",
        (
            whole("row_number() OVER (ORDER BY start_time)", "Session in order"),
            share(
                "clean_lap_count::double precision / timed_lap_count", "Clean", decimals=None
            ).coloured(palette.SKY),
        ),
        f"grafana.session_summaries WHERE {IN_RANGE} AND timed_lap_count > 0\nORDER BY start_time",
        empty="No session here with a timed lap in this time range.",
        drawing=Drawing(points=True, gaps=False, low=0, high=1, legend=False),
        width=12,
        height=9,
    )


def corners() -> Panel:
    """Corners that are taken unevenly."""
    to_corner = links.to(
        links.CORNER,
        "This corner over time",
        track=variable("track"),
        car=variable("car"),
        corner=field("number"),
    )
    return table(
        3,
        "Corners, least even first",
        "Of all drivers: median spread of the time in each corner over sessions here, and whether"
        " it shrinks from session to session, with the 95 % interval. From"
        " grafana.consistency_trends.",
        (
            hidden("nullif(corner, 0)", "number"),
            text("CASE corner WHEN 0 THEN 'whole lap' ELSE 'T' || corner END", "Corner")
            .wide(110)
            .linked(to_corner),
            number("session_count", "Sessions").wide(90),
            seconds("spread_s", "Spread"),
            seconds("trend_s_per_session", "Change").less_is_better(),
            seconds("trend_low_s_per_session", "from"),
            seconds("trend_high_s_per_session", "to"),
        ),
        f"grafana.consistency_trends WHERE {HERE} ORDER BY corner > 0, spread_s DESC",
        empty="No session here with five clean laps yet.",
        may_be_empty=True,
        width=12,
        height=11,
    )


def reasons() -> Panel:
    """Why laps do not count."""
    return ranked(
        4,
        "Why laps do not count",
        "Timed laps here that are not clean, by reason; a lap can have several. From"
        " grafana.lap_reasons.",
        (
            sentence("explanation", "Reason", least=150),
            number("count(*)", "Laps").coloured(palette.ORANGE),
        ),
        f"grafana.lap_reasons WHERE {IN_RANGE} AND kind = 'timed'\n"
        "GROUP BY explanation ORDER BY count(*) DESC",
        empty="No timed lap here in this time range, or all of them are clean.",
        width=12,
        height=11,
        may_be_empty=True,
    )


def incidents() -> Panel:
    """Incidents of races."""
    return chart(
        5,
        "Corners an incident point, all races",
        "Corners driven for each incident point in each race, whatever the track: what the Safety"
        " Rating lives on. Races without incident have none. From grafana.career_races.",
        (
            time("start_time"),
            Field("corners_per_incident", "A race").coloured(palette.SKY).points(6),
            Field(
                "avg(corners_per_incident) OVER (ORDER BY start_time"
                " ROWS BETWEEN 9 PRECEDING AND CURRENT ROW)",
                "Mean of ten",
            ).coloured(palette.ORANGE),
        ),
        "grafana.career_races WHERE $__timeFilter(start_time)"
        " AND corners_per_incident IS NOT NULL\nORDER BY start_time",
        empty="No race with a result and an incident in this time range.",
        drawing=Drawing(gaps=False, low=0),
        width=12,
        height=10,
    )


def by_track() -> Panel:
    """Incidents by track."""
    return table(
        6,
        "Incidents by track",
        "Races, incident points of a race and corners for each point by track, all cars. From"
        " grafana.career_races.",
        (
            number("avg(incidents)", "Points a race", decimals=1).wide(105),
            number("count(*)", "Races").wide(60),
            track(),
            number(
                "percentile_cont(0.5) WITHIN GROUP (ORDER BY corners_per_incident)",
                "Corners a point",
            ).wide(115),
        ),
        "grafana.career_races WHERE $__timeFilter(start_time)\n"
        "GROUP BY track_name, track_config ORDER BY avg(incidents) DESC NULLS LAST LIMIT 100",
        empty="No race with a result in this time range.",
        width=12,
        height=10,
    )


BOARD = Board(
    uid=links.CONSISTENCY,
    title="Consistency and incidents",
    folder=Folder.TRENDS,
    question="How even and how clean do I drive, and where not?",
    variables=(ONLY_DRIVER, TRACK, CAR),
    start="now-2y",
    sections=(
        Section("Here", (spread(), clean_share(), corners(), reasons())),
        Section("Races everywhere", (incidents(), by_track())),
    ),
)

"""Season: schedule, own results at its tracks, results of the season."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, by_number
from iracing_pipeline.dashboards.fields import (
    car,
    consumption,
    hidden,
    lap_text,
    moment,
    number,
    sentence,
    share,
    text,
    track,
    whole,
)
from iracing_pipeline.dashboards.links import field
from iracing_pipeline.dashboards.panels import Panel, table
from iracing_pipeline.dashboards.variables import Choice

SERIES = Choice(
    "series",
    "Series",
    "The series that you raced most in the newest season comes first.",
    """
SELECT __text, __value FROM (
    SELECT series_name AS __text, series_id::text AS __value, max(season) AS newest,
        max(series_race_count) AS races
    FROM grafana.season_schedule WHERE series_id IS NOT NULL
    GROUP BY 1, 2 ORDER BY newest DESC, races DESC, __text
) AS known
UNION ALL
SELECT 'no schedule yet', '0' WHERE NOT EXISTS (SELECT FROM grafana.season_schedule)
""",
)

SEASON = Choice(
    "season",
    "Season",
    "Year and quarter; the newest comes first.",
    """
SELECT DISTINCT season AS __text, season AS __value FROM (
    SELECT season FROM grafana.season_schedule WHERE series_id = ${series}
    UNION ALL
    SELECT season FROM grafana.season_participation WHERE series_id = ${series}
    UNION ALL
    SELECT 'none' WHERE NOT EXISTS (SELECT FROM grafana.season_schedule)
) AS known WHERE season IS NOT NULL ORDER BY 1 DESC
""",
)

NO_SCHEDULE = "No schedule: the Data API gives it; exported result files do not hold it."


def schedule() -> Panel:
    """The weeks."""
    return table(
        1,
        "Weeks",
        "Race weeks of the season, counted from 1, and what you did on each track before, in"
        " whatever series; best lap and fuel (65 % of laps burnt less) are of the series' own cars."
        " The table marks the present week and the next; weeks turn on Tuesday, 00:00 UTC. From"
        " grafana.season_schedule.",
        (
            number("race_week_num + 1", "Week").wide(70),
            text(
                "CASE weeks_from_now WHEN 0 THEN 'now' WHEN 1 THEN 'next' ELSE '' END", "When"
            ).wide(70),
            track(),
            text("to_char(start_date, 'YYYY-MM-DD')", "From").wide(100),
            text(
                "coalesce(race_lap_limit || ' laps', round(race_time_limit_s / 60) || ' min')",
                "Race",
            ).wide(90),
            share("precipitation_chance_pct / 100.0", "Rain").wide(70),
            number("track_race_count", "Raced there").wide(110),
            number("best_finish_in_class", "Best finish").wide(100),
            lap_text("best_lap_s", "Best lap").wide(90),
            consumption("fuel_p65_l", "Fuel a lap").wide(90),
            text("to_char(last_raced_at, 'YYYY-MM-DD')", "Last raced").wide(110),
        ),
        "grafana.season_schedule WHERE series_id = ${series} AND season = '${season}'\n"
        "ORDER BY race_week_num",
        empty=NO_SCHEDULE,
        height=14,
    )


def participation() -> Panel:
    """Result of it."""
    return by_number(
        2,
        "Points by week",
        "Most championship points of a race in each week: what counts for the season. From"
        " grafana.season_participation.",
        (
            whole("race_week_num + 1", "Week"),
            number("max(champ_points)", "Points").coloured(palette.SKY),
        ),
        "grafana.season_participation WHERE series_id = ${series} AND season = '${season}'\n"
        "GROUP BY race_week_num ORDER BY race_week_num",
        empty="No race in this series in this season.",
        drawing=Drawing(style="bars", fill=80, legend=False),
        width=12,
        height=9,
    )


def rating_by_week() -> Panel:
    """Change of the rating by week."""
    return by_number(
        3,
        "iRating by week",
        "What the races of each week changed in the iRating. From grafana.season_participation.",
        (
            whole("race_week_num + 1", "Week"),
            number("sum(irating_change)", "iRating ±").coloured(palette.ORANGE),
        ),
        "grafana.season_participation WHERE series_id = ${series} AND season = '${season}'\n"
        "GROUP BY race_week_num ORDER BY race_week_num",
        empty="No rated race in this series in this season.",
        drawing=Drawing(style="bars", fill=80, legend=False),
        width=12,
        height=9,
    )


def races() -> Panel:
    """The races."""
    return table(
        4,
        "Races of the season",
        "Your races in the series this season. From grafana.career_races.",
        (
            hidden("subsession_id", "subsession_id"),
            moment("start_time", "When").linked(
                links.to(links.RACE, "Debrief of this race", race=field("subsession_id"))
            ),
            number("race_week_num + 1", "Week").wide(55),
            track(),
            car(),
            number("strength_of_field", "SOF").wide(60),
            number("starting_position", "Grid").wide(70),
            number("finish_position", "Finish").wide(70),
            number("champ_points", "Points").wide(65),
            number("incidents", "Incidents").wide(80),
            number("irating_change", "iR ±").more_is_better().wide(60),
        ),
        "grafana.career_races WHERE series_id = ${series} AND season = '${season}'\n"
        "ORDER BY start_time DESC LIMIT 200",
        empty="No race in this series in this season.",
        height=11,
    )


def everything() -> Panel:
    """All series of the season."""
    return table(
        5,
        "Everything you raced in the season",
        "Your races of the season by series: weeks with a race, races, points of the best races of"
        " each week together, and the change of the iRating. From grafana.season_participation.",
        (
            sentence("series_name", "Series", least=150),
            number("count(DISTINCT race_week_num)", "Weeks").wide(80),
            number("sum(race_count)", "Races").wide(80),
            number("sum(champ_points)", "Points").wide(90),
            number("min(best_finish_in_class)", "Best finish").wide(100),
            number("sum(incidents)", "Incidents").wide(90),
            number("sum(irating_change)", "iRating ±").more_is_better().wide(90),
        ),
        "grafana.season_participation WHERE season = '${season}'\n"
        "GROUP BY series_name ORDER BY sum(race_count) DESC",
        empty="No race in this season.",
        height=8,
    )


BOARD = Board(
    uid=links.SEASON,
    title="Season",
    folder=Folder.TRENDS,
    question="What is raced next, how did I do there before, and what came of the season so far?",
    variables=(SERIES, SEASON),
    sections=(
        Section(None, (schedule(), participation(), rating_by_week())),
        Section("Races", (races(), everything())),
    ),
)

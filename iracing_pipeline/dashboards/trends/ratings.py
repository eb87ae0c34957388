"""Ratings: iRating, Safety Rating and licence of every category, and where they lead."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, chart
from iracing_pipeline.dashboards.fields import hidden, moment, number, sentence, series, text
from iracing_pipeline.dashboards.links import field
from iracing_pipeline.dashboards.panels import Panel, table
from iracing_pipeline.dashboards.queries import Sql
from iracing_pipeline.dashboards.variables import Choice

CATEGORY = Choice(
    "category",
    "Category",
    "The category whose future is shown; the one raced last comes first.",
    """
SELECT __text, __value FROM (
    SELECT category AS __text, category_id::text AS __value, max(observed_at) AS last
    FROM grafana.rating_history
    WHERE category IS NOT NULL AND irating_change IS NOT NULL AND category_id <> 2
    GROUP BY 1, 2 ORDER BY last DESC
) AS known
UNION ALL
SELECT 'no rating yet', '0' WHERE NOT EXISTS (
    SELECT FROM grafana.rating_history WHERE irating_change IS NOT NULL AND category_id <> 2
)
""",
)

COLOURS = {
    "Sports Car": palette.SKY,
    "Formula Car": palette.ORANGE,
    "Oval": palette.GREEN,
    "Dirt Oval": palette.PURPLE,
    "Dirt Road": palette.VERMILLION,
    "Road": palette.GREY,
}
LINES = tuple(series(category, colour) for category, colour in COLOURS.items())
SOURCES = "ratings come from the Data API, result files, or an online .ibt file."
NO_RATING = f"No rating yet: {SOURCES}"
NONE_IN_RANGE = f"No rating in this time range, or none yet: {SOURCES}"
# Road ended in 2024: Sports Car and Formula Car carry its years.
POINTS = """
FROM grafana.rating_history
WHERE in_line AND category_id <> 2 AND category IS NOT NULL AND $__timeFilter(observed_at)
"""
ROUNDED = "to_char({}, CASE rating WHEN 'irating' THEN 'FM999990' ELSE 'FM990.00' END)"
IRATING = Sql(
    f"SELECT observed_at AS time, category AS metric, irating AS value{POINTS}"
    "    AND irating IS NOT NULL\nORDER BY 1",
    series=True,
)


def now() -> Panel:
    """Current ratings."""
    return table(
        1,
        "Now",
        "The latest known iRating, Safety Rating and licence of each category, and when they were"
        " last seen. From grafana.rating_history.",
        (
            sentence("category", "Category", least=100),
            number("(array_agg(irating ORDER BY observed_at DESC))[1]", "iRating").wide(70),
            text(
                "(array_agg(licence_class || ' ' || to_char(safety_rating, 'FM0.00')"
                " ORDER BY observed_at DESC) FILTER (WHERE safety_rating IS NOT NULL))[1]",
                "Licence",
            ).wide(75),
            number("max(irating)", "Best").wide(60),
            moment("max(observed_at)", "Last seen"),
        ),
        "grafana.rating_history WHERE in_line AND category IS NOT NULL AND category_id <> 2\n"
        "GROUP BY category ORDER BY max(observed_at) DESC, category",
        empty=NO_RATING,
        width=10,
        height=10,
    )


def irating() -> Panel:
    """IRating over time."""
    return chart(
        2,
        "iRating",
        "iRating of each category over time. Sports Car and Formula Car carry the years of Road,"
        " which was split into them in 2024. From grafana.rating_history.",
        LINES,
        IRATING,
        empty=NONE_IN_RANGE,
        drawing=Drawing(gaps=False, steps=True, decimals=0),
        width=14,
        height=10,
    )


def safety() -> Panel:
    """Safety Rating over time."""
    return chart(
        3,
        "Safety Rating",
        "Safety Rating of the category within the licence class; it starts anew when the class"
        " changes. From grafana.rating_history.",
        LINES,
        Sql(
            f"SELECT observed_at AS time, category AS metric, safety_rating AS value{POINTS}"
            "    AND safety_rating IS NOT NULL AND category_id = ${category}\nORDER BY 1",
            series=True,
        ),
        empty=NONE_IN_RANGE,
        drawing=Drawing(gaps=False, steps=True, low=0, high=5, decimals=2),
        width=12,
        height=9,
    )


def forecast() -> Panel:
    """Forecast."""
    return table(
        4,
        "If races go on like this",
        "What the ratings would be after so many more races that go as the last ones did, with the"
        " 95 % interval: chance alone makes it wide. From grafana.rating_forecasts.",
        (
            sentence(
                "CASE rating WHEN 'irating' THEN 'iRating' ELSE 'Safety Rating' END",
                "Rating",
                least=105,
            ),
            number("races", "Races").wide(60),
            text(ROUNDED.format("present"), "Now").with_(custom__align="right").wide(70),
            text(ROUNDED.format("value"), "Expected").with_(custom__align="right").wide(80),
            text(ROUNDED.format("low"), "from").with_(custom__align="right").wide(70),
            text(ROUNDED.format("high"), "to").with_(custom__align="right").wide(70),
            number("race_count", "Behind it").wide(80),
        ),
        "grafana.rating_forecasts WHERE category_id = ${category} ORDER BY rating, races",
        empty="Needs a few rated races in this category.",
        width=12,
        height=9,
    )


def targets() -> Panel:
    """Corners per incident for the next licence."""
    return table(
        5,
        "What the next licence takes",
        "Corners for each incident point that the next races need to bring the Safety Rating to"
        " where the next licence is given, against what is usual for you. From"
        " grafana.rating_targets.",
        (
            number("races", "In races").wide(80),
            text("licence_class || ' ' || to_char(safety_rating, 'FM0.00')", "Now").wide(80),
            number("target_safety_rating", "Wanted", decimals=2).wide(80),
            number("corners_per_incident", "Corners an incident").wide(150),
            number("usual_corners_per_incident", "Usual for you").wide(110),
            sentence("note", "Note"),
        ),
        "grafana.rating_targets WHERE category_id = ${category} ORDER BY races",
        empty="Needs a few rated races in this category.",
        height=5,
    )


def races() -> Panel:
    """Change of each race."""
    return table(
        6,
        "What each race changed",
        "The last rated races of the category: finish against grid, incidents, and what they"
        " changed. From grafana.career_races.",
        (
            hidden("subsession_id", "subsession_id"),
            moment("start_time", "When").linked(
                links.to(links.RACE, "Debrief of this race", race=field("subsession_id"))
            ),
            text("series_name", "Series"),
            text("track_name", "Track"),
            number("starting_position", "Grid").wide(70),
            number("finish_position", "Finish").wide(70),
            number("strength_of_field", "SOF").wide(80),
            number("incidents", "Incidents").wide(90),
            number("irating_change", "iRating ±").more_is_better().wide(90),
            number("safety_rating_change", "SR ±", decimals=2).more_is_better().wide(80),
        ),
        "grafana.career_races WHERE category_id = ${category} OR (category_id = 2"
        " AND ${category} IN (5, 6))\nORDER BY start_time DESC LIMIT 100",
        empty="No race in this category yet.",
        height=9,
    )


BOARD = Board(
    uid=links.RATINGS,
    title="Ratings",
    folder=Folder.TRENDS,
    question="Where are my ratings, and where do they lead?",
    variables=(CATEGORY,),
    start="now-5y",
    sections=(
        Section(None, (now(), irating())),
        Section("One category", (safety(), forecast(), targets(), races())),
    ),
)

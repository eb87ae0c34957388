"""Race debrief: from the grid to the flag, and what it cost."""

from __future__ import annotations

from typing import Any

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import OWN, WINNER, Drawing, by_number, field_of_cars
from iracing_pipeline.dashboards.fields import (
    Field,
    car,
    hidden,
    lap_text,
    lap_time,
    moment,
    number,
    position,
    seconds,
    text,
    whole,
)
from iracing_pipeline.dashboards.links import field
from iracing_pipeline.dashboards.panels import Panel, stat, table
from iracing_pipeline.dashboards.variables import LOCAL_START, Choice

RACE = Choice(
    "race",
    "Race",
    "A race of your own; the newest comes first.",
    f"""
SELECT __text, __value FROM (
    SELECT concat_ws(' · ', {LOCAL_START}, series_name, track_name,
        'P' || finish_position) AS __text, subsession_id::text AS __value, start_time
    FROM grafana.career_races ORDER BY start_time DESC LIMIT 1500
) AS known
UNION ALL
SELECT 'no race yet', '0' WHERE NOT EXISTS (SELECT FROM grafana.career_races)
""",
)

THIS = "subsession_id = ${race}"
MAIN = f"{THIS} AND simsession_number = 0"
NO_LAPS = (
    "No laps of the field: the lap chart comes from the Data API, or from an exported event_result."
)
# One's own car has a star in front, the winner a flag: the charts tell them apart by it.
DRIVER = (
    f"CASE WHEN own THEN '{OWN} ' WHEN finish_position = 1 THEN '{WINNER} ' ELSE '' END"
    " || coalesce(display_name, car_number)"
)


def result() -> Panel:
    """The result, and what it changed."""
    return table(
        1,
        "Result",
        "How the race ended for you, and what it changed in the ratings. Grid and finish are of all"
        " classes; the strength of field is that of the split. From grafana.career_races.",
        (
            hidden("session_key", "session_key"),
            moment("start_time", "Start (UTC)"),
            text("CASE WHEN session_key IS NULL THEN 'no' ELSE 'yes' END", "Telemetry")
            .wide(90)
            .linked(links.to(links.SESSION, "Its laps", session=field("session_key"))),
            car(),
            number("car_count", "Cars").wide(70),
            number("strength_of_field", "SOF").wide(80),
            lap_time("best_lap_s", "Best lap").wide(100),
            seconds("interval_s", "Behind winner", decimals=1).wide(120),
            number("incidents", "Incidents").wide(90),
            number("irating_after", "iRating").wide(90),
            number("safety_rating_change", "SR ±", decimals=2).more_is_better().wide(80),
        ),
        f"grafana.career_races WHERE {THIS}",
        empty="No race with a result yet: results come from the Data API or from exported files.",
        height=4,
    )


def headline() -> tuple[Panel, ...]:
    """The race in six figures."""

    def one(number_: int, title: str, about: str, shown: Field, **size: Any) -> Panel:
        about = f"{about} From grafana.career_races."
        return stat(number_, title, about, shown, f"grafana.career_races WHERE {THIS}", **size)

    return (
        one(
            9,
            "Grid → flag",
            "Where you started and finished, of all classes.",
            text("'P' || starting_position || ' → P' || finish_position", "Places"),
            empty="no result yet",
        ),
        one(
            10,
            "iRating change",
            "What the race changed in your iRating.",
            number("irating_change", "Change").more_is_better(),
            empty="not rated",
            may_be_empty=True,
        ),
        one(
            11,
            "Best lap",
            "Your fastest lap of the race, by the result.",
            lap_text("best_lap_s", "Best lap"),
            empty="no lap",
        ),
        one(
            12,
            "Behind winner",
            "What you were behind the winner at the flag; empty where laps were.",
            seconds("interval_s", "Behind", decimals=1),
            empty="not on the lead lap",
            may_be_empty=True,
        ),
        one(
            13,
            "Incident points",
            "Incident points that you took in the race.",
            number("incidents", "Incidents"),
            empty="no result yet",
        ),
        one(
            14,
            "Strength of field",
            "Strength of field of the split.",
            number("strength_of_field", "SOF"),
            empty="no result yet",
            may_be_empty=True,
        ),
    )


def findings() -> Panel:
    """What cost most."""
    return table(
        2,
        "What it cost",
        "At most three findings from the telemetry of the race, dearest first, with what they cost"
        " over the race and the laps that show it. From grafana.race_debriefs.",
        (
            text("text", "Finding"),
            text("kind", "Kind").wide(90),
            seconds("seconds", "Cost", decimals=1).wide(90),
            text("array_to_string(laps, ', ')", "Laps").wide(120),
        ),
        f"grafana.race_debriefs WHERE {THIS} AND rank IS NOT NULL ORDER BY rank",
        empty="No finding: no telemetry of this race, fewer than five clean laps in it, or nothing"
        " that cost half a second beyond their scatter. Laps in and out of the pits do not count.",
        height=7,
        width=12,
        may_be_empty=True,
    )


def events() -> Panel:
    """What happened to the own car."""
    return table(
        3,
        "Incidents and stops",
        "What your car was flagged with, lap by lap, and what race control said of it. From"
        " grafana.race_events.",
        (
            number("lap_number", "Lap").wide(60),
            text("concat_ws(' · ', event, nullif(message, ''))", "What happened"),
        ),
        f"grafana.race_events WHERE {MAIN} AND own AND event NOT IN ('first lap', 'checkered')\n"
        "ORDER BY lap_number, session_time_s",
        empty="No incident, stop or penalty in the data of this race, or no lap chart of it.",
        height=7,
        width=12,
        may_be_empty=True,
    )


def positions() -> Panel:
    """Grid to flag."""
    return field_of_cars(
        4,
        "Positions",
        "Place of every car after each lap; lap 0 is the grid. You are orange with a star, the"
        " winner green with a flag. From grafana.race_laps.",
        position("position", "Position"),
        f"""
(SELECT lap_number, position, own, {DRIVER} AS driver
    FROM grafana.race_laps WHERE {MAIN} AND position IS NOT NULL) AS laps
""",
        empty=NO_LAPS,
        drawing=Drawing(colour=palette.GREY, width=1, legend=False, gaps=False),
        width=12,
        height=14,
    )


def gaps() -> Panel:
    """How far away the others were."""
    return field_of_cars(
        5,
        "Gaps to you",
        "How far the cars around you, and the winner, were ahead (above zero) or behind at the end"
        " of each lap, on the session clock. Around you are those that finished within three"
        " places. From grafana.race_laps.",
        seconds("ahead_s", "Ahead", decimals=1),
        f"""
(SELECT lap_number, me.gap_s - laps.gap_s AS ahead_s, own, {DRIVER} AS driver
    FROM laps JOIN (SELECT lap_number, gap_s, finish_position AS place FROM laps WHERE own) AS me
        USING (lap_number)
    WHERE laps.finish_position = 1 OR abs(laps.finish_position - me.place) <= 3) AS near
""",
        first=f"WITH laps AS (SELECT * FROM grafana.race_laps WHERE {MAIN} AND lap_number > 0)",
        empty=NO_LAPS,
        drawing=Drawing(colour=palette.GREY, width=1),
        width=12,
        height=11,
    )


def pace() -> Panel:
    """Lap times against the field."""
    return by_number(
        6,
        "Pace against the field",
        "Your lap times, the median of the field and its fastest on each lap. Laps in the pits and"
        " invalid ones are left out. From grafana.race_laps.",
        (
            whole("lap_number", "Lap"),
            lap_time("min(lap_time_s) FILTER (WHERE own)", "You").coloured(palette.ORANGE),
            lap_time(
                "percentile_cont(0.5) WITHIN GROUP (ORDER BY lap_time_s)", "Median of the field"
            )
            .coloured(palette.GREY)
            .dashed(),
            lap_time("min(lap_time_s)", "Fastest").coloured(palette.GREEN),
        ),
        f"grafana.race_laps WHERE {MAIN} AND lap_number > 1 AND valid AND NOT pitted\n"
        "GROUP BY lap_number HAVING count(lap_time_s) > 0 ORDER BY lap_number",
        empty=NO_LAPS,
        drawing=Drawing(points=True, gaps=False),
        width=12,
        height=11,
    )


def cost_of_laps() -> Panel:
    """The laps that cost."""
    return table(
        7,
        "The laps that cost",
        "Your laps by what they were slower than your median, dearest first, with what the lap was"
        " flagged with. The first lap and laps in the pits are among them. From grafana.race_laps.",
        (
            number("lap_number", "Lap").wide(60),
            lap_time("lap_time_s", "Time").wide(100),
            seconds("lap_time_s - median_s", "Over median").less_is_better().wide(110),
            number("position", "Position").wide(90),
            text("array_to_string(events, ', ')", "Flagged with"),
        ),
        f"""
(SELECT *, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY lap_time_s) FROM grafana.race_laps
    WHERE {MAIN} AND own AND valid AND lap_time_s IS NOT NULL) AS median_s
    FROM grafana.race_laps WHERE {MAIN} AND own AND lap_time_s IS NOT NULL) AS laps
ORDER BY lap_time_s DESC LIMIT 10
""",
        empty=NO_LAPS,
        height=9,
    )


def field_table() -> Panel:
    """Everybody."""
    return table(
        8,
        "The field",
        "Every car: grid, finish, best and typical lap, incidents, and what its rating did. From"
        " grafana.race_results and grafana.race_laps.",
        (
            number("result.finish_position", "Finish").wide(70),
            number("result.starting_position", "Grid").wide(70),
            text(
                f"CASE WHEN result.own THEN '{OWN} ' ELSE '' END || result.display_name", "Driver"
            ),
            car("result."),
            number("result.irating_before", "iRating").wide(90),
            lap_time("result.best_lap_s", "Best lap").wide(90),
            lap_time("laps.median_s", "Median lap").wide(90),
            seconds("result.interval_s", "Behind", decimals=1).wide(100),
            number("result.incidents", "Incidents").wide(80),
            number("result.irating_change", "iRating ±").more_is_better().wide(90),
            text("nullif(result.reason_out, 'Running')", "Out").wide(60),
        ),
        f"""
grafana.race_results AS result
LEFT JOIN (
    SELECT group_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY lap_time_s) AS median_s
    FROM grafana.race_laps WHERE {MAIN} AND valid AND NOT pitted AND lap_number > 1 GROUP BY 1
) AS laps USING (group_id)
WHERE result.{MAIN.replace(" AND ", " AND result.")} AND result.kind <> 'team_driver'
ORDER BY result.finish_position
""",
        empty="No result of this race yet.",
        height=14,
    )


BOARD = Board(
    uid=links.RACE,
    title="Race debrief",
    folder=Folder.PERFORMANCE,
    question="How did the race go from grid to flag, against whom, and what did it cost?",
    variables=(RACE,),
    utc=True,
    sections=(
        Section(
            None,
            (*headline(), positions(), findings(), events(), gaps(), pace(), cost_of_laps()),
        ),
        Section("The field", (result(), field_table())),
    ),
)

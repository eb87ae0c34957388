"""Race debrief: from the grid to the flag, and what it cost."""

from __future__ import annotations

from typing import Any

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import OWN, WINNER, Drawing, by_number, field_of_cars
from iracing_pipeline.dashboards.fields import (
    LONGEST_DRIVER,
    Field,
    car,
    driver,
    hidden,
    lap_text,
    lap_time,
    moment,
    number,
    position,
    seconds,
    sentence,
    text,
    whole,
)
from iracing_pipeline.dashboards.links import field
from iracing_pipeline.dashboards.panels import Panel, stat, table
from iracing_pipeline.dashboards.variables import LOCAL_START, Choice
from iracing_pipeline.warehouse.view import in_words

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
            lap_text("best_lap_s", "Best lap").wide(100),
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
    """The race in four figures."""

    def one(number_: int, title: str, about: str, shown: Field, **size: Any) -> Panel:
        about = f"{about} From grafana.career_races."
        source = f"grafana.career_races WHERE {THIS}"
        return stat(number_, title, about, shown, source, width=6, height=3, **size)

    return (
        one(
            9,
            "Grid → flag",
            "Where you started and finished, of all classes.",
            text("'P' || starting_position || ' → P' || finish_position", "Places"),
            empty="no result yet",
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
            10,
            "iRating change",
            "What the race changed in your iRating.",
            number("irating_change", "Change").more_is_better(),
            empty="not rated",
            may_be_empty=True,
        ),
        one(
            13,
            "Incident points",
            "Incident points that you took in the race.",
            number("incidents", "Incidents"),
            empty="no result yet",
        ),
    )


OWN_CAR = f"""
me AS (
    SELECT group_id, against_group_id, gap_s FROM grafana.race_ledger WHERE {MAIN} AND own
    ORDER BY finish_position_in_class LIMIT 1
),
rival AS (
    SELECT CASE WHEN me.group_id <> me.against_group_id THEN me.against_group_id ELSE (
        SELECT second.group_id FROM grafana.race_ledger AS second
        WHERE {MAIN.replace("subsession_id", "second.subsession_id")}
            AND second.against_group_id = me.group_id AND second.group_id <> me.group_id
        ORDER BY second.finish_position_in_class LIMIT 1
    ) END AS group_id FROM me
)"""


def ledger() -> Panel:
    """The seconds by cause."""
    return table(
        15,
        "Where the seconds went",
        "What you lost to the winner of your class, or to the second where you won, cause by cause:"
        " below zero is a gain, and the last bar is the gap at the last lap that both completed."
        " With a question mark: its 95 % interval holds zero. From grafana.race_ledger and"
        " grafana.race_ledger_between().",
        (
            text(
                f"{in_words('part.cause', CAUSES)}"
                " || CASE WHEN part.supported THEN '' ELSE ' ?' END",
                "Cause",
            ).wide(150),
            seconds("part.seconds", "Lost", decimals=1).less_is_better().wide(70),
            number("sum(part.seconds) OVER (ORDER BY part.number)", "Gap so far, s", decimals=1)
            .coloured(palette.SKY)
            .as_bar(),
            text(
                "to_char(part.low_s, 'FM990.0') || ' to ' || to_char(part.high_s, 'FM990.0')",
                "95 %",
            ).wide(115),
            sentence("own.text", "What shows it", least=420),  # so that rows stay low on a phone
        ),
        f"""
(SELECT cause.cause, cause.seconds,
        array_position(ARRAY['{"', '".join(CAUSES)}'], cause.cause) AS number,
        -- To the winner, the interval of the ledger itself, as the report has it.
        CASE WHEN to_winner THEN ledger.low_s ELSE cause.low_s END AS low_s,
        CASE WHEN to_winner THEN ledger.high_s ELSE cause.high_s END AS high_s,
        CASE WHEN to_winner THEN ledger.supported ELSE cause.supported END AS supported
    FROM (SELECT me.*, rival.group_id AS rival_id, rival.group_id = against_group_id AS to_winner
        FROM me CROSS JOIN rival WHERE rival.group_id IS NOT NULL) AS pair
    CROSS JOIN LATERAL
        grafana.race_ledger_between(${{race}}, 0, pair.group_id, pair.rival_id) AS cause
    LEFT JOIN grafana.race_ledger AS ledger
        ON ledger.{MAIN.replace(" AND ", " AND ledger.")}
        AND ledger.group_id = pair.group_id AND ledger.cause = cause.cause
) AS part
LEFT JOIN grafana.race_ledger AS own ON own.{MAIN.replace(" AND ", " AND own.")}
    AND own.group_id = (SELECT group_id FROM me) AND own.cause = part.cause
ORDER BY part.number
""",
        first=f"WITH {OWN_CAR}",
        empty="No ledger: it needs a lap chart of the race, from the Data API or an exported"
        " event_result, and a car of yours in it.",
        height=13,
        may_be_empty=True,
    )


CAUSES = {
    "start": "Grid and first lap",
    "pace": "Pace in clean air",
    "traffic": "Traffic",
    "fade": "Tyres and fuel",
    "stops": "Stops",
    "mistakes": "Mistakes",
    "cautions": "Cautions",
    "unexplained": "Not explained",
}


def places() -> Panel:
    """Places won and lost, and why."""
    return table(
        16,
        "Places, lap by lap",
        "Each lap on which your place changed, with what cost you time on it: a cause of the"
        " ledger, an incident or a stop; where nothing did, another car was faster or slower. From"
        " grafana.race_laps and grafana.race_ledger_items.",
        (
            number("lap_number", "Lap").wide(50),
            text("'P' || before || ' → P' || position", "Place").wide(100),
            number("before - position", "±").more_is_better().wide(45),
            sentence(
                "coalesce(why, CASE WHEN before > position THEN 'passed' ELSE 'was passed' END)",
                "What happened",
                least=145,
            ),
        ),
        """
(SELECT laps.*, (SELECT string_agg(DISTINCT shown.why, '; ') FROM (
        SELECT """
        + in_words("item.cause", CAUSES)
        + f""" || coalesce(': ' || item.why, '') AS why
        FROM grafana.race_ledger_items AS item
        WHERE item.{MAIN.replace(" AND ", " AND item.")} AND item.group_id = laps.group_id
            AND laps.lap_number = ANY (item.laps) AND item.seconds > 0
            AND item.cause NOT IN ('pace', 'unexplained')
        UNION ALL SELECT each.event FROM unnest(laps.events) AS each(event)
        WHERE each.event NOT IN ('first lap', 'checkered')
    ) AS shown) AS why
FROM (SELECT lap_number, position, group_id, events, own,
        lag(position) OVER (PARTITION BY group_id ORDER BY lap_number) AS before
    FROM grafana.race_laps WHERE {MAIN} AND own AND position IS NOT NULL) AS laps
WHERE before <> position) AS changed
ORDER BY lap_number
""",
        empty="No change of place in the lap chart of this race, or no lap chart of it.",
        width=12,
        height=11,
        may_be_empty=True,
    )


def irating_by_place() -> Panel:
    """Worth of each place in iRating."""
    return by_number(
        17,
        "iRating by finishing place",
        "What your iRating would have changed by in each finishing place of your class, by"
        " iRacing's arithmetic, and where you finished. From grafana.irating_outcome.",
        (
            whole("place_in_class", "Place in class"),
            number("irating_change", "Change").coloured(palette.SKY),
            number("CASE WHEN finished_here THEN irating_change END", "You")
            .coloured(palette.ORANGE)
            .points(12),
        ),
        f"(SELECT DISTINCT ON (place_in_class) * FROM grafana.irating_outcome WHERE {MAIN} AND own"
        " AND irating_change IS NOT NULL ORDER BY place_in_class, cust_id) AS outcome\n"
        "ORDER BY place_in_class",
        empty="Not known: the race was not rated, or the ratings of its field are not loaded.",
        drawing=Drawing(around_zero=False),
        width=8,
        height=9,
        may_be_empty=True,
    )


def incidents() -> Panel:
    """Each incident, and what it cost."""
    return table(
        18,
        "Incidents",
        "Each time that your incident points rose, by the telemetry of the race: where, what the"
        " lap lost, and the places. From grafana.race_incident.",
        (
            number("lap_number", "Lap").wide(50),
            text(
                "coalesce('T' || corner, round(distance_m)::text || ' m')"
                " || coalesce(' · ' || kind, '')",
                "Where",
            ).wide(115),
            number("points", "Points").wide(55),
            seconds("seconds", "Cost", decimals=1).less_is_better().wide(65),
            number("places_lost", "Places").less_is_better().wide(55),
        ),
        f"grafana.race_incident WHERE {THIS} AND simsession_type = 'Race' ORDER BY incident",
        empty="No incident, or no telemetry of this race.",
        width=9,
        height=9,
        may_be_empty=True,
    )


def ladder() -> Panel:
    """How far the next penalty was."""
    return table(
        19,
        "Incident limits",
        "The incident limits of the race, and how many points you were short of each at the end."
        " From grafana.penalty_ladder.",
        (
            text("penalty", "Limit").wide(130),
            number("at_points", "At").wide(50),
            number("points_left", "Left").wide(60),
        ),
        f"grafana.penalty_ladder WHERE {THIS} AND simsession_type = 'Race' ORDER BY step",
        empty="No limit, or no telemetry of this race.",
        width=7,
        height=9,
        may_be_empty=True,
    )


def findings() -> Panel:
    """Costliest findings."""
    return table(
        2,
        "What it cost",
        "At most three findings from the race, costliest first: the cost in seconds, places"
        " and iRating, what to do where the data say it, and the laps that show it. From"
        " grafana.race_debriefs.",
        (
            seconds("seconds", "Cost", decimals=1).wide(70),
            sentence("concat_ws(' ', text, advice)", "Finding", least=260),
            number("-places", "Places").more_is_better().wide(70),
            number("-irating", "iRating").more_is_better().wide(75),
            text("array_to_string(laps, ', ')", "Laps").wide(90),
        ),
        f"grafana.race_debriefs WHERE {THIS} AND rank IS NOT NULL ORDER BY rank",
        empty="No finding: no telemetry of this race, fewer than five clean laps in it, or nothing"
        " that cost half a second beyond their scatter. Laps in and out of the pits do not count.",
        height=5,
        may_be_empty=True,
    )


def what_ifs() -> Panel:
    """The race driven again with one change."""
    return table(
        20,
        "What if",
        "Your race driven again many times with one change and without it, with the same luck: the"
        " places that the change gains on average, the place where half of the races end, what it"
        " gains in time, and in iRating. Brackets hold 90 % of the races. From"
        " grafana.race_what_if.",
        (
            number("places_gained", "Places", decimals=1).more_is_better().wide(65),
            number("irating_gained", "iRating").more_is_better().wide(70),
            sentence(
                "concat_ws(': not asked. ', question, refused_for)", "With one change", least=200
            ),
            text(
                "'P' || round(place) || ', not P' || round(place_as_it_was)"
                " || ' (P' || place_low || ' to P' || place_high || ')'",
                "Place",
            ).wide(185),
            text(
                "to_char(gained_s, 'FMS990.0') || ' s (' || to_char(gained_low_s, 'FMS990.0')"
                " || ' to ' || to_char(gained_high_s, 'FMS990.0') || ')'",
                "Time",
            ).wide(165),
            number("races", "Races").wide(65),
        ),
        f"grafana.race_what_if WHERE {MAIN}\n"
        "ORDER BY group_id, refused_for IS NOT NULL, question_number",
        empty="Not driven again yet: it needs the lap chart of the race, and follows the ledger.",
        height=8,
        may_be_empty=True,
    )


def events() -> Panel:
    """Events of the own car."""
    return table(
        3,
        "Incidents and stops",
        "What your car was flagged with, lap by lap, and what race control said of it. From"
        " grafana.race_events.",
        (
            number("lap_number", "Lap").wide(60),
            sentence("concat_ws(' · ', event, nullif(message, ''))", "What happened"),
        ),
        f"grafana.race_events WHERE {MAIN} AND own AND event NOT IN ('first lap', 'checkered')\n"
        "ORDER BY lap_number, session_time_s",
        empty="No incident, stop or penalty in the data of this race, or no lap chart of it.",
        height=11,
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
        height=11,
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
        "Your laps by what they were slower than your median, costliest first, with the flags"
        " of the lap. The first lap and laps in the pits are among them. From grafana.race_laps.",
        (
            number("lap_number", "Lap").wide(60),
            lap_text("lap_time_s", "Time").wide(100),
            seconds("lap_time_s - median_s", "Over median").less_is_better().wide(110),
            number("position", "Position").wide(90),
            sentence("array_to_string(events, ', ')", "Flagged with", least=100),
        ),
        f"""
(SELECT *, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY lap_time_s) FROM grafana.race_laps
    WHERE {MAIN} AND own AND valid AND lap_time_s IS NOT NULL) AS median_s
    FROM grafana.race_laps WHERE {MAIN} AND own AND lap_time_s IS NOT NULL) AS laps
ORDER BY lap_time_s DESC LIMIT 10
""",
        empty=NO_LAPS,
        width=12,
        height=11,
    )


def field_table() -> Panel:
    """Everybody."""
    return table(
        8,
        "The field",
        "Every car: grid, finish, best and typical lap, incidents, and what its rating did. From"
        " grafana.race_results and grafana.race_laps.",
        (
            number("result.finish_position", "Finish").wide(60),
            number("result.starting_position", "Grid").wide(50),
            driver(
                f"CASE WHEN result.own THEN '{OWN} ' ELSE '' END || result.display_name",
                longest=f"{OWN} {LONGEST_DRIVER}",
            ),
            car("result."),
            number("result.irating_before", "iRating").wide(90),
            lap_text("result.best_lap_s", "Best lap").wide(90),
            lap_text("laps.median_s", "Median lap").wide(90),
            seconds("result.interval_s", "Behind", decimals=1).wide(80),
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
        Section(None, (*headline(), findings(), ledger(), what_ifs(), places(), positions())),
        Section("What it was worth", (irating_by_place(), incidents(), ladder())),
        Section("Laps", (gaps(), pace(), events(), cost_of_laps())),
        Section("The field", (result(), field_table())),
    ),
)

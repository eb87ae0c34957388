"""Lap compare: two to four laps, point by point of the track, on the reference-lap clock."""

from __future__ import annotations

from dataclasses import replace

from grafana_foundation_sdk.models import units

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Regions, Section
from iracing_pipeline.dashboards.charts import Drawing, by_number, chart, names
from iracing_pipeline.dashboards.fields import (
    SECONDS,
    SPEED,
    Field,
    Quantity,
    driver,
    hidden,
    lap_text,
    lap_words,
    length,
    moment,
    number,
    per_slot,
    seconds,
    sentence,
    text,
)
from iracing_pipeline.dashboards.lap_pair import LAP_ID, NEWEST, pair
from iracing_pipeline.dashboards.links import clock_end, field, variable
from iracing_pipeline.dashboards.panels import Panel, table
from iracing_pipeline.dashboards.queries import Sql
from iracing_pipeline.dashboards.telemetry.choices import CAR, TRACK
from iracing_pipeline.dashboards.track_map import track_map
from iracing_pipeline.dashboards.variables import ONLY_DRIVER, Choice, Linked, of_driver

REFERENCE = Linked("reference", "The lap that the others are measured against.")
LAP = Linked("lap", "The lap that is measured.")
LAP_C = Linked("lap_c", "One more lap, or nothing.")
LAP_D = Linked("lap_d", "One more lap, or nothing.")
OF_TRACK = replace(TRACK, label="Laps on", about="Which laps the list offers.")
IN_CAR = replace(CAR, label="in", about="Which laps the list offers.")

_SEVERAL_DRIVERS = """EXISTS (SELECT FROM grafana.telemetry_sessions AS other
            WHERE other.cust_id <> lap.cust_id)"""
_NAME = f"""{lap_words("lap.lap_time_s")} || CASE WHEN lap.clean THEN '' ELSE ' (not clean)' END
        || ' · ' || to_char(lap.start_time, 'YYYY-MM-DD') || ' · lap ' || lap.lap_number
        || coalesce(' · ' || lap.simsession_type, '')
        || CASE WHEN {_SEVERAL_DRIVERS} THEN coalesce(' · ' || lap.driver_name, '') ELSE '' END"""


def _shown(slot: str, linked: Linked, default: str) -> Choice:
    """The lap that a slot shows, by what the reader sees of it.

    Args:
        slot: Name of the variable.
        linked: What links set.
        default: SQL of ``lap_id``, the lap where no link chose one; it may have no row.
    """
    return Choice(
        slot,
        slot,
        linked.about,
        f"""
WITH {default.strip()},
shown AS (
    SELECT '${{{linked.name}}}' AS lap_id WHERE '${{{linked.name}}}' <> ''
    UNION ALL
    SELECT lap_id FROM usual WHERE '${{{linked.name}}}' = ''
)
SELECT __text, __value FROM (
    SELECT {_NAME} AS __text, lap_id AS __value, 1 AS place
    FROM shown JOIN grafana.lap_traces AS lap ON lap.session_key = split_part(lap_id, ':', 1)
        AND {LAP_ID} = lap_id
    UNION ALL
    SELECT {lap_words("lap_time_s")} || ' · ' || coalesce(driver_name, file_name)
        || coalesce(' · ' || car_name, ''), lap_id, 1
    FROM shown JOIN grafana.reference_laps ON 'reference:' || reference_key = lap_id
    UNION ALL
    SELECT 'none', 'none', 2
) AS known
ORDER BY place LIMIT 1
""",
        hidden=True,
    )


A = _shown("a", REFERENCE, f"{pair(NEWEST)}, usual AS (SELECT faster_id AS lap_id FROM pair)")
B = _shown(
    "b",
    LAP,
    f"""
measured AS (
    SELECT track_id, car_id FROM grafana.lap_traces
    WHERE session_key = split_part('${{a}}', ':', 1)
    UNION ALL
    SELECT track_id, NULL FROM grafana.reference_laps WHERE 'reference:' || reference_key = '${{a}}'
    LIMIT 1
),
driven AS (
    SELECT session_key, start_time FROM grafana.telemetry_sessions
    JOIN measured USING (track_id)
    WHERE measured.car_id IS NULL OR measured.car_id = telemetry_sessions.car_id
    ORDER BY start_time DESC LIMIT 3
),
usual AS (
    SELECT {LAP_ID} AS lap_id FROM driven JOIN grafana.lap_traces AS lap USING (session_key)
    WHERE {LAP_ID} <> '${{a}}' ORDER BY driven.start_time DESC, lap.clean DESC, lap.lap_time_s
    LIMIT 1
)""",
)
NOTHING = "usual AS (SELECT NULL AS lap_id WHERE false)"
C = _shown("c", LAP_C, NOTHING)
D = _shown("d", LAP_D, NOTHING)

LAP_END = Choice(
    "lap_end",
    "lap_end",
    "Where the reference lap ends on its clock, in epoch milliseconds.",
    f"""
SELECT millis AS __text, millis AS __value FROM (
    SELECT {clock_end("max(lap_time_s)")} AS millis FROM (
        SELECT lap_time_s FROM grafana.lap_traces AS lap
        WHERE lap.session_key = split_part('${{a}}', ':', 1) AND {LAP_ID} = '${{a}}'
        UNION ALL
        SELECT lap_time_s FROM grafana.reference_laps WHERE 'reference:' || reference_key = '${{a}}'
        UNION ALL
        SELECT 1
    ) AS known
) AS one
""",
    hidden=True,
)

OTHERS = "ARRAY['${b}', '${c}', '${d}']"
COMPARED = f"grafana.lap_compare('${{a}}', {OTHERS}) AS compared"

CORNERS = Regions(
    "Corners",
    """
SELECT min(at) AS time, max(at) AS timeend, 'T' || corner AS text
FROM grafana.lap_channel('${a}', ARRAY[]::text[], 'delta_s') AS lap
JOIN grafana.corners AS corner
    ON corner.track_id = (SELECT track_id FROM grafana.lap_arrays('${a}'))
    AND (distance_m BETWEEN start_m AND end_m
        OR (end_m < start_m AND distance_m >= start_m))
GROUP BY corner ORDER BY 1
""",
    palette.GREY,
)


def _trace(
    number_: int,
    title: str,
    about: str,
    channel: str,
    unit: Quantity | str | None,
    *,
    expression: str = "value",
    where: str = "",
    height: int = 6,
    decimals: int | None = None,
    drawing: Drawing | None = None,
) -> Panel:
    """One channel of all laps over the reference-lap clock."""
    converted = (
        f"grafana.{unit.function}({expression}, '${{units}}')"
        if isinstance(unit, Quantity)
        else expression
    )
    name = "slot || ' ${units}'" if isinstance(unit, Quantity) else "slot"
    query = Sql(
        f"SELECT at AS time, {name} AS metric, {converted} AS value\n"
        f"FROM grafana.lap_channel('${{a}}', {OTHERS}, '{channel}')\n{where}ORDER BY at, slot",
        series=True,
    )
    return chart(
        number_,
        title,
        f"{about} The axis is the time at which the reference lap (A) was at that place, so the"
        " laps are level on the track; drag to zoom. From grafana.lap_channel().",
        per_slot(unit, decimals=decimals),
        query,
        empty="No trace: choose a lap in the list above.",
        drawing=replace(drawing or Drawing(), level=True),
        height=height,
        width=16,
    )


def strip() -> Panel:
    """The corners by name, above what happens in them."""
    return names(
        11,
        "Corners",
        "The corners of the track on the axis of the charts below, from where each begins to where"
        " it ends. From grafana.lap_channel() and grafana.corners.",
        """
(SELECT time, text AS name FROM corner UNION ALL SELECT timeend, NULL FROM corner) AS edge
""",
        first=f"WITH corner AS ({CORNERS.sql.strip()})",
        empty="No corner yet: choose a lap above.",
        width=16,
        height=3,
        may_be_empty=True,
    )


def delta() -> Panel:
    """Time won and lost."""
    return _trace(
        1,
        "Delta to the reference",
        "What each lap is behind the reference at the same place: rising means losing time.",
        "delta_s",
        SECONDS,
        where="WHERE slot <> 'A'\n",
        decimals=3,
        height=8,
        drawing=Drawing(low=0, high=0),
    )


def speed_trace() -> Panel:
    """Speed."""
    return _trace(2, "Speed", "Speed of each lap.", "speed_mps", SPEED, height=9)


def brake() -> Panel:
    """Brake pedal."""
    return _trace(
        3,
        "Brake",
        "Brake pedal, 0 to 100 %.",
        "brake",
        units.PercentUnit,
        drawing=Drawing(low=0, high=1, legend=False),
    )


def throttle() -> Panel:
    """Throttle pedal."""
    return _trace(
        4,
        "Throttle",
        "Throttle pedal, 0 to 100 %.",
        "throttle",
        units.PercentUnit,
        drawing=Drawing(low=0, high=1, legend=False),
    )


def gear() -> Panel:
    """Gear."""
    return _trace(
        5,
        "Gear",
        "Gear engaged; 0 is neutral, -1 reverse.",
        "gear",
        units.NoUnit,
        height=5,
        decimals=0,
        drawing=Drawing(steps=True, legend=False),
    )


def steering() -> Panel:
    """Steering wheel."""
    return _trace(
        6,
        "Steering",
        "Angle of the steering wheel, positive to the left.",
        "steering_rad",
        units.Degrees,
        expression="degrees(value)",
        decimals=0,
        drawing=Drawing(legend=False, around_zero=True),
    )


def revolutions() -> Panel:
    """Engine speed."""
    return _trace(
        7,
        "Engine",
        "Engine speed.",
        "rpm",
        units.RevolutionsPerMinute,
        decimals=0,
        drawing=Drawing(legend=False),
    )


def line() -> Panel:
    """The map."""
    return track_map(
        8,
        "Where on the track",
        "The line of lap B, green where it gains on the reference and vermillion where it loses;"
        " the mark follows the cursor of the charts. From grafana.lap_compare().",
        seconds("rate", "Loses").with_(
            color={"mode": "thresholds"},
            thresholds={
                "mode": "absolute",
                "steps": [
                    {"value": None, "color": palette.FASTER},
                    {"value": -0.004, "color": palette.GREY},
                    {"value": 0.004, "color": palette.SLOWER},
                ],
            },
        ),
        f"""
(SELECT *, (lead(delta_s, 10) OVER line - lag(delta_s, 10) OVER line)
    / nullif(lead(elapsed_s, 10) OVER line - lag(elapsed_s, 10) OVER line, 0) AS rate
FROM {COMPARED} WHERE slot = 'B' WINDOW line AS (ORDER BY point)) AS driven
ORDER BY at
""",
        empty="No position: choose a lap; files of before 2021 may have none.",
        width=8,
        height=12,
    )


def corners() -> Panel:
    """Losses by corner."""
    return table(
        9,
        "Corners, largest loss first",
        "What lap B loses in each corner, from the fastest point of the reference before it to that"
        " before the next: they add up to the difference of the lap times. Min speed and brakes"
        " later compare B with A. Line is what lies between the line and the first corner."
        " From grafana.lap_corner_losses().",
        (
            text("CASE corner WHEN 0 THEN 'Line' ELSE 'T' || corner END", "Corner").wide(60),
            seconds("loss_s", "Lost").less_is_better().wide(80),
            Field("min_speed_mps - reference_min_speed_mps", "Min speed", SPEED),
            length("brake_point_m - reference_brake_point_m", "Brakes later"),
        ),
        "grafana.lap_corner_losses('${a}', '${b}') ORDER BY loss_s DESC",
        empty="No corners: choose a lap in the list above; the corners of a track are"
        " found when its first clean laps are loaded.",
        width=8,
        height=16,
    )


# Half of the last tick's text would be outside of the panel.
_NO_LAST_TICK = [
    {
        "type": "range",
        "options": {"from": 99.99, "to": 100.01, "result": {"text": "\u00a0", "index": 0}},
    }
]


def overview() -> Panel:
    """The whole lap, whatever the charts below are zoomed to."""
    return by_number(
        12,
        "Delta over the whole lap",
        "What each lap is behind the reference (A) at the same place of the track, from line to"
        " line: rising means losing time. This chart always shows the whole lap. From"
        " grafana.lap_channel().",
        (
            number("100 * distance_m / max(max(distance_m)) OVER ()", "Lap, by distance").with_(
                unit=units.Percent, mappings=_NO_LAST_TICK
            ),
            *(
                Field(f"max(value) FILTER (WHERE slot = '{slot}')", name)
                .with_(unit=SECONDS, decimals=2)
                .coloured(palette.SLOTS[slot])
                for slot, name in (("B", "B"), ("C", "C"), ("D", "D"))
            ),
        ),
        f"""
grafana.lap_channel('${{a}}', {OTHERS}, 'delta_s') WHERE slot <> 'A'
GROUP BY distance_m ORDER BY distance_m
""",
        empty="No trace: choose a lap in the list above.",
        drawing=Drawing(low=0, high=0, level=True, legend=False),
        width=16,
        height=7,
    )


CHOSEN = {
    "track": variable("track"),
    "car": variable("car"),
    "reference": variable("a"),
    "lap": variable("b"),
    "lap_c": variable("c"),
    "lap_d": variable("d"),
}
WHOLE_LAP = links.compare("Whole lap", end=variable("lap_end"), **CHOSEN)


def laps() -> Panel:
    """Which laps they are."""
    return table(
        10,
        "The laps",
        "The laps that are compared; laps of others come from reference files. Click a time to fit"
        " the charts to the whole lap, a letter to leave out C and D. From grafana.lap_traces and"
        " grafana.reference_laps.",
        (
            text("slot", " ")
            .wide(40)
            .linked(
                links.compare(
                    "Compare A and B alone",
                    end=variable("lap_end"),
                    **{**CHOSEN, "lap_c": "", "lap_d": ""},
                )
            ),
            lap_text("lap_time_s", "Whole lap").wide(90).linked(WHOLE_LAP),
            seconds("lap_time_s - max(base_s) OVER ()", "To A").less_is_better().wide(85),
            moment("start_time", "Driven (UTC)"),
            sentence(
                "concat_ws(' · ', 'lap ' || lap_number, simsession_type, car_name, driver_name,"
                " 'not clean: ' || why_not_clean)",
                "Lap",
                least=180,
            ),
        ),
        """
(SELECT chr(64 + number::integer) AS slot, known.*,
    CASE WHEN number = 1 THEN lap_time_s END AS base_s
FROM unnest(ARRAY['${a}', '${b}', '${c}', '${d}'])
    WITH ORDINALITY AS chosen(name, number)
JOIN LATERAL (
    SELECT driver_name, car_name, lap_time_s, start_time, lap_number, simsession_type,
        why_not_clean
    FROM grafana.lap_traces WHERE session_key = split_part(chosen.name, ':', 1)
        AND grafana.lap_id(session_key, stint, lap_number) = chosen.name
    UNION ALL
    SELECT driver_name, car_name, lap_time_s, driven_at, NULL, source, NULL
    FROM grafana.reference_laps WHERE 'reference:' || reference_key = chosen.name
) AS known ON true) AS shown
ORDER BY slot
""",
        empty="No lap: choose one in the list beside this, or load .ibt files.",
        width=12,
        height=6,
    )


# Laps of the newest and of the fastest sessions; from the sessions to their laps: the other way
# round every lap there is would be looked at.
_OFFERED = f"""
WITH here AS (
    SELECT session_key, start_time, best_lap_time_s FROM grafana.telemetry_sessions
    WHERE track_id = ${{track}} AND car_id = ${{car}} AND {of_driver()}
),
session AS (
    (SELECT session_key FROM here ORDER BY start_time DESC LIMIT 8)
    UNION
    (SELECT session_key FROM here ORDER BY best_lap_time_s NULLS LAST LIMIT 8)
),
own AS (
    SELECT {LAP_ID} AS lap_id, lap.lap_time_s, lap.start_time, lap.clean, lap.driver_name,
        concat_ws(' · ', lap.lap_number, lap.simsession_type) AS lap
    FROM session JOIN grafana.lap_traces AS lap USING (session_key)
),
offered AS (
    SELECT * FROM own
    UNION ALL
    SELECT 'reference:' || reference_key, lap_time_s, driven_at, true,
        coalesce(driver_name, file_name), source
    FROM grafana.reference_laps WHERE track_id = ${{track}}
),
fastest AS (
    SELECT lap_id, lap_time_s FROM own ORDER BY clean DESC, lap_time_s LIMIT 2
),
compared AS (
    SELECT lap_id, lap_time_s FROM grafana.lap_arrays('${{a}}') AS base
    JOIN (SELECT '${{a}}' AS lap_id,
        (SELECT (millis::bigint - {links.CLOCK_START}) / 1000.0 FROM (VALUES ('${{lap_end}}'))
            AS one(millis)) AS lap_time_s) AS known ON true
    WHERE base.track_id = ${{track}}
)"""


def choose() -> Panel:
    """The list to choose laps from."""
    beside = {name: variable(name) for name in ("track", "car", "only_driver")}
    added = {
        "reference": field("base_id"),
        **{name: CHOSEN[name] for name in ("lap", "lap_c", "lap_d")},
    }
    as_b, as_a, as_c, as_d = (
        links.compare(title, end=field(end), **beside, **chosen)
        for title, end, chosen in (
            (
                "Compare this lap (B)",
                "base_end",
                {"reference": field("base_id"), "lap": field("lap_id")},
            ),
            (
                "Measure against this lap (A)",
                "lap_end",
                {"reference": field("lap_id"), "lap": field("other_id")},
            ),
            ("Add it as C", "base_end", {**added, "lap_c": field("lap_id")}),
            ("Add it as D", "base_end", {**added, "lap_d": field("lap_id")}),
        )
    )
    return table(
        13,
        "Choose laps",
        "Laps on the track and in the car chosen above, of the eight newest and the eight"
        " fastest sessions, newest day first and of a day the fastest; then laps of others. Click a"
        " time: the charts open on the whole lap. From grafana.lap_traces and"
        " grafana.reference_laps.",
        (
            hidden("lap_id", "lap_id"),
            hidden("base_id", "base_id"),
            hidden("other_id", "other_id"),
            hidden(links.clock_end("base_s"), "base_end"),
            hidden(links.clock_end("lap_time_s"), "lap_end"),
            lap_text("lap_time_s", "Lap time").wide(90).linked(as_b, as_a, as_c, as_d),
            moment("start_time", "Driven (UTC)"),
            text("lap || CASE WHEN clean THEN '' ELSE ' *' END", "Lap"),
            driver(),
        ),
        """
(SELECT offered.*, base.lap_id AS base_id, base.lap_time_s AS base_s,
    CASE WHEN '${b}' <> offered.lap_id AND EXISTS (SELECT FROM compared) THEN '${b}' ELSE '' END
        AS other_id
FROM (
    SELECT * FROM offered
    ORDER BY date_trunc('day', start_time) DESC NULLS LAST, clean DESC, lap_time_s LIMIT 200
) AS offered CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT lap_id, lap_time_s, 0 AS place FROM compared
        UNION ALL
        SELECT lap_id, lap_time_s, 1 FROM fastest
    ) AS known WHERE known.lap_id <> offered.lap_id ORDER BY place, lap_time_s LIMIT 1
) AS base) AS shown
ORDER BY date_trunc('day', start_time) DESC NULLS LAST, clean DESC, lap_time_s
""",
        first=_OFFERED,
        empty="No lap here: choose a track and a car above, or load .ibt files.",
        width=12,
        height=6,
    )


BOARD = Board(
    uid=links.LAP_COMPARE,
    title="Lap compare",
    folder=Folder.TELEMETRY,
    question="Where on the lap is the time, and what was done differently there?",
    variables=(OF_TRACK, IN_CAR, ONLY_DRIVER, REFERENCE, LAP, LAP_C, LAP_D, A, B, C, D, LAP_END),
    links=(WHOLE_LAP,),
    regions=(CORNERS,),
    start=links.BEFORE_CLOCK[0],
    end=links.BEFORE_CLOCK[1],
    lap_clock=True,
    utc=True,
    shared_cursor=True,
    sections=(
        Section(
            None,
            (
                laps(),
                choose(),
                overview(),
                line(),
                strip(),
                delta(),
                speed_trace(),
                brake(),
                corners(),
                throttle(),
                gear(),
                steering(),
                revolutions(),
            ),
        ),
    ),
)

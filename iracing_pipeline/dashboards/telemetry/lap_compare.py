"""Lap compare: two to four laps, point by point of the track, on the reference-lap clock."""

from __future__ import annotations

from dataclasses import replace

from grafana_foundation_sdk.models import units

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Regions, Section
from iracing_pipeline.dashboards.charts import Drawing, chart, names
from iracing_pipeline.dashboards.fields import (
    SECONDS,
    SPEED,
    Field,
    Quantity,
    car,
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
from iracing_pipeline.dashboards.links import field, variable
from iracing_pipeline.dashboards.panels import Panel, table
from iracing_pipeline.dashboards.queries import Sql
from iracing_pipeline.dashboards.telemetry.choices import CAR, TRACK
from iracing_pipeline.dashboards.track_map import track_map
from iracing_pipeline.dashboards.variables import Choice


def _named(sessions: str) -> str:
    """Laps of some sessions, by what the reader sees of them."""
    # From the sessions to their laps: the other way round every lap there is would be looked at.
    return f"""
    SELECT {lap_words("lap.lap_time_s")} || CASE WHEN lap.clean THEN '' ELSE ' (not clean)' END
        || ' · ' || to_char(lap.start_time, 'YYYY-MM-DD') || ' · lap ' || lap.lap_number
        || coalesce(' · ' || lap.simsession_type, '')
        || CASE WHEN (SELECT count(DISTINCT cust_id) FROM grafana.telemetry_sessions
            WHERE track_id = ${{track}} AND car_id = ${{car}}) > 1
            THEN coalesce(' · ' || lap.driver_name, '') ELSE '' END AS __text,
        grafana.lap_id(lap.session_key, lap.stint, lap.lap_number) AS __value,
        lap.clean, lap.lap_time_s, lap.start_time
    FROM ({sessions}) AS session JOIN grafana.lap_traces AS lap USING (session_key)
"""


HERE = """
        SELECT session_key FROM grafana.telemetry_sessions
        WHERE track_id = ${track} AND car_id = ${car}
"""
NEWEST = f"{HERE.rstrip()} ORDER BY start_time DESC LIMIT 30"
FASTEST = f"{HERE.rstrip()} ORDER BY best_lap_time_s NULLS LAST LIMIT 30"

REFERENCE = Choice(
    "reference",
    "A  Reference",
    "The lap that the others are measured against, of the thirty fastest sessions: clean laps,"
    " fastest first; then reference laps of others; then laps that are not clean.",
    f"""
SELECT __text, __value FROM (
    SELECT __text, __value, CASE WHEN clean THEN 0 ELSE 2 END AS place, lap_time_s
    FROM ({_named(FASTEST)}) AS own
    UNION ALL
    SELECT {lap_words("lap_time_s")} || ' · ' || coalesce(driver_name, file_name)
        || coalesce(' · ' || car_name, ''), 'reference:' || reference_key, 1, lap_time_s
    FROM grafana.reference_laps WHERE track_id = ${{track}}
    ORDER BY place, lap_time_s LIMIT 500
) AS known
UNION ALL
SELECT 'no lap yet', 'none' WHERE NOT EXISTS (
    SELECT FROM ({HERE}) AS session JOIN grafana.lap_traces USING (session_key)
) AND NOT EXISTS (SELECT FROM grafana.reference_laps WHERE track_id = ${{track}})
""",
)


def _lap(name: str, letter: str, *, needed: bool) -> Choice:
    """A lap to compare: the newest session first, its fastest clean lap on top."""
    nothing = (
        f"SELECT 'none' AS __text, 'none' AS __value, {2 if needed else 0} AS place,"
        " NULL::timestamptz AS day, false AS clean, 0 AS lap_time_s\nUNION ALL\n"
    )
    return Choice(
        name,
        f"{letter}  Lap",
        "A lap of the latest thirty sessions: newest day first, and of a day the fastest first.",
        f"""
SELECT __text, __value FROM (
    {nothing}
    SELECT __text, __value, 1, date_trunc('day', start_time), clean, lap_time_s
    FROM ({_named(NEWEST)}) AS own WHERE __value <> '${{reference}}'
    ORDER BY place, day DESC, clean DESC, lap_time_s LIMIT 500
) AS known
""",
    )


LAP = _lap("lap", "B", needed=True)
LAP_C = _lap("lap_c", "C", needed=False)
LAP_D = _lap("lap_d", "D", needed=False)

LAP_END = Choice(
    "lap_end",
    "lap_end",
    "Where the reference lap ends on its clock, in epoch milliseconds.",
    f"""
SELECT millis AS __text, millis AS __value FROM (
    SELECT ({links.CLOCK_START} + ceil(coalesce(max(elapsed_s), 120) * 1000))::bigint::text
        AS millis
    FROM grafana.lap_points('${{reference}}')
) AS one
""",
    hidden=True,
)

COMPARED = (
    "grafana.lap_compare('${reference}', ARRAY['${lap}', '${lap_c}', '${lap_d}']) AS compared"
)

CORNERS = Regions(
    "Corners",
    """
SELECT min(at) AS time, max(at) AS timeend, 'T' || corner AS text
FROM grafana.lap_compare('${reference}', ARRAY[]::text[]) AS lap
JOIN grafana.corners AS corner ON corner.track_id = ${track}
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
    expression: str,
    unit: Quantity | str | None,
    *,
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
        f"SELECT at AS time, {name} AS metric, {converted} AS value\nFROM {COMPARED}\n"
        f"{where}ORDER BY at, slot",
        series=True,
    )
    return chart(
        number_,
        title,
        f"{about} The axis is the time at which the reference lap (A) was at that place, so the"
        " laps are level on the track; drag to zoom. From grafana.lap_compare().",
        per_slot(unit, decimals=decimals),
        query,
        empty="No trace: choose a reference (A) and a lap (B) above.",
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
        " it ends. From grafana.lap_compare() and grafana.corners.",
        """
(SELECT time, text AS name FROM corner UNION ALL SELECT timeend, NULL FROM corner) AS edge
""",
        first=f"WITH corner AS ({CORNERS.sql.strip()})",
        empty="No corner yet: choose a reference (A) above.",
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
        "degrees(steering_rad)",
        units.Degrees,
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
        empty="No position: choose a lap (B); files of before 2021 may have none.",
        width=8,
        height=17,
    )


def corners() -> Panel:
    """Losses by corner."""
    return table(
        9,
        "Corners, dearest first",
        "What lap B loses in each corner, from the fastest point of the reference before it to that"
        " before the next: they add up to the difference of the lap times. Brakes later by and"
        " slowest by compare B with A. Line is what lies between the line and the first corner."
        " From grafana.lap_corner_losses().",
        (
            text("CASE corner WHEN 0 THEN 'Line' ELSE 'T' || corner END", "Corner").wide(70),
            seconds("loss_s", "Lost").less_is_better().wide(90),
            Field("min_speed_mps - reference_min_speed_mps", "Slowest point", SPEED),
            length("brake_point_m - reference_brake_point_m", "Brakes later"),
        ),
        "grafana.lap_corner_losses('${reference}', '${lap}') ORDER BY loss_s DESC",
        empty="No corners: choose a reference (A) and a lap (B) above; the corners of a track are"
        " found when its first clean laps are loaded.",
        width=8,
        height=29,
    )


CHOSEN = {name: variable(name) for name in ("track", "car", "reference", "lap", "lap_c", "lap_d")}
FIT = links.to(
    links.LAP_COMPARE,
    "Fit the charts to this lap",
    start=links.CLOCK_START,
    end=field("lap_end_ms"),
    **CHOSEN,
)


def laps() -> Panel:
    """Which laps they are."""
    return table(
        10,
        "The laps",
        "The laps that are compared; laps of others come from reference files. Click a"
        " time to fit the charts to that lap. From grafana.lap_traces and"
        " grafana.reference_laps.",
        (
            hidden(f"({links.CLOCK_START} + ceil(lap_time_s * 1000))::bigint::text", "lap_end_ms"),
            text("slot", " ").wide(40),
            lap_text("lap_time_s", "Whole lap").wide(100).linked(FIT),
            seconds("lap_time_s - max(base_s) OVER ()", "To A").less_is_better().wide(90),
            driver(),
            car(),
            moment("start_time", "Driven (UTC)"),
            number("lap_number", "Lap").wide(60),
            text("simsession_type", "Session"),
            sentence("why_not_clean", "Does not count because", least=170),
        ),
        """
(SELECT chr(64 + number::integer) AS slot, known.*,
    CASE WHEN number = 1 THEN lap_time_s END AS base_s
FROM unnest(ARRAY['${reference}', '${lap}', '${lap_c}', '${lap_d}'])
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
        empty="No lap: choose a reference (A) and a lap (B) above.",
        height=5,
    )


WHOLE_LAP = links.to(
    links.LAP_COMPARE,
    "Whole lap",
    start=links.CLOCK_START,
    end=variable("lap_end"),
    **CHOSEN,
)

BOARD = Board(
    uid=links.LAP_COMPARE,
    title="Lap compare",
    folder=Folder.TELEMETRY,
    question="Where on the lap is the time, and what was done differently there?",
    variables=(TRACK, CAR, REFERENCE, LAP, LAP_C, LAP_D, LAP_END),
    links=(WHOLE_LAP,),
    regions=(CORNERS,),
    start="2000-01-01T00:00:00.000Z",
    end="2000-01-01T00:02:00.000Z",
    utc=True,
    shared_cursor=True,
    sections=(
        Section(
            None,
            (
                laps(),
                strip(),
                line(),
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

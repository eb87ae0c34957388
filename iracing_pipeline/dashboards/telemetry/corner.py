"""Corner: one corner over weeks."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, by_number
from iracing_pipeline.dashboards.fields import (
    Field,
    hidden,
    length,
    number,
    seconds,
    share,
    speed,
    text,
    whole,
)
from iracing_pipeline.dashboards.links import field, variable
from iracing_pipeline.dashboards.panels import Panel, table
from iracing_pipeline.dashboards.telemetry.choices import CAR, TRACK
from iracing_pipeline.dashboards.variables import Choice

CORNER = Choice(
    "corner",
    "Corner",
    "By number from the line.",
    """
SELECT __text, __value FROM (
    SELECT 'T' || corner || ' · ' || direction AS __text, corner::text AS __value, corner
    FROM grafana.corners WHERE track_id = ${track} ORDER BY corner
) AS known
UNION ALL
SELECT 'no corner found yet', '0'
WHERE NOT EXISTS (SELECT FROM grafana.corners WHERE track_id = ${track})
""",
)

NONE_YET = (
    "No clean lap here in this time range: widen it, or drive one. Corners are found when the first"
    " clean laps of a track are loaded."
)
# From the sessions to their laps: the other way round every lap there is would be looked at.
SESSIONS = """
SELECT session_key FROM grafana.telemetry_sessions
    WHERE track_id = ${track} AND car_id = ${car} AND $__timeFilter(start_time)
    ORDER BY start_time DESC LIMIT 100
"""
LAPS = f"""
SELECT lap.* FROM ({SESSIONS.strip()}) AS session
    JOIN grafana.lap_corners AS lap USING (session_key) WHERE lap.corner = ${{corner}} AND lap.clean
"""


def _over_time(number_: int, title: str, about: str, laps: Field, medians: Field) -> Panel:
    return by_number(
        number_,
        title,
        f"{about} Points are clean laps of the latest hundred sessions in the time range, in order;"
        " the line is the median of each session. From grafana.lap_corners.",
        (
            whole("row_number() OVER (ORDER BY start_time)", "Clean lap in order"),
            laps.coloured(palette.SKY).points(5),
            medians.coloured(palette.ORANGE),
        ),
        "driven ORDER BY start_time",
        first=f"""WITH laps AS ({LAPS.strip()}),
middle AS (
    SELECT session_key, min(start_time) AS start_time,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY time_s) AS time_s,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY brake_point_m) AS brake_point_m,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY min_speed_mps) AS min_speed_mps,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY exit_speed_mps) AS exit_speed_mps
    FROM laps GROUP BY session_key
),
driven AS (
    SELECT laps.*, middle.time_s AS middle_time_s, middle.brake_point_m AS middle_brake_point_m,
        middle.min_speed_mps AS middle_min_speed_mps,
        middle.exit_speed_mps AS middle_exit_speed_mps
    FROM laps LEFT JOIN middle USING (session_key, start_time)
)""",
        empty=NONE_YET,
        drawing=Drawing(gaps=False, points=True),
        width=12,
        height=8,
    )


def time_in() -> Panel:
    """Time in the corner."""
    return _over_time(
        1,
        "Time in the corner",
        "From its start to its end.",
        seconds("time_s", "Lap"),
        seconds("middle_time_s", "Median of the session"),
    )


def slowest() -> Panel:
    """Minimum speed."""
    return _over_time(
        2,
        "Slowest point",
        "The lowest speed in the corner.",
        speed("min_speed_mps", "Lap"),
        speed("middle_min_speed_mps", "Median of the session"),
    )


def brake_point() -> Panel:
    """Brake point."""
    return _over_time(
        3,
        "Brake point",
        "Where the brake passes 5 % on the way in, from the line: the higher, the later.",
        length("brake_point_m", "Lap"),
        length("middle_brake_point_m", "Median of the session"),
    )


def exit_speed() -> Panel:
    """Speed at the end."""
    return _over_time(
        4,
        "Exit speed",
        "The speed at the end of the corner: what the straight after it starts with.",
        speed("exit_speed_mps", "Lap"),
        speed("middle_exit_speed_mps", "Median of the session"),
    )


def all_corners() -> Panel:
    """The corners of the track, to choose from."""
    choose = links.to(
        links.CORNER,
        "Show this corner",
        track=variable("track"),
        car=variable("car"),
        corner=field("corner"),
    )
    return table(
        5,
        "All corners here",
        "Each corner over the sessions in the time range: the best time, the median of what is the"
        " median of each session, what that loses to the best, and the median of their spreads."
        " Click one to see it over time. From grafana.corner_consistency.",
        (
            hidden("corner", "corner"),
            text("'T' || corner", "Corner").linked(choose),
            number("sum(lap_count)", "Clean laps"),
            seconds("min(best_s)", "Best"),
            seconds("percentile_cont(0.5) WITHIN GROUP (ORDER BY median_s)", "Typical"),
            seconds(
                "percentile_cont(0.5) WITHIN GROUP (ORDER BY median_s) - min(best_s)",
                "Typical loses",
            ).less_is_better(),
            seconds("percentile_cont(0.5) WITHIN GROUP (ORDER BY spread_s)", "Spread"),
        ),
        "grafana.corner_consistency WHERE track_id = ${track} AND car_id = ${car}"
        " AND $__timeFilter(start_time)\nGROUP BY corner ORDER BY 6 DESC",
        empty=NONE_YET,
        height=10,
    )


def evenness() -> Panel:
    """How evenly it is taken."""
    return table(
        6,
        "Evenness by session",
        "How evenly the corner was taken by the clean laps of each session: robust standard"
        " deviation of the time in it, with its 95 % interval; needs five laps. From"
        " grafana.corner_consistency.",
        (
            text("to_char(start_time, 'YYYY-MM-DD HH24:MI')", "Session (UTC)").wide(160),
            number("lap_count", "Clean laps").wide(90),
            seconds("best_s", "Best"),
            seconds("median_s", "Median"),
            seconds("spread_s", "Spread"),
            seconds("spread_low_s", "from"),
            seconds("spread_high_s", "to"),
            share("spread_s / nullif(median_s, 0)", "of the time", decimals=1),
        ),
        "grafana.corner_consistency WHERE track_id = ${track} AND car_id = ${car}"
        " AND corner = ${corner} AND $__timeFilter(start_time)\nORDER BY start_time DESC LIMIT 100",
        empty=NONE_YET,
        height=8,
    )


BOARD = Board(
    uid=links.CORNER,
    title="Corner",
    folder=Folder.TELEMETRY,
    question="Am I getting better in this corner, and how?",
    variables=(TRACK, CAR, CORNER),
    utc=True,
    shared_cursor=True,
    sections=(
        Section(None, (time_in(), slowest(), brake_point(), exit_speed())),
        Section("All corners", (all_corners(), evenness())),
    ),
)

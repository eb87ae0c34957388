"""Session: one stay in the car, lap by lap."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, by_number
from iracing_pipeline.dashboards.fields import (
    consumption,
    hidden,
    lap_text,
    lap_time,
    moment,
    number,
    seconds,
    sentence,
    share,
    speed,
    temperature,
    text,
    whole,
    words,
)
from iracing_pipeline.dashboards.links import field, variable
from iracing_pipeline.dashboards.panels import Panel, stat, table
from iracing_pipeline.dashboards.variables import SESSION
from iracing_pipeline.warehouse.view import in_words

NO_CLEAN_LAP = "no clean lap"
THIS = "WHERE session_key = '${session}'"
LAPS = f"grafana.telemetry_laps {THIS}"
SUMMARY = f"grafana.session_summaries {THIS}"


KINDS = {
    "timed": "line to line",
    "out": "out of the pits",
    "in": "into the pits",
    "pit": "through the pits",
    "partial": "not whole",
    "start": "start of the race",
    "pace": "parade lap",
    "cooldown": "after the flag",
}
STARTS = {
    "header": "recorded",
    "file_name": "by the file's name",
    "modified": "by the file's date",
}


def best() -> Panel:
    """The fastest clean lap."""
    return stat(
        1,
        "Best lap",
        "The fastest clean lap of the session; without one, the table below says why each lap does"
        " not count. From grafana.session_summaries.",
        lap_text("best_lap_time_s", "Best lap"),
        SUMMARY,
        empty=NO_CLEAN_LAP,
    )


def theoretical() -> Panel:
    """The best sectors put together."""
    return stat(
        2,
        "Sectors together",
        "The sum of the fastest time of each of iRacing's sectors over all clean laps: what was in"
        " the car. From grafana.session_summaries.",
        lap_text("theoretical_best_s", "Best sectors"),
        SUMMARY,
        empty=NO_CLEAN_LAP,
    )


def median() -> Panel:
    """The lap in the middle."""
    return stat(
        3,
        "Median clean lap",
        "Half of the clean laps were faster: the pace, apart from the one good lap. From"
        " grafana.session_summaries.",
        lap_text("median_lap_time_s", "Median"),
        SUMMARY,
        empty=NO_CLEAN_LAP,
    )


def spread() -> Panel:
    """How far clean laps lie apart."""
    return stat(
        4,
        "Spread of laps",
        "Robust standard deviation of the clean laps about the line through their stint: the"
        " smaller, the more alike they are. It takes a handful of clean laps. From"
        " grafana.session_summaries.",
        seconds("spread_s", "Spread"),
        SUMMARY,
        empty="needs more clean laps",
        may_be_empty=True,
    )


def clean_laps() -> Panel:
    """How many laps count."""
    return stat(
        5,
        "Clean laps",
        "Laps with nothing held against them, of those from line to line on track. From"
        " grafana.telemetry_sessions.",
        text("clean_lap_count || ' of ' || timed_lap_count", "Clean"),
        f"grafana.telemetry_sessions {THIS}",
        empty="no session",
    )


def incidents() -> Panel:
    """Incident points."""
    return stat(
        6,
        "Incident points",
        "Incident points that the driver took in this session. From grafana.telemetry_sessions.",
        number("incidents", "Incidents"),
        f"grafana.telemetry_sessions {THIS}",
        empty="not in this file",
        may_be_empty=True,
    )


def lap_chart() -> Panel:
    """Lap times in the order in which they were driven."""
    return by_number(
        7,
        "Lap chart",
        "Time of each lap from line to line, in the order driven; laps that do not count are"
        " orange, and the table says why. Laps slower than 115 % of the median are left out, so"
        " that the others can be told apart. From grafana.telemetry_laps.",
        (
            whole("place", "Lap in order"),
            lap_time("CASE WHEN clean THEN lap_time_s END", "Clean")
            .coloured(palette.SKY)
            .with_(custom__spanNulls=True, custom__showPoints="always", custom__pointSize=8),
            lap_time("CASE WHEN NOT clean THEN lap_time_s END", "Does not count")
            .coloured(palette.ORANGE)
            .points(),
        ),
        "timed WHERE lap_time_s < 1.15 * (SELECT percentile_cont(0.5)"
        " WITHIN GROUP (ORDER BY lap_time_s) FROM timed)\nORDER BY place",
        first="WITH timed AS (SELECT row_number() OVER (ORDER BY start_time) AS place, *"
        f" FROM {LAPS} AND lap_time_s IS NOT NULL)",
        empty="No lap from line to line in this session.",
        drawing=Drawing(points=True),
        width=14,
        height=10,
    )


def sectors() -> Panel:
    """The sectors: best, and what the typical lap loses."""
    return table(
        8,
        "Sectors",
        "Each of iRacing's sectors over the clean laps: the best time and its lap, and what the"
        " best lap of the session and the median lose to it. From grafana.lap_sectors.",
        (
            number("sector", "Sector").wide(70),
            seconds("min(time_s)", "Best").wide(100),
            number("(array_agg(lap_number ORDER BY time_s))[1]", "On lap").wide(80),
            seconds(
                "(array_agg(time_s ORDER BY lap_time_s))[1] - min(time_s)", "Best lap loses"
            ).less_is_better(),
            seconds(
                "percentile_cont(0.5) WITHIN GROUP (ORDER BY time_s) - min(time_s)", "Median loses"
            ).less_is_better(),
        ),
        f"grafana.lap_sectors {THIS} AND clean GROUP BY sector ORDER BY sector",
        empty=NO_CLEAN_LAP,
        width=10,
        height=10,
    )


def laps() -> Panel:
    """Every lap, and why it does not count."""
    compare = links.compare(
        "Compare with the best other lap of the session",
        end=field("clock_end"),
        track=field("track_id"),
        car=field("car_id"),
        reference=field("best_lap_id"),
        lap=field("lap_id"),
    )
    channels = links.to(
        links.CHANNELS,
        "Channels of this lap over time",
        session=variable("session"),
        start=field("lap_start_ms"),
        end=field("lap_end_ms"),
    )
    return table(
        9,
        "Laps",
        "Every lap and part of a lap. Kind says how it began and ended, the last column why it does"
        " not count as clean. Click a lap to compare it with the best other one, or to see its"
        " channels. From grafana.telemetry_laps.",
        (
            hidden("lap.track_id", "track_id"),
            hidden("lap.car_id", "car_id"),
            hidden("traced.lap_id", "lap_id"),
            hidden("other.lap_id", "best_lap_id"),
            hidden(links.clock_end("other.lap_time_s"), "clock_end"),
            hidden(
                "floor(extract(epoch FROM lap.start_time) * 1000)::bigint::text", "lap_start_ms"
            ),
            hidden(
                "ceil((extract(epoch FROM lap.start_time) + lap.end_session_time_s"
                " - lap.start_session_time_s) * 1000)::bigint::text",
                "lap_end_ms",
            ),
            number("lap.lap_number", "Lap").wide(60).linked(compare, channels),
            lap_text("lap.lap_time_s", "Time").wide(100).linked(compare, channels),
            seconds(
                "CASE WHEN lap.kind = 'timed' THEN lap.lap_time_s - best.lap_time_s END", "To best"
            )
            .less_is_better()
            .wide(90),
            text(in_words("lap.kind", KINDS), "Kind").wide(125),
            # Wide, so that rows stay low on a phone, which does not show it.
            sentence("lap.why_not_clean", "Does not count because", least=330),
            number("lap.stint", "Stint").wide(60),
            consumption("lap.fuel_used_l", "Fuel").wide(90),
            speed("lap.max_speed_mps", "Top speed").wide(110),
            temperature("lap.track_temp_c", "Track temp").wide(110),
            number("lap.incidents", "Incidents").wide(90),
        ),
        """
grafana.telemetry_laps AS lap
CROSS JOIN (SELECT min(lap_time_s) AS lap_time_s FROM grafana.telemetry_laps
    WHERE session_key = '${session}' AND clean) AS best
LEFT JOIN traced USING (session_key, stint, lap_number)
LEFT JOIN LATERAL (
    SELECT each.lap_id, each.lap_time_s FROM traced AS each
    WHERE each.clean AND each.lap_id <> traced.lap_id ORDER BY each.lap_time_s LIMIT 1
) AS other ON true
WHERE lap.session_key = '${session}'
ORDER BY lap.start_time
""",
        first="WITH traced AS (SELECT *, grafana.lap_id(session_key, stint, lap_number) AS lap_id"
        f" FROM grafana.lap_traces {THIS})",
        empty="No lap in this session.",
        height=12,
    )


def stints() -> Panel:
    """Stints of the session."""
    return table(
        10,
        "Stints",
        "From leaving the pits, or being put on track, to the next time. Trend is what the lap time"
        " changes a lap by, tyres and fuel together; it needs five laps. From grafana.stints.",
        (
            number("stint", "Stint").wide(60),
            words("began || ' → ' || ended", "From → to"),
            number("clean_lap_count", "Clean laps"),
            lap_text("best_lap_time_s", "Best"),
            lap_text("median_lap_time_s", "Median"),
            seconds("spread_s", "Spread"),
            seconds("pace_trend_s_per_lap", "Trend a lap").less_is_better(),
            consumption("fuel_per_lap_l", "Fuel a lap"),
            number("tyre_set", "Tyre set"),
        ),
        f"grafana.stints {THIS} ORDER BY stint",
        empty="No stint in this session.",
        height=7,
    )


def conditions() -> Panel:
    """Weather, setup, car, track: one line each."""
    return table(
        11,
        "Conditions",
        "Medians over the session, what drives the car, and what it was set up with. From"
        " grafana.telemetry_sessions.",
        (
            temperature("air_temp_c", "Air").wide(80),
            temperature("track_temp_c", "Track").wide(80),
            share("relative_humidity", "Humidity").wide(85),
            speed("wind_speed_mps", "Wind").wide(90),
            text("power_source", "Power").wide(70),
            text("setup_name", "Setup"),
        ),
        f"grafana.telemetry_sessions {THIS}",
        empty="No session: choose one above.",
        height=4,
    )


def origin() -> Panel:
    """Start of the session, and its file."""
    return table(
        12,
        "Recorded",
        "When the session began, how far the local time of the PC was from UTC, and whether the"
        " file recorded the start or it was estimated; the season of iRacing's build. From"
        " grafana.telemetry_sessions.",
        (
            moment("start_time", "Start (UTC)"),
            text(
                "CASE WHEN utc_offset_s < 0 THEN '-' ELSE '+' END"
                " || to_char(make_interval(secs => abs(utc_offset_s)), 'HH24:MI')",
                "Local time",
            ).wide(100),
            text(in_words("start_source", STARTS), "Start is").wide(130),
            text("build_season", "Build").wide(90),
            sentence("file_name", "File"),
        ),
        f"grafana.telemetry_sessions {THIS}",
        empty="No session: choose one above.",
        height=4,
    )


BOARD = Board(
    uid=links.SESSION,
    title="Session",
    folder=Folder.PERFORMANCE,
    question="How did this session go, lap by lap, and what stands in the way of the best lap?",
    variables=(SESSION,),
    utc=True,
    sections=(
        Section(None, (best(), theoretical(), median(), spread(), clean_laps(), incidents())),
        Section("Laps", (lap_chart(), sectors(), laps())),
        Section("Stints and conditions", (stints(), conditions(), origin())),
    ),
)

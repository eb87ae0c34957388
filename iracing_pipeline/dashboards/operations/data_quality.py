"""Data quality: what could not be loaded, and how far figures can be trusted."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, chart
from iracing_pipeline.dashboards.fields import (
    Field,
    ago,
    hidden,
    moment,
    number,
    sentence,
    share,
    text,
    time,
)
from iracing_pipeline.dashboards.links import field
from iracing_pipeline.dashboards.panels import Panel, ranked, stat, table

IN_RANGE = "$__timeFilter(start_time)"
OPEN = links.to(links.SESSION, "Open this session", session=field("session_key"))


def timed() -> Panel:
    """Laps checked."""
    return stat(
        1,
        "Laps with an official time",
        "Laps whose reconstructed time can be compared with iRacing's. From"
        " grafana.telemetry_laps.",
        number("count(residual_s)", "Laps"),
        f"grafana.telemetry_laps WHERE {IN_RANGE}",
        empty="no lap yet",
        width=6,
    )


def largest() -> Panel:
    """The largest residual."""
    return stat(
        2,
        "Largest difference",
        "The largest difference between a reconstructed lap time and iRacing's own, in"
        " milliseconds; above 1 ms the lap is not counted. From grafana.telemetry_laps.",
        number("max(abs(residual_s)) * 1000", "Difference", decimals=4, unit="suffix:ms"),
        f"grafana.telemetry_laps WHERE {IN_RANGE}",
        empty="no official time",
        width=6,
    )


def off() -> Panel:
    """Laps off."""
    return stat(
        3,
        "Laps more than 1 ms off",
        "Laps that fail the closure of lap times; they are kept, but not counted. From"
        " grafana.session_checks.",
        number("coalesce(sum(laps_off_closure), 0)", "Laps"),
        f"grafana.session_checks WHERE {IN_RANGE}",
        empty="no session",
        width=6,
    )


def missed() -> Panel:
    """Records missing."""
    return stat(
        4,
        "Records missed",
        "Records that iRacing dropped while it wrote the files: gaps in its tick. From"
        " grafana.session_checks.",
        number("coalesce(sum(missed_records), 0)", "Records"),
        f"grafana.session_checks WHERE {IN_RANGE}",
        empty="no session",
        width=6,
    )


def quarantine() -> Panel:
    """Items in quarantine."""
    return table(
        5,
        "Quarantine",
        "Items that could not be loaded and are still open: why, and what to do about it. A changed"
        " file is looked at again by itself. From grafana.quarantine.",
        (
            text("source", "Source").wide(110),
            text("coalesce(file_name, item)", "Item"),
            text("reason", "What is wrong"),
            text("advice", "What to do"),
            ago("last_at", "Last refused").wide(130),
            number("occurrences", "Times").wide(80),
        ),
        "grafana.quarantine WHERE resolved_at IS NULL ORDER BY last_at DESC LIMIT 200",
        empty="Nothing: every item that arrived is loaded, or waits.",
        height=8,
        may_be_empty=True,
    )


def issues() -> Panel:
    """Issues of loaded files."""
    return table(
        11,
        "Odd fields in loaded files",
        "Fields of result files that are empty because they could not be read, rows that were left"
        " out, and fields that are new or missing. The rest of the file is loaded. From"
        " grafana.item_issues.",
        (
            sentence("item", "File"),
            text("location || '.' || field", "Field"),
            text("problem", "What is odd"),
            text("detail", "Expected and found"),
            number("rows", "Rows").wide(80),
            ago("noted_at", "Read").wide(130),
        ),
        "grafana.item_issues ORDER BY problem IN ('missing field', 'unknown field'), noted_at DESC"
        " LIMIT 200",
        empty="Nothing: every field of every file was read.",
        height=8,
        may_be_empty=True,
    )


def reasons() -> Panel:
    """Why laps are not counted."""
    return ranked(
        6,
        "Why timed laps do not count",
        "Timed laps in the time range that are not clean, by reason; a lap can have several. From"
        " grafana.lap_reasons.",
        (
            sentence("explanation", "Reason", least=150),
            number("count(*)", "Laps").coloured(palette.ORANGE),
        ),
        f"grafana.lap_reasons WHERE {IN_RANGE} AND kind = 'timed'\n"
        "GROUP BY explanation ORDER BY count(*) DESC",
        empty="No timed lap in this time range, or all of them are clean.",
        width=10,
        height=10,
    )


def residuals() -> Panel:
    """Differences of every session."""
    return chart(
        7,
        "Lap times against iRacing's own",
        "Of each session the largest difference between a reconstructed lap time and the official"
        " one, in milliseconds. iRacing keeps lap times as numbers that resolve 0.008 ms. From"
        " grafana.session_checks.",
        (
            time("start_time"),
            Field("largest_residual_s * 1000", "Largest difference")
            .with_(unit="suffix:ms", decimals=4)
            .coloured(palette.SKY)
            .points(5),
        ),
        f"grafana.session_checks WHERE {IN_RANGE} AND largest_residual_s IS NOT NULL\n"
        "ORDER BY start_time",
        empty="No lap with an official time in this time range.",
        drawing=Drawing(points=True, legend=False, low=0),
        width=14,
        height=10,
    )


def sessions() -> Panel:
    """Every session's checks."""
    return table(
        8,
        "Sessions",
        "How far the figures of each session can be trusted: whether iRacing closed the file, what"
        " the reader recovered, laps off, records missed, the closure of its traces, and whether"
        " the result of the event is known. From grafana.session_checks.",
        (
            hidden("session_key", "session_key"),
            moment("start_time", "Session").linked(OPEN),
            sentence("file_name", "File", least=150),
            text("CASE WHEN closed THEN 'yes' ELSE 'no' END", "Closed").wide(80),
            text("array_to_string(warnings, '; ')", "Recovered"),
            number("laps_off_closure", "Laps off").wide(80),
            number("largest_residual_s * 1000", "Difference", decimals=4, unit="suffix:ms").wide(
                110
            ),
            number("largest_closure_s * 1000", "Trace closure", decimals=1, unit="suffix:ms").wide(
                120
            ),
            number("missed_records", "Missed").wide(80),
            text(
                "CASE WHEN subsession_id IS NULL THEN 'offline' WHEN result_known THEN 'yes'"
                " ELSE 'no' END",
                "Result",
            ).wide(80),
        ),
        f"grafana.session_checks WHERE {IN_RANGE} ORDER BY start_time DESC LIMIT 300",
        empty="No session in this time range.",
        height=11,
    )


def live() -> Panel:
    """Differences between laps seen live and their files."""
    return table(
        12,
        "Seen live against the files",
        "Laps of the own car that iracing-pipeline live saw, compared with the file of the session"
        " when it is loaded. They differ by more than 2 ms, by more than 0.05 L, or in the pits."
        " From grafana.live_sessions.",
        (
            hidden("session_key", "session_key"),
            moment("start_time", "Session").linked(OPEN),
            number("lap_count", "Laps compared"),
            number("different_lap_count", "Laps that differ"),
            number("unseen_lap_count", "Laps not seen live"),
            number("largest_time_difference_s * 1000", "Time", decimals=2, unit="suffix:ms"),
            number("largest_fuel_difference_l", "Fuel", decimals=3, unit="suffix:L"),
        ),
        f"grafana.live_sessions WHERE {IN_RANGE} ORDER BY start_time DESC LIMIT 200",
        empty="No session was watched by iracing-pipeline live and loaded from its file.",
        height=8,
        may_be_empty=True,
    )


def coverage() -> Panel:
    """Races by completeness."""
    return table(
        9,
        "Races with telemetry, by season",
        "Races with a result, and those of them that telemetry is loaded of: telemetry must be"
        " switched on in the car (Alt+L). From grafana.career_races.",
        (
            sentence("season", "Season", least=80),
            number("count(*)", "Races"),
            number("count(session_key)", "With telemetry"),
            share("count(session_key)::double precision / count(*)", "Share"),
        ),
        "grafana.career_races GROUP BY season ORDER BY season DESC NULLS LAST LIMIT 40",
        empty="No race with a result yet.",
        height=8,
    )


def missing() -> Panel:
    """Missing documents of iRacing."""
    return table(
        10,
        "Not received from iRacing",
        "Results, laps, logs and charts that the Data API did not give, and why. Those that are"
        " final were refused for at least a week; iracing-pipeline races retry asks again. From"
        " grafana.missing_documents.",
        (
            text("item", "Of").wide(110),
            sentence("note", "What iRacing answered"),
            text("kind", "Endpoint").wide(180),
            text("meaning", "Meaning").wide(90),
            number("attempts", "Answers").wide(80),
            ago("last_at", "Last asked").wide(130),
            text("CASE WHEN final THEN 'yes' ELSE 'no' END", "Final").wide(70),
            moment("retry_after", "Asked again"),
        ),
        "grafana.missing_documents WHERE meaning <> 'reread' ORDER BY last_at DESC LIMIT 200",
        empty="Nothing: all requested documents arrived.",
        height=8,
        may_be_empty=True,
    )


BOARD = Board(
    uid=links.DATA_QUALITY,
    title="Data quality",
    folder=Folder.OPERATIONS,
    question="What could not be loaded, and how far can the figures be trusted?",
    start="now-1y",
    sections=(
        Section(None, (timed(), largest(), off(), missed(), quarantine(), missing(), issues())),
        Section("Laps", (reasons(), residuals())),
        Section("Sessions and races", (sessions(), live(), coverage())),
    ),
)

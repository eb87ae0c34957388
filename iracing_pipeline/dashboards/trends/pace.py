"""Pace: how fast, per car and track, and whether it gets faster."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, by_number, chart
from iracing_pipeline.dashboards.fields import (
    car,
    hidden,
    lap_text,
    lap_time,
    moment,
    number,
    seconds,
    sentence,
    temperature,
    text,
    time,
    track,
    whole,
)
from iracing_pipeline.dashboards.links import field
from iracing_pipeline.dashboards.panels import Panel, table
from iracing_pipeline.dashboards.strategy.choices import CAR, HERE, TRACK
from iracing_pipeline.dashboards.variables import ONLY_DRIVER, of_driver

IN_RANGE = f"{HERE} AND {of_driver()} AND $__timeFilter(start_time)"


def sessions() -> Panel:
    """Pace of each session."""
    return by_number(
        1,
        "Pace by session",
        "Of each session here, in order, its best and its median clean lap, and the sum of its"
        " best sectors: what was in the car. From grafana.session_summaries.",
        (
            whole("row_number() OVER (ORDER BY start_time)", "Session in order"),
            lap_time("best_lap_time_s", "Best lap").coloured(palette.SKY),
            lap_time("median_lap_time_s", "Median clean lap").coloured(palette.ORANGE),
            lap_time("theoretical_best_s", "Best sectors together")
            .coloured(palette.GREEN)
            .dashed(),
        ),
        f"grafana.session_summaries WHERE {IN_RANGE} AND best_lap_time_s IS NOT NULL\n"
        "ORDER BY start_time",
        empty="No session with a clean lap here in this time range: widen it.",
        drawing=Drawing(points=True, gaps=False),
        width=16,
        height=11,
    )


def conditions() -> Panel:
    """Track conditions."""
    return by_number(
        2,
        "Track temperature",
        "Median track temperature of the same sessions: a warmer track is slower, so compare"
        " sessions of like temperature. From grafana.session_summaries.",
        (
            whole("row_number() OVER (ORDER BY start_time)", "Session in order"),
            temperature("track_temp_c", "Track").coloured(palette.VERMILLION),
            temperature("air_temp_c", "Air").coloured(palette.BLUE),
        ),
        f"grafana.session_summaries WHERE {IN_RANGE} AND best_lap_time_s IS NOT NULL\n"
        "ORDER BY start_time",
        empty="No session with a clean lap here in this time range: widen it.",
        drawing=Drawing(points=True, gaps=False),
        width=8,
        height=11,
    )


def corrected() -> Panel:
    """With the fuel taken out."""
    return chart(
        3,
        "Pace of stints as if on an empty tank",
        "Median clean lap of each stint with the fuel's share taken out, where the session's stints"
        " tell it; other stints are left out. From grafana.stints.",
        (
            time("start_time"),
            lap_time("fuel_corrected_pace_s", "Empty tank").coloured(palette.SKY).points(),
            lap_time("median_lap_time_s", "As driven").coloured(palette.GREY).points(6),
        ),
        f"grafana.stints WHERE {IN_RANGE} AND fuel_corrected_pace_s IS NOT NULL\n"
        "ORDER BY start_time",
        empty="Not known here: it takes a session with two stints on different fuel loads.",
        drawing=Drawing(points=True),
        width=9,
        height=9,
        may_be_empty=True,
    )


def setups() -> Panel:
    """Whether changes of the setup helped."""
    return table(
        4,
        "What setup changes did",
        "Sessions here beside the one before: how many settings differ, and what the median clean"
        " lap did, with its 95 % interval, where the two can be compared; else why not. From"
        " grafana.setup_comparisons.",
        (
            hidden("session_key", "session_key"),
            moment("start_time", "Session (UTC)").linked(
                links.to(links.SESSION, "Open this session", session=field("session_key"))
            ),
            number("changed_count", "Changed").wide(70),
            seconds("effect_s", "Effect").less_is_better().wide(75),
            seconds("effect_low_s", "from").wide(70),
            seconds("effect_high_s", "to").wide(70),
            sentence("refused_for", "Not compared because", least=260),
        ),
        f"grafana.setup_comparisons WHERE {IN_RANGE} AND previous_session_key IS NOT NULL\n"
        "ORDER BY start_time DESC LIMIT 100",
        empty="No two sessions here in this time range.",
        width=15,
        height=9,
    )


def bests() -> Panel:
    """Personal bests everywhere."""
    return table(
        5,
        "Personal bests",
        "The fastest clean lap of a driver with every car on every track, by telemetry, and the"
        " best of all results beside it. Click one to compare it. From grafana.personal_bests.",
        (
            hidden("track_id", "track_id"),
            hidden("car_id", "car_id"),
            hidden("grafana.lap_id(session_key, stint, lap_number)", "lap_id"),
            hidden(links.clock_end("lap_time_s"), "clock_end"),
            lap_text("lap_time_s", "Best lap")
            .wide(110)
            .linked(
                links.compare(
                    "Compare with this lap",
                    end=field("clock_end"),
                    track=field("track_id"),
                    car=field("car_id"),
                    reference=field("lap_id"),
                )
            ),
            track(),
            car(),
            lap_text("result_best_lap_s", "Best in results").wide(120),
            moment("start_time", "Driven (UTC)"),
            text("simsession_type", "Session").wide(120),
        ),
        f"grafana.personal_bests WHERE {of_driver()} ORDER BY start_time DESC LIMIT 500",
        empty="No clean lap yet: drive one.",
        height=12,
    )


BOARD = Board(
    uid=links.PACE,
    title="Pace",
    folder=Folder.TRENDS,
    question="Am I getting faster here, and under which conditions?",
    variables=(ONLY_DRIVER, TRACK, CAR),
    utc=True,
    start="now-2y",
    sections=(
        Section(None, (sessions(), conditions(), corrected(), setups())),
        Section("Everywhere", (bests(),)),
    ),
)

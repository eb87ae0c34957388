"""Stints: how the pace holds, what the tyres cost, what a stop costs."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, by_number
from iracing_pipeline.dashboards.fields import (
    hidden,
    lap_text,
    lap_time,
    moment,
    number,
    seconds,
    share,
    text,
    volume,
    whole,
    words,
)
from iracing_pipeline.dashboards.links import field
from iracing_pipeline.dashboards.panels import Panel, stat, table
from iracing_pipeline.dashboards.strategy.choices import CAR, HERE, NO_SESSION, TRACK
from iracing_pipeline.dashboards.variables import ONLY_DRIVER, of_driver

OF_SETS = "session.car_id = ${car} AND session.track_id = ${track}"
KNOWN = f"grafana.car_tracks WHERE {HERE}"
OPEN = links.to(links.SESSION, "Open its session", session=field("session_key"))


def degradation() -> Panel:
    """Degradation of tyres."""
    return stat(
        1,
        "Tyres cost a lap",
        "What each lap on the tyres adds to the lap time, with the fuel's share taken out; null"
        " where fuel and tyres cannot be told apart. From grafana.car_tracks.",
        seconds("degradation_s_per_lap", "Degradation"),
        KNOWN,
        empty="not known yet",
        width=6,
        may_be_empty=True,
    )


def fuel_effect() -> Panel:
    """Cost of fuel."""
    return stat(
        2,
        "A litre costs",
        "What a litre on board adds to a lap. From grafana.car_tracks.",
        seconds("fuel_effect_s_per_l", "Fuel effect"),
        KNOWN,
        empty="not known yet",
        width=6,
        may_be_empty=True,
    )


def pit_loss() -> Panel:
    """Loss of a stop."""
    return stat(
        3,
        "Through the pits",
        "Time lost by going through the pits without standing: median of the stops of this car, or"
        " of other cars on this track. From grafana.car_tracks.",
        seconds("pit_loss_s", "Pit loss", decimals=1),
        KNOWN,
        empty="no stop here yet",
        width=6,
        may_be_empty=True,
    )


def tyre_change() -> Panel:
    """Time of a tyre change."""
    return stat(
        4,
        "A change of tyres",
        "Time standing of stops with new tyres that refuelling does not explain: median. From"
        " grafana.car_tracks.",
        seconds("tyre_change_s", "Tyre change", decimals=1),
        KNOWN,
        empty="no new tyres here yet",
        width=6,
        may_be_empty=True,
    )


def pace_over_stint() -> Panel:
    """How the pace holds."""
    shown = [
        lap_time(f"max(lap_time_s) FILTER (WHERE place = {place})", name).coloured(colour)
        for place, name, colour in (
            (1, "Latest stint", palette.ORANGE),
            (2, "The one before", palette.SKY),
            (3, "Third", palette.GREEN),
            (4, "Fourth", palette.PURPLE),
        )
    ]
    return by_number(
        5,
        "Pace over a stint",
        "Clean laps of the latest four stints here that have at least three, lap by lap since the"
        " stint began. From grafana.stints and grafana.telemetry_laps.",
        (whole("stint_lap", "Lap of the stint"), *shown),
        "laps GROUP BY stint_lap ORDER BY stint_lap",
        first=f"""WITH latest AS (
    SELECT session_key, stint, row_number() OVER (ORDER BY start_time DESC) AS place
    FROM grafana.stints WHERE {HERE} AND {of_driver()} AND clean_lap_count >= 3
    ORDER BY start_time DESC LIMIT 4
),
laps AS (
    SELECT latest.place, lap.lap_time_s, lap.clean,
        row_number() OVER (PARTITION BY session_key, stint ORDER BY lap.lap_number) AS stint_lap
    FROM latest JOIN grafana.telemetry_laps AS lap USING (session_key, stint)
    WHERE lap.clean
)""",
        empty="No stint with three clean laps here yet.",
        drawing=Drawing(points=True, gaps=False),
        width=12,
        height=11,
    )


def tyre_sets() -> Panel:
    """Sets of tyres when they came off."""
    worst = "LEAST({0}_tread[1], {0}_tread[2], {0}_tread[3])"
    return table(
        6,
        "Tyre sets",
        "Tread that was left of the most worn third of each tyre, and the pressure that the set was"
        " fitted with. iRacing measures tread in the pits alone, so a set that was never in has"
        " none. From grafana.tyre_sets.",
        (
            moment("start_time", "Session (UTC)"),
            number("tyre_set", "Set").wide(45),
            number("sets.lap_count", "Laps").wide(50),
            *(
                share(worst.format(wheel), wheel.upper(), decimals=1)
                for wheel in ("lf", "rf", "lr", "rr")
            ),
        ),
        "grafana.tyre_sets AS sets\n"
        "JOIN grafana.telemetry_sessions AS session USING (session_key)\n"
        f"WHERE {OF_SETS} AND {of_driver('session.')} AND sets.lap_count > 0\n"
        "ORDER BY start_time DESC, tyre_set LIMIT 50",
        empty="No set of tyres with a whole lap here yet.",
        width=12,
        height=11,
    )


def stints() -> Panel:
    """Every stint."""
    return table(
        7,
        "Stints",
        "Every stint here, newest first. Trend is what the lap time changes a lap by, tyres and"
        " fuel together, with its interval; it needs five laps. Stop is the time on pit road at its"
        " end, lost is what that costs against staying out. From grafana.stints.",
        (
            hidden("session_key", "session_key"),
            moment("start_time", "Start (UTC)").linked(OPEN),
            text("simsession_type", "Session").with_(custom__minWidth=115),
            words("ended", "Ended").wide(90),
            number("clean_lap_count", "Clean laps").wide(90),
            lap_text("median_lap_time_s", "Median").wide(100),
            lap_text("fuel_corrected_pace_s", "Empty tank").wide(100),
            seconds("pace_trend_s_per_lap", "Trend a lap").less_is_better().wide(100),
            seconds("pace_trend_low_s_per_lap", "from").wide(75),
            seconds("pace_trend_high_s_per_lap", "to").wide(70),
            volume("fuel_added_l", "Fuel taken").wide(100),
            seconds("pit_stop_s", "Stop", decimals=1).wide(80),
            seconds("pit_loss_s", "Lost", decimals=1).wide(80),
            number("tyre_set", "Set").wide(60),
        ),
        f"grafana.stints WHERE {HERE} AND {of_driver()} ORDER BY start_time DESC LIMIT 200",
        empty=NO_SESSION,
        height=12,
    )


BOARD = Board(
    uid=links.STINTS,
    title="Stints",
    folder=Folder.STRATEGY,
    question="How does the pace hold over a stint, and what does a stop cost?",
    variables=(ONLY_DRIVER, TRACK, CAR),
    utc=True,
    sections=(
        Section(None, (degradation(), fuel_effect(), pit_loss(), tyre_change())),
        Section("Over a stint", (pace_over_stint(), tyre_sets(), stints())),
    ),
)

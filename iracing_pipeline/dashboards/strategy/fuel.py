"""Fuel: what a lap burns, how far a tank goes, how much a race needs."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, by_number, chart
from iracing_pipeline.dashboards.fields import (
    consumption,
    number,
    sentence,
    share,
    text,
    time,
    volume,
    whole,
)
from iracing_pipeline.dashboards.panels import Panel, stat, table
from iracing_pipeline.dashboards.strategy.choices import CAR, HERE, TRACK
from iracing_pipeline.dashboards.variables import ONLY_DRIVER, of_driver

FEW_LAPS = "needs 3 clean laps"
THREE_LAPS = "Needs three clean laps on a dry track with this car here."
KNOWN = f"grafana.car_tracks WHERE {HERE}"


def typical() -> Panel:
    """The median."""
    return stat(
        1,
        "A lap burns",
        "Median of the clean dry laps: half of them burnt less. From grafana.car_tracks.",
        consumption("fuel_median_l", "Median"),
        KNOWN,
        empty=FEW_LAPS,
        width=5,
    )


def to_plan_with() -> Panel:
    """The 65th percentile."""
    return stat(
        2,
        "Plan with",
        "65th percentile of the clean dry laps: a little more than the typical lap, so that a race"
        " does not end short. From grafana.car_tracks.",
        consumption("fuel_p65_l", "65th percentile"),
        KNOWN,
        empty=FEW_LAPS,
        width=5,
    )


def safe() -> Panel:
    """The 90th percentile."""
    return stat(
        3,
        "To be safe",
        "90th percentile of the clean dry laps: where running dry costs the race. From"
        " grafana.car_tracks.",
        consumption("fuel_p90_l", "90th percentile"),
        KNOWN,
        empty=FEW_LAPS,
        width=5,
    )


def tank() -> Panel:
    """How far a tank goes."""
    return stat(
        4,
        "Laps on a tank",
        "Whole laps that a full tank lasts at the 65th percentile, by the tank of the latest"
        " session. From grafana.car_tracks.",
        number("floor(tank_l / fuel_p65_l)", "Laps"),
        KNOWN,
        empty=FEW_LAPS,
        width=5,
    )


def behind() -> Panel:
    """How much it rests on."""
    return stat(
        5,
        "Laps behind it",
        "Clean laps on a dry track, over all sessions with this car here. From grafana.car_tracks.",
        number("fuel_lap_count", "Laps"),
        KNOWN,
        empty="no session here",
        width=4,
    )


def by_lap() -> Panel:
    """Every lap."""
    of = "CASE WHEN condition = '{}' THEN fuel_used_l END"
    return chart(
        6,
        "Fuel of each lap",
        "What each lap burnt, by its condition: only clean laps on a dry track make the figures"
        " above; wet laps and laps behind the pace car are kept apart. From grafana.fuel_laps.",
        (
            time("start_time"),
            consumption(of.format("clean"), "Clean").coloured(palette.SKY).points(6),
            consumption(of.format("wet"), "Wet").coloured(palette.BLUE).points(6),
            consumption(of.format("caution"), "Caution").coloured(palette.YELLOW).points(6),
        ),
        f"grafana.fuel_laps WHERE {HERE} AND {of_driver()} AND condition <> 'other'"
        " AND $__timeFilter(start_time)\n"
        "ORDER BY start_time",
        empty="No such lap in this time range: widen it.",
        drawing=Drawing(points=True),
        width=14,
        height=10,
    )


def by_condition() -> Panel:
    """The same in figures."""
    return table(
        7,
        "By condition",
        "What laps of each condition burn, over all sessions: median, 65th and 90th percentile."
        " From grafana.fuel_laps.",
        (
            sentence("condition", "Condition", least=90),
            number("count(*)", "Laps").wide(70),
            *(
                consumption(f"percentile_cont({part}) WITHIN GROUP (ORDER BY fuel_used_l)", name)
                for part, name in ((0.5, "Median"), (0.65, "Plan with"), (0.9, "Safe"))
            ),
        ),
        f"grafana.fuel_laps WHERE {HERE} AND {of_driver()} AND condition <> 'other'"
        " AND fuel_used_l IS NOT NULL\nGROUP BY condition HAVING count(*) >= 3"
        " ORDER BY count(*) DESC",
        empty=THREE_LAPS,
        width=10,
        height=10,
    )


def power() -> Panel:
    """Kind of drive of the car."""
    return table(
        11,
        "Power",
        "What drives the car: fuel, a battery, or both (hybrid). Battery a lap is the median that"
        " the battery lost, deployed what it gave to the motor. Build is the season of iRacing's"
        " build that the figures are of. From grafana.car_tracks.",
        (
            text("power_source", "Power").wide(90),
            number("energy_median_kwh", "Battery a lap", decimals=3, unit=KWH),
            number("energy_deployed_median_kwh", "Deployed a lap", decimals=3, unit=KWH),
            number("energy_capacity_kwh", "Battery holds", decimals=2, unit=KWH),
            number("energy_lap_count", "Laps with a battery"),
            text("build_season", "Build").wide(90),
        ),
        KNOWN,
        empty="No session with this car here.",
        height=4,
    )


KWH = "suffix:kWh"


def needed() -> Panel:
    """Fuel for so many laps."""
    return by_number(
        8,
        "Fuel for so many laps",
        "What a number of laps takes, by the lap to plan with and the safe one,"
        " against what the tank holds. From grafana.fuel_needed.",
        (
            whole("laps", "Laps"),
            # Broad below narrow: they are often one line.
            volume("fuel_p90_l", "Safe").coloured(palette.VERMILLION).with_(custom__lineWidth=7),
            volume("fuel_p65_l", "Plan with").coloured(palette.YELLOW),
            volume("tank_l", "Tank").coloured(palette.GREY).dashed(),
        ),
        f"grafana.fuel_needed WHERE {HERE} AND laps <= 80\nORDER BY laps",
        empty=THREE_LAPS,
        width=14,
        height=10,
    )


def ladder() -> Panel:
    """Laps gained by saving fuel."""
    return table(
        9,
        "Saving ladder",
        "What a lap may burn to make a full tank last so many laps, and how much less that is than"
        " the median lap; below zero fuel is left over. From grafana.fuel_savings.",
        (
            number("laps", "Laps").wide(80),
            consumption("fuel_per_lap_l", "A lap may burn"),
            share("saving", "To save", decimals=1).more_is_better(),
        ),
        f"grafana.fuel_savings WHERE {HERE} ORDER BY laps",
        empty=THREE_LAPS,
        width=10,
        height=10,
    )


def lengths() -> Panel:
    """Races of common lengths."""
    return table(
        10,
        "Fuel for a race",
        "Laps and fuel of races of common lengths, and of those that you raced here (driven). Most"
        " is one or two laps more, if your laps come out faster than usual: what catches people out"
        " in a race by the clock. From grafana.race_lengths.",
        (
            sentence("race", "Race", least=80),
            text("CASE WHEN driven THEN 'yes' ELSE '' END", "Driven").wide(80),
            number("laps", "Laps").wide(80),
            number("laps_most", "Most laps").wide(90),
            volume("fuel_l", "Fuel"),
            volume("fuel_most_l", "For most laps"),
            volume("fuel_safe_l", "Safe"),
            number("fewest_stops", "Stops").wide(80),
        ),
        f"grafana.race_lengths WHERE {HERE} ORDER BY laps",
        empty=THREE_LAPS,
        height=10,
    )


BOARD = Board(
    uid=links.FUEL,
    title="Fuel",
    folder=Folder.STRATEGY,
    question="How much fuel does a lap, a stint, a race take?",
    variables=(ONLY_DRIVER, TRACK, CAR),
    sections=(
        Section(None, (typical(), to_plan_with(), safe(), tank(), behind())),
        Section("For a race", (needed(), ladder(), lengths())),
        Section("Lap by lap", (by_lap(), by_condition(), power())),
    ),
)

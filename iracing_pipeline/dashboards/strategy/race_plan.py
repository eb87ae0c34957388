"""Race plan: how many stops, when, and what that rests on."""

from __future__ import annotations

from iracing_pipeline.dashboards import links, palette
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.fields import (
    duration,
    lap_words,
    number,
    seconds,
    sentence,
    share,
    text,
    volume,
)
from iracing_pipeline.dashboards.panels import Panel, ranked, stat, table
from iracing_pipeline.dashboards.strategy.choices import CAR, HERE, TRACK
from iracing_pipeline.dashboards.variables import Choice

LENGTH = Choice(
    "race_length",
    "Race",
    "Length of the race: those that you raced here first, then common ones.",
    """
SELECT __text, __value FROM (
    SELECT race || CASE WHEN driven THEN ' · raced' ELSE '' END AS __text, race AS __value
    FROM grafana.race_lengths WHERE car_id = ${car} AND track_id = ${track}
    ORDER BY NOT driven, laps
) AS known
UNION ALL
SELECT CASE WHEN EXISTS (
    SELECT FROM grafana.car_tracks WHERE car_id = ${car} AND track_id = ${track}
    AND power_source = 'electric'
) THEN 'none for an electric car' ELSE 'no race length yet' END, 'none' WHERE NOT EXISTS (
    SELECT FROM grafana.race_lengths WHERE car_id = ${car} AND track_id = ${track}
)
""",
)

THIS = f"{HERE} AND race = '${{race_length}}'"
NO_PLAN = (
    "No plan: plans need three clean dry laps with this car here, and count litres, which an"
    " electric car has none of."
)
BEST = f"grafana.race_plans WHERE {THIS} ORDER BY rank NULLS LAST, stops LIMIT 1"


def stops() -> Panel:
    """How many stops."""
    return stat(
        1,
        "Stops of the best plan",
        "Stops of the plan that is fastest by the assumptions, or of the fewest stops where times"
        " are not known; plans need three clean dry laps with this car here. From"
        " grafana.race_plans.",
        number("stops", "Stops"),
        BEST,
        empty="no plan yet",
        width=6,
    )


def laps() -> Panel:
    """How many laps."""
    return stat(
        2,
        "Laps",
        "Laps of the race at your pace, stops included; in brackets if your laps come out faster"
        " than usual. From grafana.race_plans.",
        text("laps || ' (' || laps_most || ')'", "Laps"),
        BEST,
        empty="no plan yet",
        width=6,
    )


def start_fuel() -> Panel:
    """Fuel at the start."""
    return stat(
        3,
        "Fuel at the start",
        "What the best plan starts with, the reserve included. From grafana.race_plans.",
        volume("fuel_start_l", "Fuel"),
        BEST,
        empty="no plan yet",
        width=6,
    )


def certainty() -> Panel:
    """How sure the ranking is."""
    return stat(
        4,
        "It is the fastest in",
        "Share of the simulated races, with chance in laps, stops and cautions, in which the best"
        " plan won. Not known until a stop was driven here. From grafana.race_plans.",
        share("best_share", "Share"),
        BEST,
        empty="no stop driven",
        width=6,
        may_be_empty=True,
    )


def ranking() -> Panel:
    """The plans."""
    return table(
        5,
        "Plans",
        "Every number of stops, fastest first: race time by the assumptions without chance, behind"
        " the fastest, and the share of simulated races in which it won. From grafana.race_plans.",
        (
            number("stops", "Stops").wide(60),
            sentence("array_to_string(stint_laps, ' + ')", "Stints", least=76),
            volume("fuel_start_l", "Start fuel").wide(90),
            duration("total_s", "Race time").wide(90),
            seconds("behind_s", "Behind", decimals=1).less_is_better().wide(90),
            share("best_share", "Fastest in").wide(90),
            duration("low_s", "5 % at best").wide(90),
            duration("high_s", "5 % at worst").wide(90),
        ),
        f"grafana.race_plans WHERE {THIS} ORDER BY rank NULLS LAST, stops",
        empty=NO_PLAN,
        width=14,
        height=9,
    )


def comparison() -> Panel:
    """The same as a picture."""
    return ranked(
        6,
        "Behind the fastest plan",
        "Race time of each plan behind the fastest. From grafana.race_plans.",
        (
            text("stops || CASE stops WHEN 1 THEN ' stop' ELSE ' stops' END", "Plan"),
            number("behind_s", "Behind, s", decimals=1).coloured(palette.SKY),
        ),
        f"grafana.race_plans WHERE {THIS} AND behind_s IS NOT NULL ORDER BY stops",
        empty="Not known: times of plans with stops need a stop that was driven here.",
        width=10,
        height=9,
        may_be_empty=True,
    )


def windows() -> Panel:
    """When to stop."""
    return table(
        7,
        "Stops and their windows",
        "For each plan its stops: the lap after which it is planned, the first and the last lap"
        " after which the fuel lasts before and after it, what to take on, and the time standing."
        " From grafana.race_plan_stops.",
        (
            text("stops || CASE stops WHEN 1 THEN ' stop' ELSE ' stops' END", "Plan with").wide(
                100
            ),
            number("stop", "Stop").wide(70),
            number("after_lap", "After lap").wide(90),
            number("window_first_lap", "From lap").wide(90),
            number("window_last_lap", "To lap").wide(90),
            volume("fuel_added_l", "Take on"),
            seconds("standing_s", "Standing", decimals=1),
        ),
        f"grafana.race_plan_stops WHERE {THIS} ORDER BY stops, stop",
        empty="No stop: the tank lasts, or there is no plan.",
        width=12,
        height=10,
        may_be_empty=True,
    )


def assumptions() -> Panel:
    """Assumptions of the plans."""
    return table(
        8,
        "What the plans rest on",
        "Each assumption, and how many laps or stops it was measured on. From grafana.race_plans.",
        (
            text("what", "Assumption").wide(210),
            text("value", "Value").wide(130),
            text("behind", "Measured on"),
        ),
        f"""
(SELECT * FROM {BEST}) AS plan
CROSS JOIN LATERAL (VALUES
    ('Lap, fresh tyres, empty tank', {lap_words("base_lap_s")}, clean_lap_count || ' laps'),
    ('Fuel a lap', round(grafana.volume(fuel_per_lap_l, '${{units}}')::numeric, 3)
        || CASE '${{units}}' WHEN 'imperial' THEN ' gal' ELSE ' L' END, fuel_lap_count || ' laps'),
    ('Through the pits', round(pit_loss_s::numeric, 1) || ' s', pit_stop_count || ' stops'),
    ('Change of tyres', round(tyre_change_s::numeric, 1) || ' s', NULL),
    ('Tyres cost a lap', round(degradation_s_per_lap::numeric, 3) || ' s',
        degradation_lap_count || ' laps'),
    ('A litre costs a lap', round(fuel_effect_s_per_l::numeric, 3) || ' s', NULL),
    ('Spread of a lap', round(lap_spread_s::numeric, 3) || ' s', NULL),
    ('Power', power_source, build_season),
    ('Battery a lap', round(energy_deployed_median_kwh::numeric, 3) || ' kWh', NULL),
    ('A caution begins in a lap', round(100 * caution_chance::numeric, 1) || ' %', NULL)
) AS told(what, value, behind)
UNION ALL
SELECT 'Battery to the motor, a lap', round(energy_deployed_median_kwh::numeric, 2) || ' kWh', NULL
FROM (SELECT energy_deployed_median_kwh FROM {BEST}) AS plan
WHERE energy_deployed_median_kwh IS NOT NULL
UNION ALL
SELECT 'Not known', NULL, unnest(unknown) FROM (SELECT unknown FROM {BEST}) AS plan
""",
        empty=NO_PLAN,
        width=12,
        height=10,
    )


BOARD = Board(
    uid=links.RACE_PLAN,
    title="Race plan",
    folder=Folder.STRATEGY,
    question="How many stops, when, and with how much fuel?",
    variables=(TRACK, CAR, LENGTH),
    sections=(
        Section(None, (stops(), laps(), start_fuel(), certainty(), ranking(), comparison())),
        Section("Stops and assumptions", (windows(), assumptions())),
    ),
)

"""The views of strategy and setups: what a car does on a track, plans for races, settings."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import Column
from iracing_pipeline.tables.setups import SETUP_CHANGE, SETUP_COMPARISON
from iracing_pipeline.tables.strategy import (
    CAR_TRACK,
    FUEL_SAVING,
    RACE_LENGTH,
    RACE_PLAN,
    RACE_PLAN_STOP,
)
from iracing_pipeline.tables.telemetry import TELEMETRY_SESSION
from iracing_pipeline.warehouse.session_views import OF_SESSION, SESSION
from iracing_pipeline.warehouse.view import View, ViewColumn, taken

_PLACE = " JOIN racing.car_track AS place USING (car_id, track_id)"
_OF_PLACE = taken(
    "place",
    CAR_TRACK,
    "car_name",
    "track_name",
    "track_config",
    "power_source",
    "energy_deployed_median_kwh",
    "build_season",
)
_MOST_LAPS = 200

CAR_TRACKS = View(
    name="grafana.car_tracks",
    doc=CAR_TRACK.doc,
    source="racing.car_track AS place",
    columns=taken("place", CAR_TRACK),
)

RACE_LENGTHS = View(
    name="grafana.race_lengths",
    doc=RACE_LENGTH.doc,
    source="racing.race_length AS length" + _PLACE,
    columns=(*taken("length", RACE_LENGTH), *_OF_PLACE),
)

RACE_PLANS = View(
    name="grafana.race_plans",
    doc=RACE_PLAN.doc,
    source="racing.race_plan AS plan JOIN racing.race_length AS length"
    " USING (car_id, track_id, race)" + _PLACE,
    columns=(
        *taken("plan", RACE_PLAN),
        *taken("length", RACE_LENGTH, "race_time_s", "laps_most", "driven"),
        *_OF_PLACE,
    ),
)

RACE_PLAN_STOPS = View(
    name="grafana.race_plan_stops",
    doc=RACE_PLAN_STOP.doc,
    source="racing.race_plan_stop AS stop JOIN racing.race_plan AS plan"
    " USING (car_id, track_id, race, stops)" + _PLACE,
    columns=(*taken("stop", RACE_PLAN_STOP), *taken("plan", RACE_PLAN, "rank"), *_OF_PLACE),
)

FUEL_SAVINGS = View(
    name="grafana.fuel_savings",
    doc=FUEL_SAVING.doc,
    source="racing.fuel_saving AS saving" + _PLACE,
    columns=(*taken("saving", FUEL_SAVING), *_OF_PLACE),
)

FUEL_NEEDED = View(
    name="grafana.fuel_needed",
    doc=f"The fuel that so many laps take, from 1 to {_MOST_LAPS}; name car and track in the query."
    " For races by the clock see grafana.race_lengths.",
    source=f"racing.car_track AS place CROSS JOIN generate_series(1, {_MOST_LAPS}) AS laps"
    " WHERE place.fuel_median_l IS NOT NULL",
    columns=(
        *taken("place", CAR_TRACK, "car_id", "track_id"),
        ViewColumn("laps", Column("laps", pl.Int32, "Laps")),
        *(
            ViewColumn(
                f"laps * place.fuel_{name}_l", Column(f"fuel_{name}_l", pl.Float64, doc, "l")
            )
            for name, doc in (
                ("median", "Half of the time enough, as laps go"),
                ("p65", "By the 65th percentile of a lap: what to plan with"),
                ("p90", "By the 90th percentile of a lap: where running dry costs the race"),
            )
        ),
        *taken("place", CAR_TRACK, "tank_l", "fuel_lap_count", "car_name", "track_name"),
        *taken("place", CAR_TRACK, "track_config", "power_source"),
        ViewColumn(
            "laps * place.energy_deployed_median_kwh",
            Column(
                "energy_deployed_kwh",
                pl.Float64,
                "What the battery of a hybrid gives to the motor over these laps",
                "kWh",
            ),
        ),
    ),
)

FUEL_USE = View(
    name="grafana.fuel_use",
    doc="What laps of one condition burn, and take from the battery, with one car on one track,"
    " over all sessions.",
    source="(SELECT session.car_id, session.track_id, session.car_name, session.track_name,"
    " session.track_config, fuel.condition, count(*) AS laps,"
    " percentile_cont(ARRAY[0.5, 0.65, 0.9]) WITHIN GROUP (ORDER BY fuel.fuel_used_l) AS litres,"
    " percentile_cont(0.5) WITHIN GROUP (ORDER BY fuel.energy_used_kwh) AS used,"
    " percentile_cont(0.5) WITHIN GROUP (ORDER BY fuel.energy_deployed_kwh) AS deployed"
    " FROM racing.fuel_lap AS fuel JOIN racing.telemetry_session AS session USING (session_key)"
    " WHERE fuel.condition <> 'other'"
    " AND coalesce(fuel.fuel_used_l, fuel.energy_used_kwh) IS NOT NULL"
    " GROUP BY 1, 2, 3, 4, 5, 6 HAVING count(*) >= 3) AS usage",
    columns=(
        *taken(
            "usage",
            TELEMETRY_SESSION,
            "car_id",
            "track_id",
            "car_name",
            "track_name",
            "track_config",
        ),
        ViewColumn("usage.condition", Column("condition", pl.String, "clean, wet or caution")),
        ViewColumn("usage.laps::integer", Column("lap_count", pl.Int32, "Laps behind it")),
        ViewColumn("usage.litres[1]", Column("fuel_median_l", pl.Float64, "Median", "l")),
        ViewColumn("usage.litres[2]", Column("fuel_p65_l", pl.Float64, "65th percentile", "l")),
        ViewColumn("usage.litres[3]", Column("fuel_p90_l", pl.Float64, "90th percentile", "l")),
        ViewColumn(
            "usage.used",
            Column("energy_median_kwh", pl.Float64, "Median that the battery lost", "kWh"),
        ),
        ViewColumn(
            "usage.deployed",
            Column(
                "energy_deployed_median_kwh",
                pl.Float64,
                "Median from the battery to the MGU-K",
                "kWh",
            ),
        ),
    ),
)

_BEFORE = (
    " LEFT JOIN racing.telemetry_session AS before ON before.session_key = {}.previous_session_key"
)
_OF_BEFORE = (
    ViewColumn(
        "before.start_time",
        Column("previous_start_time", pl.Datetime("us", "UTC"), "When that session began, UTC"),
    ),
    ViewColumn("before.setup_name", Column("previous_setup_name", pl.String, "Its setup's name")),
)

# Every leaf of the tree; a session that is not named in a query is not taken apart.
_LEAVES = (
    " CROSS JOIN LATERAL (WITH RECURSIVE tree(path, node) AS ("
    "SELECT branch.key, branch.value FROM jsonb_each(session.setup) AS branch"
    " UNION ALL SELECT tree.path || '.' || branch.key, branch.value FROM tree"
    " CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(tree.node) WHEN 'object' THEN tree.node END)"
    " AS branch) SELECT path, node #>> '{}' AS text FROM tree"
    " WHERE jsonb_typeof(node) NOT IN ('object', 'null')) AS leaf"
)

SETUP_SETTINGS = View(
    name="grafana.setup_settings",
    doc="One setting of the setup that one session was driven on. Name the session in the query.",
    source="racing.telemetry_session AS session" + _LEAVES,
    columns=(
        *taken("session", TELEMETRY_SESSION, "session_key"),
        ViewColumn(
            "leaf.path", Column("setting", pl.String, "Path of the setting in the CarSetup tree")
        ),
        ViewColumn("leaf.text", Column("value", pl.String, "Its value, with its unit")),
        ViewColumn(
            r"substring(leaf.text FROM '^([+-]?\d+(?:\.\d+)?) ?[^\d,:/]*$')::double precision",
            Column("number", pl.Float64, "The value as a number, in the unit that it is written"),
        ),
        ViewColumn(
            "leaf.path ~ '(UpdateCount|LastHotPressure|LastTempsOMI|LastTempsIMO|TreadRemaining)$'",
            Column("reading", pl.Boolean, "Whether the tyres read it, and nobody chose it"),
        ),
        *OF_SESSION,
    ),
)

SETUP_CHANGES = View(
    name="grafana.setup_changes",
    doc=SETUP_CHANGE.doc,
    source="racing.setup_change AS change" + SESSION + _BEFORE.format("change"),
    columns=(*taken("change", SETUP_CHANGE), *_OF_BEFORE, *OF_SESSION),
)

SETUP_COMPARISONS = View(
    name="grafana.setup_comparisons",
    doc=SETUP_COMPARISON.doc,
    source="racing.setup_comparison AS setup" + SESSION + _BEFORE.format("setup"),
    columns=(
        *taken("setup", SETUP_COMPARISON),
        ViewColumn(
            "nullif(array_to_string(setup.against, '; '), '')",
            Column("refused_for", pl.String, "What speaks against comparing, in one text"),
        ),
        *_OF_BEFORE,
        *taken("session", TELEMETRY_SESSION, "best_lap_time_s", "track_temp_c"),
        *OF_SESSION,
    ),
)

SETUP_LAPS = View(
    name="grafana.setup_laps",
    doc="One clean lap with the identity of the setup it was driven on, whatever it is called.",
    source="racing.telemetry_lap AS lap JOIN racing.setup_comparison AS setup USING (session_key)"
    + SESSION
    + " WHERE lap.clean",
    columns=(
        ViewColumn('lap."session_key"', SETUP_COMPARISON.columns[0]),
        ViewColumn("lap.stint", Column("stint", pl.Int32, "Stint it ended in")),
        ViewColumn("lap.lap_number", Column("lap_number", pl.Int32, "Lap, as iRacing counts it")),
        *taken("setup", SETUP_COMPARISON, "setup_digest"),
        ViewColumn("lap.lap_time_s", Column("lap_time_s", pl.Float64, "Lap time", "s")),
        ViewColumn("lap.fuel_start_l", Column("fuel_start_l", pl.Float64, "Fuel at start", "l")),
        ViewColumn(
            "lap.track_temp_c", Column("track_temp_c", pl.Float64, "Mean track temperature", "°C")
        ),
        ViewColumn("lap.track_wetness", Column("track_wetness", pl.Int32, "Highest TrackWetness")),
        *OF_SESSION,
    ),
)

STRATEGY_VIEWS: tuple[View, ...] = (
    CAR_TRACKS,
    RACE_LENGTHS,
    RACE_PLANS,
    RACE_PLAN_STOPS,
    FUEL_SAVINGS,
    FUEL_NEEDED,
    FUEL_USE,
    SETUP_SETTINGS,
    SETUP_CHANGES,
    SETUP_COMPARISONS,
    SETUP_LAPS,
)

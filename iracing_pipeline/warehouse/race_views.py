"""The views of what races come down to: seconds by cause, iRating by place, traffic, incidents."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import Column
from iracing_pipeline.tables.race import (
    IRATING_OUTCOME,
    PENALTY_LADDER,
    RACE_INCIDENT,
    RACE_LEDGER,
    RACE_PACE,
    RACE_WHAT_IF,
    TRAFFIC_EFFECT,
)
from iracing_pipeline.tables.results import RESULT, SUBSESSION
from iracing_pipeline.tables.telemetry import TELEMETRY_SESSION
from iracing_pipeline.warehouse.function import Function
from iracing_pipeline.warehouse.results_views import OF_SUBSESSION, OWN
from iracing_pipeline.warehouse.view import View, ViewColumn, taken

_ORDER = (
    "array_position(ARRAY['start', 'pace', 'traffic', 'fade', 'stops', 'mistakes', 'cautions',"
    " 'unexplained'], ledger.cause)"
)
_ENTRY = (
    " LEFT JOIN racing.result AS result ON result.subsession_id = {0}.subsession_id"
    " AND result.simsession_number = {0}.simsession_number AND result.group_id = {0}.group_id"
    " AND result.kind <> 'team_driver'"
)
_SUBSESSION = " JOIN racing.subsession AS subsession USING (subsession_id)"

LEDGER = View(
    name="grafana.race_ledger",
    doc=RACE_LEDGER.doc + " Name the subsession in the query.",
    source="racing.race_ledger AS ledger" + _ENTRY.format("ledger"),
    columns=(
        *taken("ledger", RACE_LEDGER),
        ViewColumn(
            f"({_ORDER})::smallint",
            Column("cause_number", pl.Int16, "In which order causes are shown, from 1"),
        ),
        ViewColumn(
            f"sum(ledger.seconds) OVER (PARTITION BY ledger.subsession_id,"
            f" ledger.simsession_number, ledger.group_id ORDER BY {_ORDER}) - ledger.seconds",
            Column("from_s", pl.Float64, "Where the cause begins in a waterfall", "s"),
        ),
        ViewColumn(
            f"sum(ledger.seconds) OVER (PARTITION BY ledger.subsession_id,"
            f" ledger.simsession_number, ledger.group_id ORDER BY {_ORDER})",
            Column("to_s", pl.Float64, "Where it ends: the gap after the last one", "s"),
        ),
        ViewColumn("ledger.evidence ->> 'text'", Column("text", pl.String, "What shows it")),
        *taken("result", RESULT, "cust_id", "display_name", "car_number"),
        *taken("result", RESULT, "finish_position_in_class"),
        ViewColumn(
            f"coalesce(result.cust_id IN {OWN}, false)",
            Column("own", pl.Boolean, "Whether it is a member of whom there is telemetry here"),
        ),
    ),
)

LEDGER_ITEMS = View(
    name="grafana.race_ledger_items",
    doc="One lap, or one stop, that a cause of a car's ledger is made of, against the car's own"
    " clean laps. Name the subsession in the query.",
    source="racing.race_ledger AS ledger CROSS JOIN LATERAL"
    " jsonb_array_elements(ledger.evidence -> 'items') AS item(shown)",
    columns=(
        *taken("ledger", RACE_LEDGER, *RACE_LEDGER.key),
        ViewColumn(
            "(item.shown -> 'laps' ->> 0)::integer",
            Column("first_lap", pl.Int32, "First lap of it"),
        ),
        ViewColumn(
            "ARRAY(SELECT jsonb_array_elements_text(item.shown -> 'laps')::integer)",
            Column("laps", pl.List(pl.Int32), "Its laps"),
        ),
        ViewColumn(
            "(item.shown ->> 'seconds')::double precision",
            Column("seconds", pl.Float64, "What it cost", "s"),
        ),
        ViewColumn(
            "(item.shown ->> 'low_s')::double precision",
            Column("low_s", pl.Float64, "Lower end of its 95 % interval", "s"),
        ),
        ViewColumn(
            "(item.shown ->> 'high_s')::double precision",
            Column("high_s", pl.Float64, "Upper end of its 95 % interval", "s"),
        ),
        ViewColumn("item.shown ->> 'why'", Column("why", pl.String, "The evidence")),
        ViewColumn(
            "(item.shown ->> 'corner')::smallint",
            Column("corner", pl.Int16, "Corner that lost most, where telemetry shows it"),
        ),
    ),
)

OUTCOMES = View(
    name="grafana.irating_outcome",
    doc=IRATING_OUTCOME.doc + " Name the subsession in the query.",
    source="racing.irating_outcome AS outcome" + _ENTRY.format("outcome"),
    columns=(
        *taken("outcome", IRATING_OUTCOME),
        *taken("result", RESULT, "display_name", "car_number"),
        ViewColumn(
            f"coalesce(outcome.cust_id IN {OWN}, false)",
            Column("own", pl.Boolean, "Whether it is a member of whom there is telemetry here"),
        ),
    ),
)

PACES = View(
    name="grafana.race_pace",
    doc=RACE_PACE.doc + " Name the subsession in the query.",
    source="racing.race_pace AS pace" + _ENTRY.format("pace"),
    columns=(
        *taken("pace", RACE_PACE),
        *taken("result", RESULT, "cust_id", "display_name", "car_number"),
        *taken("result", RESULT, "finish_position_in_class"),
    ),
)

TRAFFIC_EFFECTS = View(
    name="grafana.traffic_effect",
    doc=TRAFFIC_EFFECT.doc,
    source="racing.traffic_effect AS effect" + _SUBSESSION,
    columns=(*taken("effect", TRAFFIC_EFFECT), *OF_SUBSESSION),
)

_ERROR = "((effect.effect_high_s_per_lap - effect.effect_low_s_per_lap) / 3.919928)"
_WEIGHT = f"sum(1 / {_ERROR} ^ 2)"
_POOLED = f"(sum(effect.effect_s_per_lap / {_ERROR} ^ 2) / {_WEIGHT})"

TRACK_TRAFFIC = View(
    name="grafana.track_traffic",
    doc="What a lap behind another car adds on a track, by class and gap, over all races there:"
    " the mean weighted by the inverse of the squared error.",
    source="racing.traffic_effect AS effect"
    + _SUBSESSION
    + f" WHERE {_ERROR} > 0 GROUP BY subsession.track_id, effect.car_class_id, effect.gap_low_s,"
    " effect.gap_high_s",
    columns=(
        *taken("subsession", SUBSESSION, "track_id"),
        ViewColumn(
            "max(subsession.track_name)", SUBSESSION.columns[SUBSESSION.names.index("track_name")]
        ),
        ViewColumn(
            "max(subsession.track_config)",
            SUBSESSION.columns[SUBSESSION.names.index("track_config")],
        ),
        *taken("effect", TRAFFIC_EFFECT, "car_class_id", "gap_low_s", "gap_high_s"),
        ViewColumn(
            _POOLED, Column("effect_s_per_lap", pl.Float64, "What a lap takes more", "s/lap")
        ),
        ViewColumn(
            f"{_POOLED} - 1.959964 / sqrt({_WEIGHT})",
            Column("effect_low_s_per_lap", pl.Float64, "Lower end of its 95 % interval", "s/lap"),
        ),
        ViewColumn(
            f"{_POOLED} + 1.959964 / sqrt({_WEIGHT})",
            Column("effect_high_s_per_lap", pl.Float64, "Upper end of its 95 % interval", "s/lap"),
        ),
        ViewColumn("sum(effect.lap_count)", Column("lap_count", pl.Int64, "Laps behind a car")),
        ViewColumn("count(*)", Column("race_count", pl.Int64, "Races")),
    ),
)

INCIDENTS = View(
    name="grafana.race_incident",
    doc=RACE_INCIDENT.doc,
    source="racing.race_incident AS incident"
    " JOIN racing.telemetry_session AS session USING (session_key)",
    columns=(
        *taken("incident", RACE_INCIDENT),
        ViewColumn(
            "incident.position_after - incident.position_before",
            Column("places_lost", pl.Int32, "Places lost on the lap"),
        ),
        *taken("session", TELEMETRY_SESSION, "subsession_id", "simsession_type", "start_time"),
        *taken("session", TELEMETRY_SESSION, "track_name", "track_config", "car_name"),
    ),
)

LADDERS = View(
    name="grafana.penalty_ladder",
    doc=PENALTY_LADDER.doc,
    source="racing.penalty_ladder AS ladder"
    " JOIN racing.telemetry_session AS session USING (session_key)",
    columns=(
        *taken("ladder", PENALTY_LADDER),
        *taken("session", TELEMETRY_SESSION, "subsession_id", "simsession_type", "start_time"),
    ),
)

WHAT_IFS = View(
    name="grafana.race_what_if",
    doc=RACE_WHAT_IF.doc,
    source="racing.race_what_if AS what_if"
    + _ENTRY.format("what_if")
    + _SUBSESSION.replace(
        "USING (subsession_id)", "ON subsession.subsession_id = what_if.subsession_id"
    ),
    columns=(
        *taken("what_if", RACE_WHAT_IF),
        *taken("result", RESULT, "cust_id", "display_name", "finish_position_in_class"),
        *OF_SUBSESSION,
        ViewColumn(
            "(SELECT session.session_key FROM racing.telemetry_session AS session"
            " WHERE session.subsession_id = what_if.subsession_id"
            " AND session.cust_id = result.cust_id AND session.simsession_type = 'Race'"
            " ORDER BY session.start_time DESC LIMIT 1)",
            Column("session_key", pl.String, "The telemetry of the race, if there is any"),
        ),
    ),
)

RACE_VIEWS: tuple[View, ...] = (
    LEDGER,
    LEDGER_ITEMS,
    OUTCOMES,
    PACES,
    TRAFFIC_EFFECTS,
    TRACK_TRAFFIC,
    INCIDENTS,
    LADDERS,
    WHAT_IFS,
)

LEDGER_BETWEEN = Function(
    name="grafana.race_ledger_between",
    doc="Seconds that car loses on other, cause by cause: the difference of their rows of"
    " racing.race_ledger, each up to the last lap that it shares with the winner of the class."
    " Where lap_number and other_lap_number differ, the sum is no gap at one line. No rows for cars"
    " of two classes.",
    arguments="subsession bigint, simsession integer, car bigint, other bigint",
    returns="TABLE (cause text, seconds double precision, low_s double precision,"
    " high_s double precision, supported boolean, lap_number integer,"
    " other_lap_number integer)",
    body="""
WITH pair AS (
    SELECT kind.cause, coalesce(own.seconds, 0) - coalesce(rival.seconds, 0) AS seconds,
        CASE WHEN kind.cause = 'start' THEN 0
            WHEN own.cause IS NOT NULL AND own.own_error_s IS NULL
                OR rival.cause IS NOT NULL AND rival.own_error_s IS NULL THEN NULL
            ELSE 1.959964 * sqrt(coalesce(own.own_error_s, 0) ^ 2
                + coalesce(rival.own_error_s, 0) ^ 2) END AS half_s
    FROM (SELECT DISTINCT ledger.cause FROM grafana.race_ledger AS ledger
        WHERE ledger.subsession_id = subsession AND ledger.simsession_number = simsession
            AND ledger.group_id IN (car, other)) AS kind
    LEFT JOIN grafana.race_ledger AS own ON own.subsession_id = subsession
        AND own.simsession_number = simsession AND own.group_id = car AND own.cause = kind.cause
    LEFT JOIN grafana.race_ledger AS rival ON rival.subsession_id = subsession
        AND rival.simsession_number = simsession AND rival.group_id = other
        AND rival.cause = kind.cause
)
SELECT pair.cause, pair.seconds, pair.seconds - pair.half_s, pair.seconds + pair.half_s,
    coalesce(abs(pair.seconds) > pair.half_s, false), laps.own, laps.rival
FROM pair CROSS JOIN (
    SELECT min(ledger.lap_number) FILTER (WHERE ledger.group_id = car) AS own,
        min(ledger.lap_number) FILTER (WHERE ledger.group_id = other) AS rival,
        count(DISTINCT ledger.against_group_id) AS winners, count(DISTINCT ledger.group_id) AS cars
    FROM grafana.race_ledger AS ledger WHERE ledger.subsession_id = subsession
        AND ledger.simsession_number = simsession AND ledger.group_id IN (car, other)
) AS laps WHERE laps.winners = 1 AND laps.cars = 2
""",
)

RACE_FUNCTIONS: tuple[Function, ...] = (LEDGER_BETWEEN,)

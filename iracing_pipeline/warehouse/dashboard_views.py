"""Views for dashboards only: units of the reader, laps on one clock.

**The reference-lap clock.** Grafana's charts share a cursor, a zoom and regions along time alone.
So the laps that are compared lie on a time axis, where each point of the track has the time at
which the *reference lap* was there, from midnight of 2000-01-01 UTC: laps align by distance, and
the axis reads as the reference's lap time.

A lap is named by one text: ``session_key:stint:lap_number``, or ``reference:`` and the key of a
lap of somebody else.
"""

from __future__ import annotations

from iracing_pipeline.warehouse.function import Function


def _converted(name: str, argument: str, doc: str, metric: str, imperial: str) -> Function:
    return Function(
        name=f"grafana.{name}",
        doc=f"{doc} Units: metric or imperial.",
        arguments=f"{argument} double precision, units text",
        returns="double precision",
        body=f"SELECT CASE units WHEN 'imperial' THEN {imperial} ELSE {metric} END",
        immutable=True,
    )


SPEED = _converted("speed", "mps", "A speed in km/h or mph.", "mps * 3.6", "mps / 0.44704")
TEMPERATURE = _converted(
    "temperature", "celsius", "A temperature in °C or °F.", "celsius", "celsius * 1.8 + 32"
)
VOLUME = _converted("volume", "litres", "Litres or US gallons.", "litres", "litres / 3.785411784")
PRESSURE = _converted("pressure", "kpa", "A pressure in kPa or psi.", "kpa", "kpa / 6.894757293")
LENGTH = _converted("length", "metres", "A length in m or ft.", "metres", "metres / 0.3048")
LAP_TIME = Function(
    name="grafana.lap_time",
    doc="A lap time as m:ss.SSS, in no time zone.",
    arguments="seconds double precision",
    returns="text",
    # Rounded as a whole first: 59.9996 s are 1:00.000.
    body="SELECT div(ms, 60000)::text || ':' || to_char(mod(ms, 60000) / 1000, 'FM00.000')"
    " FROM (SELECT round((seconds * 1000)::numeric) AS ms) AS rounded WHERE seconds >= 0",
    immutable=True,
)
LAP_MS = Function(
    name="grafana.lap_ms",
    doc="A lap time in whole milliseconds, rounded as grafana.lap_time rounds: for Grafana's unit"
    " time:m:ss.SSS, which cuts what lies below.",
    arguments="seconds double precision",
    returns="double precision",
    body="SELECT round((seconds * 1000)::numeric)::double precision",
    immutable=True,
)

LAP_ID = Function(
    name="grafana.lap_id",
    doc="The text that names a lap in the functions of this schema.",
    arguments="session_key text, stint integer, lap_number integer",
    returns="text",
    body="SELECT session_key || ':' || stint || ':' || lap_number",
    immutable=True,
)

LAP_CLOCK = Function(
    name="grafana.lap_clock",
    doc="A time of the reference-lap clock: seconds since the line, from 2000-01-01 00:00 UTC.",
    arguments="elapsed_s double precision",
    returns="timestamptz",
    body="SELECT to_timestamp(946684800 + elapsed_s)",
    immutable=True,
)

_CHANNELS = (
    ("track_id", "integer"),
    ("point", "integer"),
    ("distance_m", "double precision"),
    ("elapsed_s", "double precision"),
    ("speed_mps", "real"),
    ("throttle", "real"),
    ("brake", "real"),
    ("clutch", "real"),
    ("steering_rad", "real"),
    ("gear", "smallint"),
    ("rpm", "real"),
    ("lat_accel_mps2", "real"),
    ("long_accel_mps2", "real"),
    ("latitude_deg", "double precision"),
    ("longitude_deg", "double precision"),
)
_NAMES = ", ".join(name for name, _ in _CHANNELS)

LAP_POINTS = Function(
    name="grafana.lap_points",
    doc="The grid points of one lap, own or of somebody else; none for a lap without trace.",
    arguments="lap text",
    returns=f"TABLE ({', '.join(f'{name} {kind}' for name, kind in _CHANNELS)})",
    body=f"""
SELECT {_NAMES} FROM grafana.lap_trace_points
WHERE session_key = split_part(lap, ':', 1)
    AND stint = substring(lap FROM '^[^:]+:([0-9]+):')::integer
    AND lap_number = substring(lap FROM '^[^:]+:[0-9]+:([0-9]+)$')::integer
UNION ALL
SELECT {_NAMES} FROM grafana.reference_lap_points
WHERE reference_key = substring(lap FROM '^reference:(.*)$')""",
)

LAP_COMPARE = Function(
    name="grafana.lap_compare",
    doc="Laps against a reference lap of the same track, point by point: at is the reference-lap"
    " clock, slot A the reference and B, C, ... the others in the order given, delta_s what the lap"
    " is behind (above 0) or ahead of the reference there. Laps of other tracks are left out.",
    arguments="reference text, laps text[]",
    returns="TABLE (at timestamptz, slot text, delta_s double precision, point integer,"
    " distance_m double precision, elapsed_s double precision, speed_mps real, throttle real,"
    " brake real, clutch real, steering_rad real, gear smallint, rpm real, lat_accel_mps2 real,"
    " long_accel_mps2 real, latitude_deg double precision, longitude_deg double precision)",
    body="""
SELECT grafana.lap_clock(base.elapsed_s), chr(64 + number::integer),
    lap.elapsed_s - base.elapsed_s, lap.point, lap.distance_m, lap.elapsed_s, lap.speed_mps,
    lap.throttle, lap.brake, lap.clutch, lap.steering_rad, lap.gear, lap.rpm, lap.lat_accel_mps2,
    lap.long_accel_mps2, lap.latitude_deg, lap.longitude_deg
FROM grafana.lap_points(reference) AS base
CROSS JOIN LATERAL unnest(reference || laps) WITH ORDINALITY AS chosen(name, number)
JOIN LATERAL (
    SELECT * FROM grafana.lap_points(chosen.name)
) AS lap USING (track_id, point)
""",
)

LAP_CORNER_LOSSES = Function(
    name="grafana.lap_corner_losses",
    doc="What a lap loses (above 0) or gains on a reference lap, corner by corner; the losses of a"
    " lap add up to the difference of the lap times. A corner counts from the fastest point of the"
    " reference before it, so with its braking, to that of the next corner; corner 0 is what lies"
    " between the line and the first. Brake points, in m from the line, are where the first braking"
    " of a corner passed 5 % of the pedal, which may be before the corner counts; speeds are in"
    " m/s.",
    arguments="reference text, lap text",
    returns="TABLE (corner smallint, begins_m double precision, loss_s double precision,"
    " min_speed_mps real, reference_min_speed_mps real, brake_point_m double precision,"
    " reference_brake_point_m double precision)",
    body="""
WITH base AS MATERIALIZED (
    SELECT * FROM grafana.lap_points(reference)
),
pedal AS (
    SELECT base.point, base.distance_m, other.elapsed_s - base.elapsed_s AS delta_s,
        base.speed_mps AS reference_speed_mps, base.brake > 0.05 AS reference_on,
        lag(base.brake > 0.05) OVER along AS reference_was_on,
        other.speed_mps, other.brake > 0.05 AS is_on, lag(other.brake > 0.05) OVER along AS was_on
    FROM base JOIN grafana.lap_points(lap) AS other USING (track_id, point)
    WINDOW along AS (ORDER BY base.point)
),
driven AS MATERIALIZED (
    SELECT *,
        max(distance_m) FILTER (WHERE is_on AND was_on IS NOT TRUE) OVER along AS on_from_m,
        max(distance_m) FILTER (WHERE reference_on AND reference_was_on IS NOT TRUE) OVER along
            AS reference_on_from_m
    FROM pedal
    WINDOW along AS (ORDER BY point)
),
corner AS (
    SELECT map.corner, coalesce(
        (SELECT base.distance_m FROM base
            WHERE base.distance_m BETWEEN map.previous_end_m AND map.start_m
            ORDER BY base.speed_mps DESC NULLS LAST, base.distance_m DESC LIMIT 1),
        map.start_m) AS begins_m
    FROM (
        SELECT corners.corner, corners.start_m,
            lag(corners.end_m, 1, 0) OVER (ORDER BY corners.start_m) AS previous_end_m
        FROM grafana.corners WHERE corners.track_id = (SELECT base.track_id FROM base LIMIT 1)
    ) AS map
),
stretch AS (
    SELECT known.corner, known.begins_m,
        lead(known.begins_m, 1, 'infinity') OVER (ORDER BY known.begins_m) AS ends_m
    FROM (SELECT 0::smallint, 0::double precision UNION ALL TABLE corner)
        AS known(corner, begins_m)
),
told AS (
    SELECT stretch.corner, stretch.begins_m,
        (array_agg(driven.delta_s ORDER BY driven.point DESC))[1] AS behind_s,
        min(driven.speed_mps) AS min_speed_mps,
        min(driven.reference_speed_mps) AS reference_min_speed_mps,
        min(driven.on_from_m) FILTER (WHERE driven.is_on AND driven.distance_m < stretch.ends_m)
            AS brake_point_m,
        min(driven.reference_on_from_m)
            FILTER (WHERE driven.reference_on AND driven.distance_m < stretch.ends_m)
            AS reference_brake_point_m
    FROM stretch JOIN driven ON driven.distance_m > stretch.begins_m
        AND driven.distance_m <= stretch.ends_m
    GROUP BY stretch.corner, stretch.begins_m
)
SELECT told.corner, told.begins_m,
    told.behind_s - lag(told.behind_s, 1, 0) OVER (ORDER BY told.begins_m),
    told.min_speed_mps, told.reference_min_speed_mps, told.brake_point_m,
    told.reference_brake_point_m
FROM told
""",
)

DASHBOARD_FUNCTIONS: tuple[Function, ...] = (
    SPEED,
    TEMPERATURE,
    VOLUME,
    PRESSURE,
    LENGTH,
    LAP_TIME,
    LAP_MS,
    LAP_ID,
    LAP_CLOCK,
    LAP_POINTS,
    LAP_COMPARE,
    LAP_CORNER_LOSSES,
)

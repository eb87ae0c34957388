"""Last-known values of the driver: ratings, best laps, fuel, totals by car and track.

Cardinality: a car and a track driven together make one combination, of which the latest
:data:`MOST` are exposed, 16 series each; the categories of licences are six, 16 series each.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from iracing_pipeline.metrics.families import PREFIX, gauge, histogram, timed
from iracing_pipeline.metrics.history.session import track_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from iracing_pipeline.metrics.families import Timed
    from iracing_pipeline.warehouse.connection import Connection

MOST = 300
"""Combinations of car and track that are exposed."""

CAR_TRACK = ("car", "track")

RESIDUAL_BOUNDS_S = (1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 1e-2, 1e-1)

_LICENCES = {"R": 1, "D": 2, "C": 3, "B": 4, "A": 5, "P": 6}

_COMBINATIONS = """
SELECT coalesce(car_name, car_path) AS car, track_name, track_config,
    count(*) AS sessions, sum(lap_count) AS laps, sum(clean_lap_count) AS clean_laps,
    sum(duration_s) AS driven_s, sum(incidents) AS incidents,
    min(best_lap_time_s) AS best_lap_s,
    (array_agg(start_time ORDER BY best_lap_time_s, start_time)
        FILTER (WHERE best_lap_time_s IS NOT NULL))[1] AS best_at,
    max(coalesce(end_time, start_time)) AS last_at,
    (array_agg(session_key ORDER BY start_time DESC)
        FILTER (WHERE clean_lap_count > 0))[1] AS last_with_laps
FROM racing.telemetry_session
GROUP BY 1, 2, 3 ORDER BY last_at DESC
"""

# The figure that the board Fuel shows: laps in the wet burn less, and are not among them.
_FUEL = """
SELECT session.session_key, fuel.fuel_median_l AS litres, session.start_time AS at
FROM racing.telemetry_session AS session JOIN grafana.fuel_use AS fuel
    ON (fuel.car_id, fuel.track_id) IS NOT DISTINCT FROM (session.car_id, session.track_id)
    AND (fuel.car_name, fuel.track_name, fuel.track_config)
        IS NOT DISTINCT FROM (session.car_name, session.track_name, session.track_config)
WHERE session.session_key = ANY(%s) AND fuel.condition = 'clean'
"""

_DISTANCE = """
SELECT coalesce(s.car_name, s.car_path) AS car, s.track_name, s.track_config,
    sum(l.distance_m) AS metres
FROM racing.telemetry_lap AS l JOIN racing.telemetry_session AS s USING (session_key)
GROUP BY 1, 2, 3
"""

_LAST = """
SELECT coalesce(car_name, car_path) AS car, track_name, track_config, best_lap_time_s, lap_count,
    clean_lap_count, incidents, duration_s, coalesce(end_time, start_time) AS at
FROM racing.telemetry_session ORDER BY start_time DESC, session_key LIMIT 1
"""

# The driver is the one of most telemetry, or else of the rating history: files of others may lie
# in the folders too.
_DRIVER = """
WITH driver AS (
    SELECT cust_id FROM (
        SELECT cust_id, 1 AS rank FROM racing.telemetry_session WHERE cust_id IS NOT NULL
        UNION ALL SELECT cust_id, 2 FROM racing.rating_history
    ) AS seen GROUP BY cust_id, rank ORDER BY rank, count(*) DESC, cust_id LIMIT 1
)
"""
_RATINGS = f"""{_DRIVER}, ratings AS (
    SELECT category_id, irating, safety_rating, licence_class, observed_at AS at
    FROM racing.rating_history JOIN driver USING (cust_id)
)
SELECT category_id,
    (array_agg(irating ORDER BY at DESC) FILTER (WHERE irating IS NOT NULL))[1] AS irating,
    max(at) FILTER (WHERE irating IS NOT NULL) AS irating_at,
    (array_agg(safety_rating ORDER BY at DESC) FILTER (WHERE safety_rating IS NOT NULL))[1]
        AS safety_rating,
    max(at) FILTER (WHERE safety_rating IS NOT NULL) AS safety_rating_at,
    (array_agg(licence_class ORDER BY at DESC) FILTER (WHERE licence_class IS NOT NULL))[1]
        AS licence_class,
    max(at) FILTER (WHERE licence_class IS NOT NULL) AS licence_class_at
FROM ratings GROUP BY category_id ORDER BY category_id
"""
# Races as iRacing counts them: the main event of a race session, hosted ones too.
_RACES = f"""{_DRIVER}
SELECT s.category_id, count(*) AS races,
    count(*) FILTER (WHERE r.finish_position_in_class = 1) AS wins,
    count(*) FILTER (WHERE r.finish_position_in_class <= 5) AS top_fives,
    count(*) FILTER (WHERE r.starting_position_in_class = 1) AS poles,
    sum(r.incidents) AS incidents, max(coalesce(s.end_time, s.start_time)) AS at
FROM racing.result AS r JOIN driver USING (cust_id)
    JOIN racing.subsession AS s USING (subsession_id)
WHERE s.event_type = 5 AND r.simsession_number = 0 AND r.kind <> 'team'
GROUP BY s.category_id ORDER BY s.category_id
"""
_CATEGORIES = {
    1: "oval",
    2: "road",
    3: "dirt_oval",
    4: "dirt_road",
    5: "sports_car",
    6: "formula_car",
}


_QUERIES = {
    "best_lap_": _COMBINATIONS,
    "sessions_": _COMBINATIONS,
    "laps_driven_": _COMBINATIONS,
    "clean_laps_": _COMBINATIONS,
    "driving_": _COMBINATIONS,
    "incident_points_": _COMBINATIONS,
    "fuel_per_lap_": _FUEL,
    "driven_": _DISTANCE,
    "last_session_": _LAST,
    "irating": _RATINGS,
    "safety_rating": _RATINGS,
    "licence_class": _RATINGS,
    "races_": _RACES,
    "wins_": _RACES,
    "top_fives_": _RACES,
    "poles_": _RACES,
    "race_incident_points_": _RACES,
}


def query_of(name: str) -> str | None:
    """The query that a metric's rows come from, by the metric's full name; None for others."""
    bare = name.removeprefix(PREFIX)
    return next((query for start, query in _QUERIES.items() if bare.startswith(start)), None)


def families(connection: Connection) -> list[Metric]:
    """Everything that is last known, in a handful of queries.

    Raises:
        psycopg.Error: If the database fails.
    """
    combinations = _by_label(_rows(connection, _COMBINATIONS))
    shown = combinations[:MOST]
    return [
        *_laps(connection, shown),
        *_distance(connection, shown),
        *_last_session(connection),
        *_ratings(connection),
        *_races(connection),
        _residuals(connection),
        gauge(
            "combinations_left_out",
            "Combinations of car and track that are not exposed, as there are too many.",
            rows=[((), len(combinations) - len(shown))],
        ),
    ]


def _laps(connection: Connection, shown: list[dict[str, Any]]) -> Iterator[Metric]:
    def rows(value: str, at: str = "last_at") -> list[Timed]:
        return [((row["car"], row["track"]), row[value], row[at]) for row in shown]

    def total(name: str, unit: str, text: str, value: str) -> Iterator[Metric]:
        return timed(name, unit, text, CAR_TRACK, rows(value), total=True)

    yield from timed(
        "best_lap", "seconds", "Fastest clean lap.", CAR_TRACK, rows("best_lap_s", "best_at")
    )
    yield from chain(
        total("sessions", "", "Stays in the car.", "sessions"),
        total("laps_driven", "", "Laps and parts of laps driven.", "laps"),
        total("clean_laps", "", "Timed laps with nothing against them.", "clean_laps"),
        total("driving", "seconds", "Time in the car.", "driven_s"),
        total("incident_points", "", "Incident points taken.", "incidents"),
    )
    latest = {row["last_with_laps"]: row for row in shown if row["last_with_laps"]}
    fuel = _rows(connection, _FUEL, [list(latest)])
    yield from timed(
        "fuel_per_lap",
        "liters",
        "Fuel used on a clean lap in the dry: median over all sessions, of three laps and more.",
        CAR_TRACK,
        [
            ((latest[each["session_key"]]["car"], latest[each["session_key"]]["track"]),
             each["litres"], each["at"])
            for each in fuel
        ],
    )  # fmt: skip


def _distance(connection: Connection, shown: list[dict[str, Any]]) -> Iterator[Metric]:
    metres: dict[tuple[str | None, str | None], float] = {}
    for row in _rows(connection, _DISTANCE):
        track = track_label(row["track_name"], row["track_config"])
        total = metres.get((row["car"], track), 0.0)
        metres[row["car"], track] = total + (row["metres"] or 0.0)
    yield from timed(
        "driven",
        "meters",
        "Distance driven.",
        CAR_TRACK,
        [((r["car"], r["track"]), metres.get((r["car"], r["track"])), r["last_at"]) for r in shown],
        total=True,
    )


def _last_session(connection: Connection) -> Iterator[Metric]:
    rows = _rows(connection, _LAST)

    def of(name: str, unit: str, text: str, value: Callable[[dict[str, Any]], Any]) -> None:
        samples = [((r["car"], r["track"]), value(r), r["at"]) for r in rows]
        metrics.extend(timed(f"last_session_{name}", unit, text, CAR_TRACK, samples))

    metrics: list[Metric] = []
    for row in rows:
        row["track"] = track_label(row["track_name"], row["track_config"])
    of("best_lap", "seconds", "Fastest clean lap of the last session.",
       lambda r: r["best_lap_time_s"])  # fmt: skip
    of("laps", "", "Laps of the last session.", lambda r: r["lap_count"])
    of("clean_laps", "", "Clean laps of the last session.", lambda r: r["clean_lap_count"])
    of("incident_points", "", "Incident points of the last session.", lambda r: r["incidents"])
    of("duration", "seconds", "How long the last session was.", lambda r: r["duration_s"])
    yield from metrics


def _ratings(connection: Connection) -> Iterator[Metric]:
    rows = _rows(connection, _RATINGS)
    for row in rows:
        row["licence_class"] = _LICENCES.get(row["licence_class"] or "")
    for name, text in (
        ("irating", "iRating."),
        ("safety_rating", "Safety Rating within the licence class."),
        ("licence_class", "Licence class: 1 is R, 2 D, 3 C, 4 B, 5 A, 6 P."),
    ):
        samples = [((_category(r),), r[name], r[f"{name}_at"]) for r in rows]
        yield from timed(name, "", text, ("category",), samples)


def _races(connection: Connection) -> Iterator[Metric]:
    rows = _rows(connection, _RACES)
    for name, value, text in (
        ("races", "races", "Races driven."),
        ("wins", "wins", "Races won, in class."),
        ("top_fives", "top_fives", "Races finished in the first five, in class."),
        ("poles", "poles", "Races begun from the first place, in class."),
        ("race_incident_points", "incidents", "Incident points taken in races."),
    ):
        samples = [((_category(r),), r[value], r["at"]) for r in rows]
        yield from timed(name, "", text, ("category",), samples, total=True)


def _category(row: dict[str, Any]) -> str:
    category = row["category_id"]
    return "" if category is None else _CATEGORIES.get(category, str(category))


def _residuals(connection: Connection) -> Metric:
    counts = ", ".join(
        f"count(*) FILTER (WHERE abs(residual_s) <= {bound!r})" for bound in RESIDUAL_BOUNDS_S
    )
    row = connection.execute(
        f"SELECT {counts}, count(residual_s), coalesce(sum(abs(residual_s)), 0)"
        " FROM racing.telemetry_lap".encode()
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has a row
    return histogram(
        "lap_closure_residual_seconds",
        "Difference of reconstructed and official lap times, without its sign.",
        (),
        RESIDUAL_BOUNDS_S,
        [((), row[:-1], row[-1])],
    )


def _by_label(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with their track as one text; of two that then look the same, the later."""
    by_label: dict[tuple[str | None, str | None], dict[str, Any]] = {}
    for row in rows:
        row["track"] = track_label(row["track_name"], row["track_config"])
        by_label.setdefault((row["car"], row["track"]), row)
    return list(by_label.values())


def _rows(
    connection: Connection, query: str, parameters: list[object] | None = None
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()

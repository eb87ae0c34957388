"""Figures over all sessions: each car on each track, plans, setups, trends.

Each is recomputed from what is in the warehouse: the same rows in, the same rows out. With
3,000 sessions that takes a few seconds.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, LiteralString

import polars as pl

from iracing_pipeline.analysis import car_track, race_plans, rating_outlook, setup
from iracing_pipeline.analysis.car_track import Driven
from iracing_pipeline.analysis.session_summary import WHOLE_LAP, consistency_trends
from iracing_pipeline.ingest.isolation import put_aside, without_bad
from iracing_pipeline.tables.consistency import CONSISTENCY_TREND
from iracing_pipeline.tables.ratings import RATING_FORECAST, RATING_HISTORY, RATING_TARGET
from iracing_pipeline.tables.setups import SETUP_CHANGE, SETUP_COMPARISON
from iracing_pipeline.tables.stints import STINT
from iracing_pipeline.tables.strategy import (
    CAR_TRACK,
    FUEL_SAVING,
    RACE_LENGTH,
    RACE_PLAN,
    RACE_PLAN_STOP,
)
from iracing_pipeline.tables.telemetry import TELEMETRY_SESSION
from iracing_pipeline.warehouse import audit
from iracing_pipeline.warehouse.load import replace_whole
from iracing_pipeline.warehouse.read import read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection
    from iracing_pipeline.warehouse.load import Loaded

    Item = tuple[object, ...]

logger = logging.getLogger(__name__)

Rows = dict["Table", pl.DataFrame]

_PLACE = ["car_id", "track_id"]
_SESSION = ["session_key"]
_RATED = ["cust_id", "category_id"]

_LAPS: LiteralString = """
SELECT lap.session_key, lap.stint, lap.lap_number, lap.clean, lap.lap_time_s, lap.fuel_start_l,
    lap.fuel_used_l, lap.distance_m, lap.track_wetness, fuel.condition, tyres.set_lap,
    lap.energy_used_kwh, lap.energy_deployed_kwh
FROM racing.telemetry_lap AS lap
LEFT JOIN racing.fuel_lap AS fuel USING (session_key, stint, lap_number)
LEFT JOIN racing.tyre_lap AS tyres USING (session_key, stint, lap_number)
WHERE lap.clean ORDER BY lap.session_key, lap.stint, lap.lap_number
"""
_LAP_SCHEMA = pl.Schema(
    {
        "session_key": pl.String,
        "stint": pl.Int32,
        "lap_number": pl.Int32,
        "clean": pl.Boolean,
        "lap_time_s": pl.Float64,
        "fuel_start_l": pl.Float64,
        "fuel_used_l": pl.Float64,
        "distance_m": pl.Float64,
        "track_wetness": pl.Int32,
        "condition": pl.String,
        "set_lap": pl.Int32,
        "energy_used_kwh": pl.Float64,
        "energy_deployed_kwh": pl.Float64,
    }
)
_CAUTIONS: LiteralString = """
SELECT track_id, count(*), sum(laps_complete), sum(caution_count) FROM racing.subsession
WHERE event_type = 5 AND caution_count >= 0 AND laps_complete > 0 AND track_id IS NOT NULL
GROUP BY track_id ORDER BY track_id
"""
_CAUTION_SCHEMA = pl.Schema(
    {"track_id": pl.Int32, "races": pl.Int64, "laps": pl.Int64, "cautions": pl.Int64}
)
_RACED: LiteralString = """
SELECT DISTINCT place.car_id, place.track_id, race.laps_complete
FROM racing.car_track AS place CROSS JOIN LATERAL (
    SELECT subsession.laps_complete
    FROM racing.result AS result JOIN racing.subsession AS subsession USING (subsession_id)
    WHERE result.cust_id = place.cust_id AND result.car_id = place.car_id
      AND subsession.track_id = place.track_id AND subsession.event_type = 5
      AND result.simsession_number = 0 AND subsession.laps_complete > 0
    ORDER BY subsession.start_time DESC, subsession.subsession_id LIMIT 5
) AS race ORDER BY 1, 2, 3
"""
_SPREADS: LiteralString = """
SELECT session_key, %s::smallint, spread_s FROM racing.session_summary
UNION ALL SELECT corner.session_key, corner.corner, corner.spread_s
FROM racing.corner_consistency AS corner
JOIN (SELECT track_id, max(version) AS version FROM racing.corner_map GROUP BY track_id) AS newest
    ON newest.track_id = corner.track_id AND newest.version = corner.map_version
"""
_SPREAD_SCHEMA = pl.Schema(
    {"session_key": pl.String(), "corner": pl.Int16(), "spread_s": pl.Float64()}
)
_SETUPS: LiteralString = """
SELECT session_key, setup::text FROM racing.telemetry_session WHERE setup IS NOT NULL
"""
_RACES: LiteralString = """
SELECT rating.cust_id, rating.category_id, rating.observed_at,
    subsession.corners_per_lap * result.laps_complete, result.incidents,
    rating.safety_rating_change
FROM racing.rating_history AS rating JOIN racing.subsession AS subsession USING (subsession_id)
    JOIN racing.result AS result ON result.subsession_id = rating.subsession_id
    AND result.cust_id = rating.cust_id AND result.simsession_number = 0
WHERE rating.source = 'result' AND subsession.event_type = 5
ORDER BY rating.observed_at, rating.subsession_id
"""
_FIELDS: LiteralString = """
SELECT rating.cust_id, rating.category_id, rating.observed_at, own.finish_position_in_class,
    array_agg(other.irating_before ORDER BY other.group_id)
FROM racing.rating_history AS rating
JOIN racing.subsession AS subsession USING (subsession_id)
JOIN racing.result AS own ON own.subsession_id = rating.subsession_id
    AND own.simsession_number = 0 AND own.cust_id = rating.cust_id AND own.kind = 'driver'
JOIN racing.result AS other ON other.subsession_id = own.subsession_id
    AND other.simsession_number = 0 AND other.car_class_id = own.car_class_id
    AND other.kind = 'driver' AND other.participant_id <> own.participant_id
WHERE rating.source = 'result' AND subsession.event_type = 5 AND subsession.official
    AND subsession.league_id IS NULL AND own.laps_complete > 0
    AND own.finish_position_in_class IS NOT NULL
GROUP BY rating.cust_id, rating.category_id, rating.observed_at, rating.subsession_id,
    own.finish_position_in_class
HAVING bool_and(other.irating_before IS NOT NULL)
ORDER BY rating.observed_at, rating.subsession_id
"""
_FIELD_SCHEMA = pl.Schema(
    {
        "cust_id": pl.Int64(),
        "category_id": pl.Int32(),
        "end_time": pl.Datetime("us", "UTC"),
        "place": pl.Int32(),
        "others": pl.List(pl.Int32()),
    }
)
_RACE_SCHEMA = pl.Schema(
    {
        "cust_id": pl.Int64(),
        "category_id": pl.Int32(),
        "end_time": pl.Datetime("us", "UTC"),
        "corners": pl.Int64(),
        "incidents": pl.Int32(),
        "change": pl.Float64(),
    }
)


def rebuild_car_tracks(connection: Connection, *, run_id: str | None = None) -> Rows:
    """Make ``racing.car_track`` hold what all sessions show, in the caller's transaction."""
    driven = Driven(
        sessions=_sessions(connection),
        laps=_frame(connection, _LAPS, _LAP_SCHEMA),
        stints=read_table(connection, STINT, where={}),
        cautions=_frame(connection, _CAUTIONS, _CAUTION_SCHEMA),
    )

    def make(items: Sequence[Item]) -> Rows:
        # All sessions stay: stops of other cars tell the pit loss of a track.
        chosen = _of_items(driven.sessions, _PLACE, items)
        return {CAR_TRACK: car_track.car_tracks(driven, only=chosen)}

    return _rebuild(connection, "car_tracks", driven.sessions.select(_PLACE), make, run_id)


def rebuild_race_plans(connection: Connection, *, run_id: str | None = None) -> Rows:
    """Plan every length of race for every car and track of ``racing.car_track``."""
    raced: dict[tuple[int, int], list[int]] = {}
    for car_id, track_id, laps in connection.execute(_RACED).fetchall():
        raced.setdefault((car_id, track_id), []).append(laps)
    places = read_table(connection, CAR_TRACK, where={})

    def make(items: Sequence[Item]) -> Rows:
        planned = race_plans.race_plans(_of_items(places, _PLACE, items), raced)
        return {
            RACE_LENGTH: planned.lengths,
            RACE_PLAN: planned.plans,
            RACE_PLAN_STOP: planned.stops,
            FUEL_SAVING: planned.savings,
        }

    return _rebuild(connection, "race_plans", places.select(_PLACE), make, run_id)


def rebuild_consistency_trends(connection: Connection, *, run_id: str | None = None) -> Rows:
    """Make ``racing.consistency_trend`` hold how the evenness of laps and corners develops."""
    sessions = _sessions(connection)
    combination = [*_PLACE, "cust_id"]
    own = sessions.join(car_track.drivers(sessions), on=combination, how="semi", nulls_equal=True)
    spreads = _frame(connection, _SPREADS, _SPREAD_SCHEMA, [WHOLE_LAP])
    of_sessions = spreads.join(
        own.select("session_key", *combination, "start_time"), on="session_key"
    ).sort("start_time", "session_key", "corner")

    def make(items: Sequence[Item]) -> Rows:
        return {CONSISTENCY_TREND: consistency_trends(_of_items(of_sessions, _PLACE, items))}

    return _rebuild(connection, "consistency_trends", of_sessions.select(_PLACE), make, run_id)


def rebuild_setup_comparisons(connection: Connection, *, run_id: str | None = None) -> Rows:
    """Compare the setup and the pace of every session with the one before it."""
    laps = _frame(connection, _LAPS, _LAP_SCHEMA)
    by_session = laps.partition_by("session_key", as_dict=True)
    setups: dict[str, str] = dict(connection.execute(_SETUPS).fetchall())
    sessions = (
        _sessions(connection)
        .filter(pl.col("session_key").is_in(list(setups)))
        .sort("start_time", "session_key")
    )

    def make(items: Sequence[Item]) -> Rows:
        stays = (
            setup.Stay(
                row,
                json.loads(setups[row["session_key"]]),
                by_session.get((row["session_key"],), laps.clear()),
            )
            for row in _of_items(sessions, _SESSION, items).rows(named=True)
        )
        compared, changes = setup.comparisons(stays)
        return {SETUP_COMPARISON: compared, SETUP_CHANGE: changes}

    return _rebuild(connection, "setup_comparisons", sessions.select(_SESSION), make, run_id)


def rebuild_rating_outlook(connection: Connection, *, run_id: str | None = None) -> Rows:
    """Forecast every rating of ``racing.rating_history``, and what the next licence takes."""
    history = read_table(connection, RATING_HISTORY, where={})
    races = _frame(connection, _RACES, _RACE_SCHEMA)

    fields = _frame(connection, _FIELDS, _FIELD_SCHEMA)

    def make(items: Sequence[Item]) -> Rows:
        own = _of_items(history, _RATED, items)
        return {
            RATING_FORECAST: rating_outlook.forecasts(own, fields),
            RATING_TARGET: rating_outlook.targets(own, races),
        }

    return _rebuild(connection, "rating_forecasts", history.select(_RATED), make, run_id)


def _rebuild(
    connection: Connection,
    name: str,
    identities: pl.DataFrame,
    make: Callable[[Sequence[Item]], Rows],
    run_id: str | None,
) -> Rows:
    """Rebuild whole tables; an item that fails is put into quarantine, and the others are made.

    Args:
        connection: Connection with the caller's transaction.
        name: Name of the figures.
        identities: The columns that identify an item, of all items.
        make: Makes the rows of some items, in tables of which later ones refer to earlier ones.
        run_id: The run that does it; None outside a run.
    """
    items = identities.drop_nulls().unique(maintain_order=True).rows()

    def stored(chosen: Sequence[Item]) -> tuple[Rows, list[Loaded]]:
        rows = _within_bounds(make(chosen))
        return rows, [replace_whole(connection, *each) for each in rows.items()]

    (rows, loads), refused = without_bad(connection, items, stored)
    audit.record(connection, loads, run_id=run_id)
    put_aside(
        connection, name, {_words(identities.columns, item): why for item, why in refused.items()}
    )
    return rows


def _within_bounds(rows: Rows) -> Rows:
    """Rows within the bounds of their columns, without those whose parent row was left out."""
    kept: Rows = {}
    for table, frame in rows.items():
        kept[table], left_out = table.bounded(frame)
        for each in left_out:
            logger.warning("%s", each)
        for parent in kept:
            if set(parent.key) < set(table.key):
                kept[table] = kept[table].join(kept[parent], on=parent.key, how="semi")
    return kept


def _of_items(frame: pl.DataFrame, columns: list[str], items: Sequence[Item]) -> pl.DataFrame:
    """The rows of some items, in the order of the frame."""
    schema = {name: frame.schema[name] for name in columns}
    chosen = pl.DataFrame(list(items), schema=schema, orient="row")
    return frame.join(chosen, on=columns, how="semi", maintain_order="left")


def _words(columns: list[str], item: Item) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(columns, item, strict=True))


def _sessions(connection: Connection) -> pl.DataFrame:
    return read_table(connection, TELEMETRY_SESSION, where={})


def _frame(
    connection: Connection,
    query: LiteralString,
    schema: pl.Schema,
    values: list[object] | None = None,
) -> pl.DataFrame:
    rows = connection.execute(query, values, binary=True).fetchall()
    return pl.DataFrame(rows, schema=schema, orient="row")
